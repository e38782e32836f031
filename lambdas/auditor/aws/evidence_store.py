"""The evidence bucket: every audit's files, kept under the account and the time."""

from dataclasses import dataclass
from typing import Any

from auditor.aws.evidence_files import encode
from auditor.core.evidence import Evidence

ACTIONS = ("s3:PutObject",)
PREFIX = "evidence"


@dataclass(frozen=True, kw_only=True)
class EvidenceStore:
    """A bucket to keep evidence in. `s3` is a boto3 client."""

    s3: Any
    bucket: str

    def keep(self, evidence: Evidence) -> str:
        """Put every file; the prefix they lie under, which ``aws s3 sync`` turns back into an evidence folder."""
        owner = evidence.owner
        prefix = f"{PREFIX}/{owner.partition}/{owner.account}/{evidence.gathered_at:%Y-%m-%dT%H-%M-%SZ}"
        for name, body in encode(evidence).items():
            self.s3.put_object(Bucket=self.bucket, Key=f"{prefix}/{name}", Body=body)
        return prefix
