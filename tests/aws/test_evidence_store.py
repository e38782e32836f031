"""The evidence bucket: where an audit's files lie, and that they are an evidence folder."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto import mock_aws

from auditor.aws.evidence_files import decode
from auditor.aws.evidence_store import ACTIONS, EvidenceStore
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Unavailable
from tests.aws.answers import report, report_row
from tests.aws.wire import Wire, new_session
from tests.build import ACCOUNT, NOW, OWNER, ago

EVIDENCE = Evidence(
    owner=OWNER,
    gathered_at=NOW,
    answers={
        "credential-report": Answer(raw=report(report_row("zoë")), as_of=ago(0.1)),
        "account-summary": Answer(raw={"SummaryMap": {}}, as_of=NOW),
        "regions": Unavailable(reason="denied"),
    },
)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def s3(wire: Wire) -> Iterator[Any]:
    with mock_aws():
        session = new_session()
        session.client("s3").create_bucket(Bucket="kept")
        wire.mount(session)
        yield session.client("s3")


def objects(s3: Any) -> dict[str, bytes]:
    listed = s3.list_objects_v2(Bucket="kept").get("Contents", [])
    return {it["Key"]: s3.get_object(Bucket="kept", Key=it["Key"])["Body"].read() for it in listed}


def test_every_file_lies_under_partition_account_and_time(s3: Any) -> None:
    prefix = EvidenceStore(s3=s3, bucket="kept").keep(EVIDENCE)
    assert prefix == f"evidence/aws/{ACCOUNT}/2026-11-20T06-00-00Z"
    names = {"account.json", "account-summary.json", "credential-report.csv"}
    assert set(objects(s3)) == {f"{prefix}/{name}" for name in names}


def test_what_is_kept_is_read_like_a_folder(s3: Any) -> None:
    prefix = EvidenceStore(s3=s3, bucket="kept").keep(EVIDENCE)
    files = {key.removeprefix(f"{prefix}/"): body for key, body in objects(s3).items()}
    answers = decode(files, NOW).evidence.answers
    assert {name: answers[name] for name in EVIDENCE.answers} == EVIDENCE.answers


def test_keeping_needs_what_is_declared(s3: Any, wire: Wire) -> None:
    EvidenceStore(s3=s3, bucket="kept").keep(EVIDENCE)
    assert wire.actions == set(ACTIONS)


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_same_account_number_of_another_partition_lies_elsewhere(s3: Any, partition: str) -> None:
    there = replace(EVIDENCE, owner=replace(OWNER, partition=partition))
    assert EvidenceStore(s3=s3, bucket="kept").keep(there) == f"evidence/{partition}/{ACCOUNT}/2026-11-20T06-00-00Z"
