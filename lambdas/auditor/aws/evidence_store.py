"""The evidence bucket: every audit's files, kept under the account and the time, and the last of some of them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.aws.evidence_files import encode
from auditor.aws.sources import SOURCES
from auditor.core.evidence import Evidence
from auditor.core.model import Owner

KEEP_ACTIONS = ("s3:PutObject",)
"""On the objects below both prefixes."""

RECALL_ACTIONS = ("s3:GetObject",)
"""On the objects below `LATEST`."""

LIST_ACTIONS = ("s3:ListBucket",)
"""On the bucket: without it, S3 does not tell an object that is not there from one that may not be read."""

ACTIONS = (*KEEP_ACTIONS, *RECALL_ACTIONS, *LIST_ACTIONS)
PREFIX = "evidence"
LATEST = "latest"
REMEMBERED = {source.filename: source.name for source in SOURCES if source.remembers}
"""The sources whose last answer the next run needs, by their files."""


@dataclass(frozen=True, kw_only=True)
class EvidenceStore:
    """A bucket to keep evidence in. `s3` is a boto3 client."""

    s3: Any
    bucket: str

    def keep(self, evidence: Evidence) -> str:
        """Put every file; the prefix they lie under, which ``aws s3 sync`` turns back into an evidence folder."""
        prefix = f"{PREFIX}/{_place(evidence.owner)}/{evidence.gathered_at:%Y-%m-%dT%H-%M-%SZ}"
        for name, body in encode(evidence).items():
            self._put(f"{prefix}/{name}", body)
            if name in REMEMBERED:
                self._put(f"{LATEST}/{_place(evidence.owner)}/{name}", body)
        return prefix

    def _put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def recall(self, owner: Owner) -> Mapping[str, Any]:
        """The last raw answers of the sources that remember theirs, by source; None for one that is not JSON."""
        return dict(self._recalled(f"{LATEST}/{_place(owner)}/"))

    def _recalled(self, prefix: str) -> Iterator[tuple[str, Any]]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        for key in (it["Key"] for it in listed):
            if source := REMEMBERED.get(key.removeprefix(prefix)):
                yield source, _plain(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())


def _place(owner: Owner) -> str:
    return f"{owner.partition}/{owner.account}"


def _plain(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
