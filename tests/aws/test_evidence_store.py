"""The evidence bucket: where an audit's files lie, and that they are an evidence folder."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from moto import mock_aws

from auditor.aws.evidence_files import decode
from auditor.aws.evidence_store import ACTIONS, KEEP_ACTIONS, LATEST, EvidenceStore
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
TELLS = Answer(raw={"LastAccessed": [{"Arn": "a"}]}, as_of=NOW)
TOLD = replace(EVIDENCE, answers={**EVIDENCE.answers, "last-accessed": TELLS})


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


def test_keeping_and_recalling_need_what_is_declared(s3: Any, wire: Wire) -> None:
    store = EvidenceStore(s3=s3, bucket="kept")
    store.keep(TOLD)
    assert wire.actions == set(KEEP_ACTIONS)
    store.recall(OWNER)
    assert wire.actions == set(ACTIONS)


# What the next run needs.


def test_last_answer_of_a_source_that_remembers_is_recalled(s3: Any) -> None:
    store = EvidenceStore(s3=s3, bucket="kept")
    store.keep(TOLD)
    newer = Answer(raw={"LastAccessed": [{"Arn": "b"}]}, as_of=NOW)
    store.keep(replace(TOLD, gathered_at=NOW + timedelta(days=1), answers={"last-accessed": newer}))
    assert store.recall(OWNER) == {"last-accessed": newer.raw}
    latest = [key for key in objects(s3) if not key.startswith("evidence/")]
    assert latest == [f"{LATEST}/aws/{ACCOUNT}/last-accessed.json"]


def test_first_run_recalls_nothing(s3: Any) -> None:
    assert EvidenceStore(s3=s3, bucket="kept").recall(OWNER) == {}


def test_answer_that_could_not_be_had_does_not_replace_the_last_one(s3: Any) -> None:
    store = EvidenceStore(s3=s3, bucket="kept")
    store.keep(TOLD)
    store.keep(replace(TOLD, answers={"last-accessed": Unavailable(reason="denied")}))
    assert store.recall(OWNER) == {"last-accessed": TELLS.raw}


def test_account_recalls_its_own_answers_only(s3: Any) -> None:
    store = EvidenceStore(s3=s3, bucket="kept")
    store.keep(TOLD)
    for other in (replace(OWNER, account="444455556666"), replace(OWNER, partition="aws-cn")):
        assert store.recall(other) == {}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe"])
def test_last_answer_that_is_not_json_is_nothing(s3: Any, body: bytes) -> None:
    s3.put_object(Bucket="kept", Key=f"{LATEST}/aws/{ACCOUNT}/last-accessed.json", Body=body)
    assert EvidenceStore(s3=s3, bucket="kept").recall(OWNER) == {"last-accessed": None}


def test_what_else_lies_among_the_last_answers_is_left_alone(s3: Any) -> None:
    for name in ("notes.txt", "old/last-accessed.json"):
        s3.put_object(Bucket="kept", Key=f"{LATEST}/aws/{ACCOUNT}/{name}", Body=b"{}")
    assert EvidenceStore(s3=s3, bucket="kept").recall(OWNER) == {}


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_same_account_number_of_another_partition_lies_elsewhere(s3: Any, partition: str) -> None:
    there = replace(EVIDENCE, owner=replace(OWNER, partition=partition))
    assert EvidenceStore(s3=s3, bucket="kept").keep(there) == f"evidence/{partition}/{ACCOUNT}/2026-11-20T06-00-00Z"
