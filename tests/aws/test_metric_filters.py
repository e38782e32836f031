"""Metric filters, their alarms and the alarms' topics: who is asked, what is joined, and what is never kept."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.aws.gather import gather, snapshot
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.metric_filters import METRIC_FILTERS
from auditor.aws.sources.regions import REGIONS
from auditor.aws.sources.trails import TRAILS
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.monitoring import Alarm, MetricFilter, TrailLogGroup
from tests.aws.answers import (
    LOG_GROUP,
    TOPIC,
    TRAIL,
    alarm_entry,
    event_selectors,
    filter_entry,
    subscription_entry,
    trail_entry,
)
from tests.aws.wire import Params, Refused, Reply, Wire, always, scripted
from tests.build import ACCOUNT, OWNER

SOURCES = (REGIONS, TRAILS, METRIC_FILTERS)
OTHER = "999988887777"
LAMBDA = f"arn:{OWNER.partition}:lambda:eu-west-1:{ACCOUNT}:function:tell"
LOUD = Alarm(name="root-use", at_once=True, acts=True, told=True)


def asked(*trails: Mapping[str, Any], **replies: Reply) -> tuple[Evidence, Wire]:
    answers: dict[str, Reply] = {
        "DescribeRegions": always({"Regions": [{"RegionName": "eu-west-1"}]}),
        "DescribeTrails": always({"trailList": list(trails or [trail_entry()])}),
        "GetTrailStatus": always({"IsLogging": True}),
        "GetEventSelectors": always(event_selectors()),
        "DescribeMetricFilters": always({"metricFilters": [filter_entry()]}),
        "DescribeAlarms": always({"MetricAlarms": [alarm_entry()], "CompositeAlarms": []}),
        "ListSubscriptionsByTopic": always({"Subscriptions": [subscription_entry()]}),
    }
    wire = Wire(script=answers | replies)
    return gather(scripted(wire), SOURCES), wire


def answer(evidence: Evidence) -> Answer:
    given = evidence.answers["metric-filters"]
    assert isinstance(given, Answer)
    return given


def seen(evidence: Evidence) -> Observed[TrailLogGroup]:
    known = snapshot(evidence, SOURCES).of(TrailLogGroup)
    assert isinstance(known, Observed)
    return known


def read(
    filters: Any = None, alarms: Any = None, composites: Any = (), subscriptions: Any = None
) -> tuple[MetricFilter, ...]:
    raw = {
        "logGroups": [{"arn": LOG_GROUP, "metricFilters": filters or [filter_entry()]}],
        "MetricAlarms": [alarm_entry()] if alarms is None else alarms,
        "CompositeAlarms": list(composites),
        "Subscriptions": [subscription_entry()] if subscriptions is None else subscriptions,
    }
    (group,) = METRIC_FILTERS.read(raw, OWNER).subjects
    assert isinstance(group, TrailLogGroup)
    return group.filters


def alarms(**parts: Any) -> tuple[Alarm, ...]:
    (only,) = read(**parts)
    return only.alarms


def test_log_group_is_read_with_its_filters_and_their_alarms() -> None:
    evidence, _ = asked()
    root_use = MetricFilter(name="root-use", pattern='{ $.userIdentity.type = "Root" }', narrowed=False, alarms=(LOUD,))
    group = TrailLogGroup(resource=LOG_GROUP, uid=LOG_GROUP, region="eu-west-1", filters=(root_use,))
    assert seen(evidence).subjects == (group,)


def test_each_is_asked_for_by_name() -> None:
    _, wire = asked()
    names = ("DescribeMetricFilters", "DescribeAlarms", "ListSubscriptionsByTopic")
    assert [(call.name, call.region, dict(call.params)) for call in wire.named(*names)] == [
        ("DescribeMetricFilters", "eu-west-1", {"logGroupName": "CloudTrail/all"}),
        ("DescribeAlarms", "eu-west-1", {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}),
        ("ListSubscriptionsByTopic", "eu-west-1", {"TopicArn": TOPIC}),
    ]


def test_endpoint_of_a_subscription_is_not_kept() -> None:
    """The address of a webhook is its password."""
    evidence, _ = asked()
    assert "Endpoint" in subscription_entry()
    assert "secret" not in str(answer(evidence).raw)


def test_all_pages_are_read() -> None:
    def paged(member: str, token: str, pages: list[list[Any]], **rest: Any) -> Reply:
        def reply(params: Params) -> Mapping[str, Any]:
            number = int(params.get(token, 0))
            more = {token: str(number + 1)} if number + 1 < len(pages) else {}
            return {member: pages[number], **rest, **more}

        return reply

    pending = subscription_entry(SubscriptionArn="PendingConfirmation")
    evidence, _ = asked(
        DescribeMetricFilters=paged(
            "metricFilters", "nextToken", [[filter_entry("other")], [filter_entry()], [filter_entry("third")]]
        ),
        DescribeAlarms=paged(
            "MetricAlarms", "NextToken", [[alarm_entry("third")], [alarm_entry()]], CompositeAlarms=[]
        ),
        ListSubscriptionsByTopic=paged("Subscriptions", "NextToken", [[pending], [subscription_entry()]]),
    )
    (group,) = seen(evidence).subjects
    assert [(it.name, len(it.alarms), all(alarm.told for alarm in it.alarms)) for it in group.filters] == [
        ("other", 0, True),
        ("root-use", 1, True),
        ("third", 1, True),
    ]


def test_alarms_on_other_metrics_are_not_kept_and_their_topics_not_asked() -> None:
    other = alarm_entry("billing", AlarmActions=[TOPIC.replace("security", "billing")])
    evidence, wire = asked(DescribeAlarms=always({"MetricAlarms": [other, alarm_entry()], "CompositeAlarms": []}))
    assert [it["AlarmName"] for it in answer(evidence).raw["MetricAlarms"]] == ["root-use"]
    assert [call.params["TopicArn"] for call in wire.named("ListSubscriptionsByTopic")] == [TOPIC]


def test_without_filters_nothing_more_is_asked() -> None:
    evidence, wire = asked(DescribeMetricFilters=always({"metricFilters": []}))
    assert wire.named("DescribeAlarms", "ListSubscriptionsByTopic") == []
    assert [it.filters for it in seen(evidence).subjects] == [()]


@pytest.mark.parametrize("log_group", [None, LOG_GROUP.replace(ACCOUNT, OTHER)])
def test_trail_without_a_log_group_of_this_account_is_asked_for_nothing(log_group: str | None) -> None:
    entry = trail_entry(CloudWatchLogsLogGroupArn=log_group)
    evidence, wire = asked({name: it for name, it in entry.items() if it})
    assert wire.named("DescribeMetricFilters") == []
    assert seen(evidence).subjects == ()
    assert seen(evidence).gaps == {}


def test_log_group_that_is_gone_has_no_filters() -> None:
    evidence, _ = asked(DescribeMetricFilters=always(Refused("ResourceNotFoundException", "gone")))
    assert [it.filters for it in seen(evidence).subjects] == [()]


def test_topic_that_is_gone_has_no_subscribers() -> None:
    evidence, _ = asked(ListSubscriptionsByTopic=always(Refused("NotFound", "gone")))
    assert [it.filters[0].alarms[0].told for it in seen(evidence).subjects] == [False]


@pytest.mark.parametrize("operation", ["DescribeMetricFilters", "DescribeAlarms", "ListSubscriptionsByTopic"])
def test_region_of_which_one_answer_is_refused_is_left_out_as_a_whole(operation: str) -> None:
    evidence, _ = asked(**{operation: always(Refused("AccessDeniedException", "no"))})
    assert seen(evidence).subjects == ()
    assert seen(evidence).gaps == {"eu-west-1": Unavailable(reason=f"{operation}: AccessDeniedException: no")}


def test_other_regions_stay_whole() -> None:
    there = {"TrailARN": TRAIL.replace("eu-west-1", "us-east-1"), "HomeRegion": "us-east-1"}
    group = LOG_GROUP.replace("eu-west-1", "us-east-1").replace("CloudTrail/all", "us")

    def filters(params: Params) -> Mapping[str, Any]:
        if params["logGroupName"] == "us":
            raise Refused("AccessDeniedException", "no")
        return {"metricFilters": [filter_entry()]}

    evidence, _ = asked(
        trail_entry(), trail_entry(CloudWatchLogsLogGroupArn=f"{group}:*", **there), DescribeMetricFilters=filters
    )
    assert [it.resource for it in seen(evidence).subjects] == [LOG_GROUP]
    assert set(seen(evidence).gaps) == {"us-east-1"}


# Which alarm goes by a filter's metric.

COUNTED = {"metricName": "root-use", "metricNamespace": "CloudTrail", "metricValue": "1"}
STAT = {"Metric": {"MetricName": "root-use", "Namespace": "CloudTrail"}, "Period": 300, "Stat": "Sum"}
MATH = [{"Id": "m", "MetricStat": STAT, "ReturnData": False}, {"Id": "e", "Expression": "m * 2"}]


@pytest.mark.parametrize(
    "members",
    [
        {"Namespace": "Other"},
        {"MetricName": "Root-Use"},
        {"Dimensions": [{"Name": "user", "Value": "ana"}]},
        {"ComparisonOperator": "LessThanThreshold"},
        {"AlarmArn": alarm_entry()["AlarmArn"].replace("eu-west-1", "us-east-1")},
    ],
)
def test_alarm_on_another_metric_or_on_silence_does_not_watch(members: Mapping[str, Any]) -> None:
    assert alarms(alarms=[alarm_entry(**members)]) == ()


@pytest.mark.parametrize(
    "members",
    [
        {"metricTransformations": [{**COUNTED, "dimensions": {"user": "$.userIdentity.arn"}}]},
        {"metricTransformations": [{**COUNTED, "metricValue": "0"}]},
        {"metricTransformations": [{**COUNTED, "metricValue": "$.eventVersion"}]},
        {"emitSystemFieldDimensions": ["@aws.account"]},
        {"metricTransformations": []},
    ],
)
def test_filter_whose_metric_no_plain_alarm_can_watch_has_none(members: Mapping[str, Any]) -> None:
    assert alarms(filters=[filter_entry(**members)]) == ()


@pytest.mark.parametrize(
    ("members", "at_once"),
    [
        ({}, True),
        ({"Threshold": 2.0}, False),
        ({"ComparisonOperator": "GreaterThanThreshold"}, False),
        ({"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0.0}, True),
        ({"EvaluationPeriods": 3}, False),
        ({"EvaluationPeriods": 3, "DatapointsToAlarm": 1}, True),
        ({"Statistic": "SampleCount", "Threshold": 1.0}, True),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, False),
    ],
)
def test_alarm_says_whether_one_event_sets_it_off(members: Mapping[str, Any], *, at_once: bool) -> None:
    assert [it.at_once for it in alarms(alarms=[alarm_entry(**members)])] == [at_once]


def test_filter_that_counts_more_sets_off_sooner() -> None:
    ten = [filter_entry(metricTransformations=[{**COUNTED, "metricValue": "10"}])]
    assert [it.at_once for it in alarms(filters=ten, alarms=[alarm_entry(Threshold=10.0)])] == [True]


def test_of_metric_math_nobody_can_say_when_it_goes_off() -> None:
    entry = {name: it for name, it in alarm_entry(Metrics=MATH).items() if name not in {"MetricName", "Namespace"}}
    assert [(it.name, it.at_once) for it in alarms(alarms=[entry])] == [("root-use", None)]


@pytest.mark.parametrize("members", [{"applyOnTransformedLogs": True}, {"fieldSelectionCriteria": "@aws.region = x"}])
def test_filter_that_sees_other_events_says_so(members: Mapping[str, Any]) -> None:
    assert [it.narrowed for it in read(filters=[filter_entry(**members)])] == [True]


# Who is told.


@pytest.mark.parametrize(
    ("actions", "acts", "told"),
    [
        ([], False, False),
        ([TOPIC], True, True),
        ([TOPIC.replace("security", "nobody")], True, False),
        ([TOPIC.replace(ACCOUNT, OTHER)], True, None),
        ([TOPIC.replace(ACCOUNT, OTHER), TOPIC], True, True),
        ([LAMBDA], True, True),
    ],
)
def test_alarm_tells_whom_its_actions_reach(actions: list[str], *, acts: bool, told: bool | None) -> None:
    assert [(it.acts, it.told) for it in alarms(alarms=[alarm_entry(AlarmActions=actions)])] == [(acts, told)]


def test_alarm_whose_actions_are_off_tells_nobody() -> None:
    assert [(it.acts, it.told) for it in alarms(alarms=[alarm_entry(ActionsEnabled=False)])] == [(False, False)]


@pytest.mark.parametrize("state", ["PendingConfirmation", "Deleted"])
def test_subscription_that_nobody_confirmed_tells_nobody(state: str) -> None:
    assert [it.told for it in alarms(subscriptions=[subscription_entry(SubscriptionArn=state)])] == [False]


def composite(rule: str, **members: Any) -> dict[str, Any]:
    arn = f"arn:{OWNER.partition}:cloudwatch:eu-west-1:{ACCOUNT}:alarm:any"
    return {"AlarmName": "any", "AlarmArn": arn, "AlarmActions": [TOPIC], "AlarmRule": rule, **members}


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ('ALARM("root-use") OR ALARM("other")', True),
        ("ALARM(root-use)", True),
        (f"ALARM({alarm_entry()['AlarmArn']})", True),
        ('ALARM("other")', False),
        ('ALARM("root-use") AND ALARM("other")', False),
        ('ALARM("other") OR NOT ALARM("root-use")', False),
    ],
)
def test_composite_alarm_tells_for_those_that_set_it_off_alone(rule: str, *, told: bool) -> None:
    quiet = [alarm_entry(AlarmActions=[])]
    assert [it.told for it in alarms(alarms=quiet, composites=[composite(rule)])] == [told]
    evidence, wire = asked(DescribeAlarms=always({"MetricAlarms": quiet, "CompositeAlarms": [composite(rule)]}))
    assert len(answer(evidence).raw["CompositeAlarms"]) == len(wire.named("ListSubscriptionsByTopic")) == int(told)


def test_composite_alarm_whose_actions_are_off_tells_nobody() -> None:
    off = composite('ALARM("root-use")', ActionsEnabled=False)
    assert [it.told for it in alarms(alarms=[alarm_entry(AlarmActions=[])], composites=[off])] == [False]


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({}, "logGroups"),
        ({"logGroups": [{"arn": "CloudTrail/all", "metricFilters": []}]}, "logGroups[0].arn"),
        ({"logGroups": [{"arn": LOG_GROUP, "metricFilters": [{}]}]}, "logGroups[0].metricFilters[0].filterName"),
        ({"logGroups": []}, "MetricAlarms"),
        ({"logGroups": [], "MetricAlarms": [{"AlarmName": "a"}]}, "MetricAlarms[0].AlarmArn"),
        ({"logGroups": [], "MetricAlarms": [], "CompositeAlarms": []}, "Subscriptions"),
    ],
)
def test_malformed_answer_says_where(raw: Mapping[str, Any], place: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        METRIC_FILTERS.read(raw, OWNER)
    assert error.value.place == place
