"""The table's stream: what was written is read back whole, and whatever else comes is told apart from it."""

import json
from contextlib import suppress
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st
from moto.events.models import EventPattern

from auditor.aws.findings_stream import PATTERN, MalformedRecordError, Written, sequence_of, written
from auditor.aws.items import finding_item, header_item, history_item
from auditor.aws.queues import news_item
from auditor.core.check import Limits, Severity
from auditor.core.life import Acknowledgement, Change, Event, Header, Record, Run
from auditor.core.model import Membership, Owner
from auditor.core.telling import News, Queue
from tests.build import NOW, OWNER, ago, exception_rule, finding, record

SEQUENCE = "49590338271490256608559692538361571095921575989136588898"
GOV = Owner(account="999988887777", partition="aws-us-gov")


def image(item: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def change(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    """A stream record of items, as Lambda delivers it."""
    images = {"OldImage": before, "NewImage": after}
    return delivered({which: image(item) for which, item in images.items() if item is not None})


def delivered(images: dict[str, Any]) -> dict[str, Any]:
    """A stream record of images; it went through JSON on its way."""
    name = "INSERT" if "OldImage" not in images else "REMOVE" if "NewImage" not in images else "MODIFY"
    made = {"eventName": name, "dynamodb": {"SequenceNumber": SEQUENCE, **images}}
    arrived: dict[str, Any] = json.loads(json.dumps(made))
    return arrived


def moved(before: Record | None, after: Record) -> dict[str, Any]:
    return change(finding_item(before) if before else None, finding_item(after))


def header(version: int = 1, owner: Owner = OWNER, **fields: Any) -> dict[str, Any]:
    return header_item(owner, Header(evidence_at=NOW, version=version, **fields))


# --- what was written ---------------------------------------------------------------------------------------------


EVIDENCE = {"nothing": None, "number": 3, "list": [1, None, ["a"]], "map": {"n": 0}, "flag": False, "text": "ł\n\x00🗝"}
FULL = record(
    finding(
        evidence=EVIDENCE,
        tags={"team": "payments"},
        via="arn",
        limits=vars(Limits()),
        scopes=("shop",),
        severity=Severity.LOW,
    ),
    Event.EXCEPTED,
    baseline=True,
    acknowledged=Acknowledgement(by="ana", at=ago(1), note="on it"),
    exception=exception_rule(tag=("team", "pay*")),
)


@pytest.mark.parametrize(
    "it", [record(finding()), record(finding(), Event.RESOLVED), FULL, record(finding(owner=GOV))], ids=str
)
def test_record_comes_out_of_the_stream_as_it_was_written(it: Record) -> None:
    write = written(moved(None, it))
    assert write == Written(sequence=SEQUENCE, owner=it.finding.owner, what=it)
    assert isinstance(write.what, Record)
    assert write.what.finding.material == it.finding.material
    assert {type(value) for value in write.what.finding.evidence.values()} <= {type(None), int, list, dict, bool, str}


RUN = Run(evidence_at=ago(1), findings=7, transitions=2, skipped=1)


@pytest.mark.parametrize(
    "it",
    [
        Header(evidence_at=NOW, version=1),
        Header(
            evidence_at=NOW,
            seen={"stale-access-key": ago(1)},
            gaps={"unused-role": "AccessDenied"},
            open={"HIGH": 2},
            excepted=3,
            runs=(RUN, RUN),
            membership=Membership(name="payments", path=("r-1", "ou-1"), tags={"team": "payments"}),
            version=40,
        ),
    ],
    ids=["empty", "full"],
)
def test_header_comes_out_of_the_stream_as_it_was_written(it: Header) -> None:
    assert written(change(None, header_item(GOV, it))) == Written(sequence=SEQUENCE, owner=GOV, what=it)


def test_what_was_written_is_the_new_image() -> None:
    opened = record(finding(), age=1)
    resolved = record(finding(), Event.RESOLVED)
    write = written(moved(opened, resolved))
    assert write
    assert write.what == resolved


def test_version_that_did_not_move_is_no_life() -> None:
    it = record(finding())
    touched = {**finding_item(it), "expires_at": 1}
    assert written(change(finding_item(it), touched)) is None
    assert written(change(header(3), {**header(3), "gaps": {"unused-role": "denied"}})) is None


def test_header_whose_version_moved_is_written_even_if_nothing_else_did() -> None:
    write = written(change(header(3), header(4)))
    assert write
    assert write.what == Header(evidence_at=NOW, version=4)


def test_record_has_the_number_of_the_stream() -> None:
    assert sequence_of(moved(None, record(finding()))) == SEQUENCE


# --- what was not -------------------------------------------------------------------------------------------------


FINDING, HEADER = image(finding_item(FULL)), image(header(runs=(RUN,), membership=Membership(name="payments")))
NEEDED = {
    "finding": sorted(
        {"item", "version", "account", "partition", "id", "check", "severity", "status", "event", "first_seen"}
        | {"changed_at", "evidence", "limits", "alerted", "baseline", "opened_at", "evidence_at"}
    ),
    "header": ["account", "evidence_at", "excepted", "gaps", "item", "open", "partition", "runs", "seen", "version"],
}
CASES = [(FINDING, name) for name in NEEDED["finding"]] + [(HEADER, name) for name in NEEDED["header"]]


@pytest.mark.parametrize(("whole", "missing"), CASES)
def test_image_without_something_is_malformed(whole: dict[str, Any], missing: str) -> None:
    rest = {name: value for name, value in whole.items() if name != missing}
    with pytest.raises(MalformedRecordError, match=r"^KeyError: "):
        written(delivered({"NewImage": rest}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"severity": {"S": "ENORMOUS"}},
        {"status": {"S": "HALF"}},
        {"changed_at": {"S": "yesterday"}},
        {"changed_at": {"N": "1"}},
        {"version": {"N": "one"}},
        {"version": {"N": "Infinity"}},
        {"version": {"N": "NaN"}},
        {"version": {"M": {}}},
        {"evidence": {"N": "1E+999"}},
        {"limits": {"M": {"key_age": {"N": "1E+99"}}}},
        {"limits": {"NULL": True}},
        {"exception": {"M": {**FINDING["exception"]["M"], "tag": {"L": [{"S": "team"}]}}}},
        {"exception": {"S": "x-1"}},
        {"check": {}},
        {"check": {"XX": "?"}},
        {"check": "stale-access-key"},
        {"check": None},
        {"tags": {"M": [1]}},
    ],
    ids=str,
)
def test_image_with_something_else_in_it_is_malformed(wrong: dict[str, Any]) -> None:
    assert written(delivered({"NewImage": FINDING}))
    with pytest.raises(MalformedRecordError, match=r"^\w+: "):
        written(delivered({"NewImage": {**FINDING, **wrong}}))


@pytest.mark.parametrize(
    "record_of_the_stream",
    [
        {},
        {"dynamodb": None},
        {"dynamodb": {}},
        {"dynamodb": {"NewImage": HEADER}},
        {"dynamodb": {"SequenceNumber": "1", "NewImage": None}},
        {"dynamodb": {"SequenceNumber": "1", "NewImage": HEADER, "OldImage": None}},
        {"dynamodb": {"SequenceNumber": "1", "NewImage": HEADER, "OldImage": [1]}},
        {"dynamodb": {"SequenceNumber": "1", "Keys": HEADER, "OldImage": HEADER}},
    ],
    ids=str,
)
def test_record_that_no_stream_delivers_is_malformed(record_of_the_stream: dict[str, Any]) -> None:
    with pytest.raises(MalformedRecordError):
        written(record_of_the_stream)


def test_item_of_another_kind_is_malformed() -> None:
    history = history_item(Change(before=None, after=record(finding())))
    with pytest.raises(MalformedRecordError):
        written(change(None, history))


def test_malformed_record_says_what_is_wrong_with_it() -> None:
    with pytest.raises(MalformedRecordError, match=r"^ValueError: Invalid isoformat string: 'soon'$") as raised:
        written(delivered({"NewImage": {**FINDING, "opened_at": {"S": "soon"}}}))
    assert isinstance(raised.value.__cause__, ValueError)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NUMBERS = st.integers().map(str) | st.decimals().map(str) | st.text(max_size=5)
TYPED = st.recursive(
    st.builds(lambda it: {"S": it}, st.text(max_size=5) | st.dates().map(str))
    | st.builds(lambda it: {"N": it}, NUMBERS)
    | st.sampled_from(
        [{"NULL": True}, {"BOOL": True}, {"B": "AA=="}, {"SS": ["a"]}, {"NS": ["1"]}, {"BS": ["AA=="]}, {"L": []}]
    ),
    lambda inner: (
        st.builds(lambda it: {"L": it}, st.lists(inner, max_size=3))
        | st.builds(lambda it: {"M": it}, st.dictionaries(st.text(max_size=5), inner, max_size=3))
    ),
    max_leaves=6,
)
"""What DynamoDB may say of an attribute, and numbers that it would not."""


def images(of: dict[str, Any], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The image with other values for some of its attributes."""
    return st.dictionaries(st.sampled_from(sorted(of)), values, min_size=1, max_size=3).map(lambda it: {**of, **it})


@given(
    st.dictionaries(st.sampled_from(["SequenceNumber", "NewImage", "OldImage"]), JSON)
    | st.builds(
        lambda new, old: {"SequenceNumber": SEQUENCE, "NewImage": new, **({"OldImage": old} if old else {})},
        images(FINDING, JSON | TYPED) | images(HEADER, JSON | TYPED),
        st.none() | JSON | images(FINDING, TYPED),
    )
)
def test_whatever_comes_is_read_or_malformed(given_images: dict[str, Any]) -> None:
    with suppress(MalformedRecordError):
        write = written({"dynamodb": given_images})
        assert write is None or isinstance(write.what, Record | Header)


# --- what is delivered at all -------------------------------------------------------------------------------------


HISTORY = history_item(Change(before=None, after=record(finding())))
NEWS = news_item("default", Queue.NOW, News(key="k", owner=OWNER, queued_at=NOW, record=record(finding())))


@pytest.mark.parametrize(
    ("arrived", "worth"),
    [
        (moved(None, record(finding())), True),
        (moved(record(finding()), record(finding(), Event.CHANGED)), True),
        (change(None, header()), True),
        (change(header(), header(version=2)), True),
        (change(None, HISTORY), False),
        (change(HISTORY, {**HISTORY, "handed_on": "2026"}), False),
        (change(None, NEWS), False),
        (change(None, {"pk": "C#default", "sk": "#STATE", "item": "state"}), False),
        (change(finding_item(record(finding())), None), False),
        (change(HISTORY, None), False),
    ],
)
def test_only_findings_and_headers_that_were_written_are_delivered(arrived: Any, *, worth: bool) -> None:
    assert EventPattern.load(json.dumps(PATTERN)).matches_event(arrived) is worth
