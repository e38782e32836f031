"""Trails: each once however many Regions show it, asked at home, and what a member account is not told."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from auditor.aws.gather import gather, snapshot
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.regions import REGIONS
from auditor.aws.sources.trails import LACKING, OF_ANOTHER, TRAILS
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.trails import FieldSelector, Trail, TrailHolder
from tests.aws.answers import LOG_GROUP, TRAIL, event_selectors, trail_entry
from tests.aws.wire import Params, Refused, Reply, Wire, always, scripted
from tests.build import ACCOUNT, OWNER, ago, trail_holder

MANAGEMENT = "999988887777"
THEIRS = TRAIL.replace(ACCOUNT, MANAGEMENT)
WHOLE = trail_entry(Status={"IsLogging": True}, Selectors=event_selectors())


def asked(*regions: str, **replies: Reply) -> tuple[Evidence, Wire]:
    listed = [{"RegionName": it, "OptInStatus": "opt-in-not-required"} for it in regions or ("eu-west-1",)]
    answers: dict[str, Reply] = {
        "DescribeRegions": always({"Regions": listed}),
        "DescribeTrails": always({"trailList": [trail_entry()]}),
        "GetTrailStatus": always({"IsLogging": True, "LatestDeliveryTime": ago(0.1), "LatestDeliveryError": ""}),
        "GetEventSelectors": always(event_selectors()),
    }
    wire = Wire(script=answers | replies)
    return gather(scripted(wire), (REGIONS, TRAILS)), wire


def answer(evidence: Evidence) -> Answer:
    given = evidence.answers["trails"]
    assert isinstance(given, Answer)
    return given


def seen(evidence: Evidence) -> Observed[Trail]:
    known = snapshot(evidence, (REGIONS, TRAILS)).of(Trail)
    assert isinstance(known, Observed)
    return known


def read(*entries: Mapping[str, Any]) -> list[Any]:
    return TRAILS.read({"trailList": list(entries)}, OWNER).subjects


def selectors_of(answer: Mapping[str, Any]) -> tuple[tuple[FieldSelector, ...], ...]:
    _, trail = read({**WHOLE, "Selectors": answer})
    return tuple(trail.selectors)


def test_trail_is_read_whole() -> None:
    evidence, _ = asked()
    assert seen(evidence).subjects == (
        Trail(
            resource=TRAIL,
            uid=TRAIL,
            region="eu-west-1",
            name="all",
            own=True,
            organization=False,
            multi_region=True,
            global_events=True,
            logging=True,
            validated=True,
            log_group=LOG_GROUP,
            selectors=(
                (
                    FieldSelector(field="eventCategory", equals=("Management",)),
                    FieldSelector(field="readOnly"),
                    FieldSelector(field="eventSource"),
                ),
            ),
        ),
    )


def test_trail_that_every_region_shows_is_asked_once_and_at_home() -> None:
    evidence, wire = asked("eu-west-1", "eu-west-2", "us-east-1")
    assert [it["TrailARN"] for it in answer(evidence).raw["trailList"]] == [TRAIL]
    assert sorted(call.region for call in wire.named("DescribeTrails")) == ["eu-west-1", "eu-west-2", "us-east-1"]
    assert {call.name: (call.region, *call.params.values()) for call in wire.named("GetTrailStatus")} == {
        "GetTrailStatus": ("eu-west-1", TRAIL)
    }
    assert [(call.region, *call.params.values()) for call in wire.named("GetEventSelectors")] == [("eu-west-1", TRAIL)]


def test_trails_are_asked_for_with_the_shadows_of_those_of_other_regions() -> None:
    _, wire = asked()
    assert [dict(call.params) for call in wire.named("DescribeTrails")] == [{}]


def test_account_is_there_where_no_trail_is() -> None:
    evidence, wire = asked(DescribeTrails=always({"trailList": []}))
    known = snapshot(evidence, (REGIONS, TRAILS))
    holders = known.of(TrailHolder)
    assert isinstance(holders, Observed)
    assert holders.subjects == (trail_holder(),)
    assert seen(evidence).subjects == ()
    assert wire.named("GetTrailStatus", "GetEventSelectors") == []


def test_region_that_refuses_is_a_gap_and_the_others_are_complete() -> None:
    calls: list[int] = []

    def trails(_: Params) -> Mapping[str, Any]:
        calls.append(1)
        if len(calls) == 1:
            raise Refused("AccessDeniedException", "no")
        return {"trailList": [trail_entry()]}

    evidence, _ = asked("eu-west-1", "eu-west-2", DescribeTrails=trails)
    (gap,) = seen(evidence).gaps.items()
    assert gap[0] in {"eu-west-1", "eu-west-2"}
    assert gap[1] == Unavailable(reason="DescribeTrails: AccessDeniedException: no")
    assert [it.resource for it in seen(evidence).subjects] == [TRAIL]


@pytest.mark.parametrize("operation", ["GetTrailStatus", "GetEventSelectors"])
def test_trail_of_which_one_answer_is_refused_is_a_gap_with_the_reason(operation: str) -> None:
    evidence, _ = asked(**{operation: always(Refused("AccessDeniedException", "no"))})
    assert seen(evidence).subjects == ()
    assert seen(evidence).gaps == {TRAIL: Unavailable(reason=f"{operation}: AccessDeniedException: no")}


@pytest.mark.parametrize(("arn", "gap"), [(TRAIL, LACKING), (THEIRS, OF_ANOTHER)])
def test_organizations_trail_that_tells_a_member_no_more_is_a_gap_by_design(arn: str, gap: Unavailable) -> None:
    evidence, _ = asked(
        DescribeTrails=always({"trailList": [trail_entry(TrailARN=arn, IsOrganizationTrail=True)]}),
        GetTrailStatus=always(Refused("TrailNotFoundException", "unknown")),
    )
    assert seen(evidence).gaps == {arn: gap}


def test_organizations_trail_is_not_the_members_own() -> None:
    _, theirs = read({**WHOLE, "TrailARN": THEIRS, "IsOrganizationTrail": True})
    assert (theirs.own, theirs.organization) == (False, True)


def test_list_that_somebody_saved_without_the_answers_of_each_trail_is_a_gap_of_each() -> None:
    """`aws cloudtrail describe-trails` gives no more."""
    reading = TRAILS.read({"trailList": [trail_entry(), trail_entry(TrailARN=THEIRS)]}, OWNER)
    assert reading.subjects == [trail_holder()]
    assert reading.gaps == {Trail: {TRAIL: LACKING, THEIRS: OF_ANOTHER}}


CATEGORY = FieldSelector(field="eventCategory", equals=("Management",))


@pytest.mark.parametrize(
    ("members", "fields"),
    [
        ({"ReadWriteType": "ReadOnly"}, [("true",), ()]),
        ({"ReadWriteType": "WriteOnly"}, [("false",), ()]),
        ({"ExcludeManagementEventSources": ["kms.amazonaws.com"]}, [(), ("kms.amazonaws.com",)]),
    ],
)
def test_basic_selector_says_what_it_takes(members: Mapping[str, Any], fields: list[tuple[str, ...]]) -> None:
    only, excluded = fields
    assert selectors_of(event_selectors(**members)) == (
        (
            CATEGORY,
            FieldSelector(field="readOnly", equals=only),
            FieldSelector(field="eventSource", not_equals=excluded),
        ),
    )


def test_selector_for_data_events_only_takes_no_management_events() -> None:
    assert selectors_of(event_selectors(IncludeManagementEvents=False)) == ()


def test_advanced_selectors_are_read_with_every_operator() -> None:
    fields = [
        {"Field": "eventCategory", "Equals": ["Management"]},
        {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"], "NotStartsWith": ["a"], "NotEndsWith": ["b"]},
        {"Field": "userIdentity.arn", "StartsWith": ["c"], "EndsWith": ["d"]},
    ]
    assert selectors_of({"AdvancedEventSelectors": [{"Name": "writes", "FieldSelectors": fields}]}) == (
        (
            CATEGORY,
            FieldSelector(field="eventSource", not_equals=("kms.amazonaws.com",), not_starts=("a",), not_ends=("b",)),
            FieldSelector(field="userIdentity.arn", starts=("c",), ends=("d",)),
        ),
    )


def test_delivery_error_is_read() -> None:
    evidence, _ = asked(GetTrailStatus=always({"IsLogging": True, "LatestDeliveryError": "NoSuchBucket"}))
    assert [it.failing for it in seen(evidence).subjects] == ["NoSuchBucket"]
    status = {"IsLogging": True, "LatestCloudWatchLogsDeliveryError": "AccessDenied"}
    evidence, _ = asked(GetTrailStatus=always(status))
    assert [(it.failing, it.log_failing) for it in seen(evidence).subjects] == [("", "AccessDenied")]


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"Name": "all"}, "trailList[0].TrailARN"),
        ({**WHOLE, "TrailARN": "all"}, "trailList[0].TrailARN"),
        ({**WHOLE, "Status": {}}, "trailList[0].Status.IsLogging"),
        ({**WHOLE, "CloudWatchLogsLogGroupArn": "CloudTrail/all"}, "trailList[0].CloudWatchLogsLogGroupArn"),
        (
            {**WHOLE, "Selectors": {"AdvancedEventSelectors": [{}]}},
            "trailList[0].Selectors.AdvancedEventSelectors[0].FieldSelectors",
        ),
    ],
)
def test_malformed_trail_says_where(entry: Mapping[str, Any], place: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        read(entry)
    assert error.value.place == place


def test_hostile_name_stays_a_name() -> None:
    hostile = "x'; touch pwned\n<script>"
    _, trail = read(json.loads(json.dumps({**WHOLE, "Name": hostile})))
    assert trail.name == hostile
