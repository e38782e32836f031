"""The table's stream as notices: what was written is told, once, and nothing else."""

import json
from dataclasses import replace
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from moto.events.models import EventPattern

from auditor.aws.findings_stream import PATTERN, notices, table_name
from auditor.aws.findings_table import _header_item, finding_item
from auditor.core.check import Severity
from auditor.core.model import Owner
from auditor.core.reconcile import Event, Header, Record, Status
from tests.build import NOW, OWNER, ago, finding, record

SOURCE = "arn:aws:dynamodb:eu-west-1:111122223333:table/AccountAuditor-Findings/stream/2026-11-20T06:00:00.000"
OTHER = Owner(account="999988887777", partition="aws")


def image(item: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    """A stream record, as Lambda delivers it."""
    images = {"OldImage": before, "NewImage": after}
    name = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
    held = {which: image(item) for which, item in images.items() if item is not None}
    return {"eventName": name, "eventSourceARN": SOURCE, "dynamodb": held}


def moved(before: Record | None, after: Record) -> dict[str, Any]:
    return change(finding_item(before) if before else None, finding_item(after))


def header(
    gaps: dict[str, str] | None = None, version: int = 1, age: float = 0, owner: Owner = OWNER
) -> dict[str, Any]:
    return _header_item(owner, Header(evidence_at=ago(age), gaps=gaps or {}, version=version))


def test_finding_is_told_as_it_was_written() -> None:
    evidence = {"nothing": None, "number": 3, "list": [1, None, ["a"]], "map": {"n": 0}, "flag": False}
    written = record(finding(evidence=evidence))
    (notice,) = notices([moved(None, written)])
    assert notice.records == (written,)
    told = notice.records[0].finding.evidence
    assert [type(it) for it in told.values()] == [type(None), int, list, dict, bool]
    assert (type(told["list"][0]), json.dumps(told)) == (int, json.dumps(evidence))
    assert (notice.owner, notice.at) == (OWNER, NOW)


def test_version_that_did_not_move_is_not_told() -> None:
    acknowledged = {**finding_item(record(finding())), "workflow": "ACKNOWLEDGED"}
    assert notices([change(finding_item(record(finding())), acknowledged)]) == []


def test_finding_that_moved_twice_is_told_where_it_is_now() -> None:
    opened = record(finding(), age=1)
    resolved = replace(opened, status=Status.RESOLVED, event=Event.RESOLVED, version=2, changed_at=NOW)
    (notice,) = notices([moved(None, opened), moved(opened, resolved)])
    assert notice.records == (resolved,)


def test_every_finding_of_a_batch_is_told_in_one_notice_an_account() -> None:
    mine = [record(finding(f"AKIA{number}")) for number in range(3)]
    theirs = record(finding(owner=OTHER, severity=Severity.LOW))
    gov = record(finding(owner=replace(OWNER, partition="aws-us-gov")))
    told = notices([moved(None, it) for it in (mine[0], theirs, mine[1], gov, mine[2])])
    assert [(it.owner, it.records) for it in told] == [
        (OWNER, tuple(mine)),
        (OTHER, (theirs,)),
        (gov.finding.owner, (gov,)),
    ]


def test_notice_is_of_the_newest_time_in_it() -> None:
    (notice,) = notices([moved(None, record(finding("AKIA1"), age=2)), change(None, header(age=1))])
    assert notice.at == ago(1)


def test_header_alone_is_nothing_to_tell() -> None:
    (notice,) = notices([change(header(), header(version=2))])
    assert notice.empty


def test_check_that_went_blind_is_told_once() -> None:
    blind = {"stale-access-key": "AccessDenied"}
    (notice,) = notices([change(header(), header(blind, 2))])
    assert (notice.blind, notice.seeing_again, notice.empty) == (blind, (), False)
    (again,) = notices([change(header(blind, 2), header(blind, 3))])
    assert again.empty


def test_check_that_sees_again_is_told() -> None:
    gaps = {"unused-role": "denied", "stale-access-key": "denied"}
    (notice,) = notices([change(header(gaps), header({"idle-access-key": "denied"}, 2))])
    assert notice.seeing_again == ("stale-access-key", "unused-role")
    assert notice.blind == {"idle-access-key": "denied"}


def test_first_header_of_an_account_tells_what_it_cannot_see() -> None:
    (notice,) = notices([change(None, header({"unused-role": "denied"}))])
    assert notice.blind == {"unused-role": "denied"}


def test_two_headers_of_a_batch_are_compared_first_with_last() -> None:
    gone, came = header({"unused-role": "denied"}), header({"idle-access-key": "denied"}, 3)
    (notice,) = notices([change(gone, header({}, 2)), change(header({}, 2), came)])
    assert (notice.blind, notice.seeing_again) == ({"idle-access-key": "denied"}, ("unused-role",))
    (flicker,) = notices([change(header({}, 1), gone | {"version": 2}), change(gone | {"version": 2}, header({}, 3))])
    assert flicker.empty


def test_blindness_of_one_account_is_not_told_of_another() -> None:
    told = notices([change(None, header({"unused-role": "denied"})), change(None, header(owner=OTHER))])
    assert [(it.owner, it.empty) for it in told] == [(OWNER, False), (OTHER, True)]


def test_nothing_is_told_of_an_empty_batch() -> None:
    assert notices([]) == []
    assert table_name([]) == ""


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_table_is_named_by_the_stream(partition: str) -> None:
    source = SOURCE.replace("arn:aws:", f"arn:{partition}:")
    assert table_name([{"eventSourceARN": source}]) == "AccountAuditor-Findings"


HISTORY = {"item": "history", "pk": "H#1", "sk": "000001#OPENED"}


@pytest.mark.parametrize(
    ("delivered", "worth"),
    [
        (moved(None, record(finding())), True),
        (moved(record(finding()), record(finding(), Event.CHANGED)), True),
        (change(None, header()), True),
        (change(header(), header(version=2)), True),
        (change(None, HISTORY), False),
        (change(finding_item(record(finding())), None), False),
        (change(HISTORY, None), False),
    ],
)
def test_only_findings_and_headers_that_were_written_are_delivered(delivered: Any, *, worth: bool) -> None:
    assert EventPattern.load(json.dumps(PATTERN)).matches_event(delivered) is worth
