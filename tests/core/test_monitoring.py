"""Of which events somebody is told: filters are tried on events, and followed to a subscriber."""

from dataclasses import replace
from typing import Any

import pytest

from auditor.core import sample_events
from auditor.core.filter_pattern import parse
from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.sample_events import OF_CONTROL
from auditor.core.subjects.access_analyzer import EnabledRegion
from auditor.core.subjects.monitoring import (
    ORGANIZATION_EVENTS,
    POLICY_EVENTS,
    TRAIL_EVENTS,
    Alarm,
    DeniedCallMonitoring,
    FailedSignInMonitoring,
    KeyLossMonitoring,
    MetricFilter,
    Monitoring,
    OrganizationChangeMonitoring,
    PolicyChangeMonitoring,
    RootUseMonitoring,
    SignInWithoutMfaMonitoring,
    TrailChangeMonitoring,
    TrailLogGroup,
)
from auditor.core.subjects.trails import Trail, TrailHolder
from auditor.policy.derive import derive
from tests.build import ACCOUNT, enabled_region, observed, selector, trail, trail_holder

HOLDER = trail_holder()
DENIED = Unavailable(reason="denied")
LOUD = Alarm(name="loud", at_once=True, acts=True, told=True)
NO_FILTER = "no metric filter matches such events"

of_every_control = pytest.mark.parametrize("kind", OF_CONTROL, ids=lambda kind: kind.metric)


def metric_filter(pattern: str, *alarms: Alarm, name: str = "f", narrowed: bool = False) -> MetricFilter:
    return MetricFilter(name=name, pattern=pattern, narrowed=narrowed, alarms=alarms)


def log_group(*filters: MetricFilter, of: Trail | None = None) -> TrailLogGroup:
    arn = (of or trail()).log_group
    return TrailLogGroup(resource=arn, uid=arn, region="eu-west-1", filters=filters)


def derived(
    kind: type[Monitoring], *subjects: Trail | TrailLogGroup, gaps: dict[str, Any] | None = None, **more: Any
) -> Observed[Any]:
    facts: dict[type[Subject], Observed[Subject] | Unavailable] = {
        EnabledRegion: observed(enabled_region("eu-west-1")),
        TrailHolder: observed(HOLDER),
        Trail: observed(*(it for it in subjects if isinstance(it, Trail)), gaps=more.get("trail_gaps")),
        TrailLogGroup: observed(*(it for it in subjects if isinstance(it, TrailLogGroup)), gaps=gaps),
    }
    seen = derive(facts)[kind]
    assert isinstance(seen, Observed)
    return seen


def monitored(kind: type[Monitoring], *subjects: Trail | TrailLogGroup) -> Monitoring:
    (seen,) = derived(kind, *subjects).subjects
    assert isinstance(seen, kind)
    return seen


def missed(kind: type[Monitoring], *patterns: str) -> tuple[str, tuple[str, ...]]:
    """What is missing, and for which events, where every filter has a loud alarm."""
    seen = monitored(kind, trail(), log_group(*(metric_filter(it, LOUD) for it in patterns)))
    return seen.missing, seen.events


def why(kind: type[Monitoring], *subjects: Trail | TrailLogGroup, **more: Any) -> Unavailable:
    seen = derived(kind, *subjects, **more)
    assert seen.subjects == ()
    return seen.gaps[ACCOUNT]


# The filters that the fix puts.


@of_every_control
def test_filter_of_the_fix_answers_its_control(kind: type[Monitoring]) -> None:
    assert missed(kind, kind.pattern) == ("", ())


@of_every_control
def test_filter_of_the_fix_is_one_that_cloudwatch_takes(kind: type[Monitoring]) -> None:
    assert len(kind.pattern) <= 1024
    assert not parse(kind.pattern).matches(sample_events.innocuous(HOLDER))


def test_benchmarks_lists_are_whole() -> None:
    assert [len(set(it)) for it in (POLICY_EVENTS, TRAIL_EVENTS, ORGANIZATION_EVENTS)] == [16, 5, 18]


# Filters in the field, as CIS and others publish them.

PUBLISHED = [
    (DeniedCallMonitoring, '{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }'),
    (
        DeniedCallMonitoring,
        ('{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*") && '
        '($.sourceIPAddress!="delivery.logs.amazonaws.com") && ($.eventName!="HeadBucket") }'),
    ),
    (SignInWithoutMfaMonitoring, '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }'),
    (SignInWithoutMfaMonitoring, "{ $.eventName = ConsoleLogin && $.additionalEventData.MFAUsed = No }"),
    (RootUseMonitoring, "{$.userIdentity.type=Root && $.userIdentity.invokedBy NOT EXISTS}"),
    (RootUseMonitoring, '{ $.userIdentity.arn = "*:root" }'),
    (RootUseMonitoring, f'{{ $.recipientAccountId = {ACCOUNT} && $.userIdentity.type = "Root" }}'),
    (PolicyChangeMonitoring, '{ $.eventSource = "iam.amazonaws.com" && $.readOnly IS FALSE }'),
    (PolicyChangeMonitoring, "{ $.eventName = %Policy% }"),
    (TrailChangeMonitoring, "{ ($.eventSource = cloudtrail.amazonaws.com) && ($.eventName != Describe*) }"),
    (FailedSignInMonitoring, '{ ($.eventName = ConsoleLogin) && ($.responseElements.ConsoleLogin = "Failure") }'),
    (FailedSignInMonitoring, 'ConsoleLogin "Failed authentication"'),
    (KeyLossMonitoring, ("{($.eventSource = kms.amazonaws.com) && (($.eventName=DisableKey)||"
     "($.eventName=ScheduleKeyDeletion))}")),
    (OrganizationChangeMonitoring, "{ $.eventSource = organizations.amazonaws.com }"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "pattern"), PUBLISHED)
def test_filter_that_matches_every_event_answers_however_it_is_written(kind: type[Monitoring], pattern: str) -> None:
    assert missed(kind, pattern) == ("", ())


NARROW = [
    (DeniedCallMonitoring, "{ $.errorCode = AccessDenied }", ("AccessDeniedException", "Client.UnauthorizedOperation")),
    (
        # The wish to leave a service out leaves out every event that no service made: != needs the property.
        DeniedCallMonitoring,
        ('{ (($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")) && '
        '($.userIdentity.invokedBy != "cloudfront.amazonaws.com") }'),
        ("AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation"),
    ),
    (
        # What a comparison of texts takes for the benchmark's filter: it asks for sign-ins with MFA.
        SignInWithoutMfaMonitoring,
        '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed = "Yes") }',
        ("ConsoleLogin",),
    ),
    (
        SignInWithoutMfaMonitoring,
        "{ ($.eventName = ConsoleLogin) && ($.additionalEventData.MFAUsed = No) && ($.userIdentity.type = Root) }",
        ("ConsoleLogin",),
    ),
    (RootUseMonitoring, "{ $.userIdentity.type = Root && $.eventName = ConsoleLogin }", ("CreateAccessKey",)),
    (
        PolicyChangeMonitoring,
        ("{ ($.eventName = Put*Policy) || ($.eventName = *tachRolePolicy) || ($.eventName = *tachUserPolicy) || "
        "($.eventName = *tachGroupPolicy) || ($.eventName = Delete*) || ($.eventName = CreatePolicy) }"),
        ("PutGroupPolicy", "PutRolePolicy", "PutUserPolicy", "CreatePolicyVersion"),
    ),
    (
        # Without parentheses the first name alone is tied to the source; the others match, and all five are there.
        TrailChangeMonitoring,
        "{ $.eventSource = s3.amazonaws.com && $.eventName = CreateTrail || $.eventName = StopLogging }",
        ("CreateTrail", "UpdateTrail", "DeleteTrail", "StartLogging"),
    ),
    (FailedSignInMonitoring, '{ $.errorMessage = "Failed authentication." }', ("ConsoleLogin",)),
    (KeyLossMonitoring, "{ $.eventName = ScheduleKeyDeletion }", ("DisableKey",)),
    (OrganizationChangeMonitoring, "{ $.eventName = *Policy* }", tuple(
        it for it in ORGANIZATION_EVENTS if "Policy" not in it
    )),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "pattern", "events"), NARROW)
def test_filter_that_is_too_narrow_is_told_what_it_misses(
    kind: type[Monitoring], pattern: str, events: tuple[str, ...]
) -> None:
    assert missed(kind, pattern) == (NO_FILTER, events)


@of_every_control
@pytest.mark.parametrize("pattern", ["", "{ $.eventName = * }", "{ $.errorCode NOT EXISTS || $.errorCode = * }"])
def test_filter_that_matches_everything_answers_nothing(kind: type[Monitoring], pattern: str) -> None:
    assert missed(kind, pattern)[0] == NO_FILTER


def test_filters_answer_together() -> None:
    halves = ("{ $.eventName = *Logging }", "{ $.eventName = *Trail }")
    assert missed(TrailChangeMonitoring, *halves) == ("", ())
    assert missed(TrailChangeMonitoring, halves[0])[1] == ("CreateTrail", "UpdateTrail", "DeleteTrail")


# From the trail to the filter.


@pytest.mark.parametrize(
    "trails",
    [
        (),
        (trail(logging=False),),
        (trail(multi_region=False),),
        (trail(log_group=""),),
        (trail(selectors=(selector(writes=False),)),),
    ],
)
def test_filter_on_the_log_group_of_no_multi_region_trail_that_logs_matches_nothing(trails: tuple[Trail, ...]) -> None:
    seen = monitored(RootUseMonitoring, *trails, log_group(metric_filter(RootUseMonitoring.pattern, LOUD)))
    assert seen.missing == "no multi-Region trail that logs sends such events to CloudWatch Logs"
    assert seen.events == ("ConsoleLogin", "CreateAccessKey")


def test_events_that_the_trail_leaves_out_reach_no_filter() -> None:
    without = trail(selectors=(selector(without=("kms.amazonaws.com",)),))
    seen = monitored(KeyLossMonitoring, without, log_group(metric_filter(KeyLossMonitoring.pattern, LOUD)))
    assert seen.missing == "no multi-Region trail that logs sends such events to CloudWatch Logs"


def test_best_of_several_trails_counts() -> None:
    other = trail("other")
    group = log_group(metric_filter(RootUseMonitoring.pattern, LOUD), of=other)
    assert monitored(RootUseMonitoring, trail(log_group=""), other, log_group(), group).missing == ""


def test_place_for_a_filter_is_the_log_group_of_the_trail() -> None:
    seen = monitored(RootUseMonitoring, trail(), log_group())
    assert (seen.log_group, seen.home) == ("CloudTrail/all", "eu-west-1")
    nowhere = monitored(RootUseMonitoring)
    assert (nowhere.log_group, nowhere.home) == ("", "")


# From the filter to somebody.

QUIET = replace(LOUD, name="quiet", acts=False, told=False)
UNHEARD = replace(LOUD, name="unheard", told=False)
SLOW = replace(LOUD, name="slow", at_once=False)
FOREIGN = replace(LOUD, name="foreign", told=None)
MATH = replace(LOUD, name="math", at_once=None)


@pytest.mark.parametrize(
    ("alarms", "missing"),
    [
        ((), "no alarm watches the metric of the filter"),
        ((SLOW,), "one such event does not set off the alarm"),
        ((QUIET,), "the alarm has no action, or may not act"),
        ((UNHEARD,), "nobody confirmed a subscription to the topic of the alarm"),
        ((SLOW, QUIET, UNHEARD), "nobody confirmed a subscription to the topic of the alarm"),
        ((LOUD,), ""),
        ((UNHEARD, LOUD, FOREIGN, MATH), ""),
    ],
)
def test_best_alarm_of_a_filter_counts(alarms: tuple[Alarm, ...], missing: str) -> None:
    seen = monitored(RootUseMonitoring, trail(), log_group(metric_filter(RootUseMonitoring.pattern, *alarms)))
    assert seen.missing == missing
    assert seen.filters == (("f",) if missing else ())


@of_every_control
def test_alarm_may_wait_for_several_events_only_of_those_that_are_counted(kind: type[Monitoring]) -> None:
    seen = monitored(kind, trail(), log_group(metric_filter(kind.pattern, SLOW)))
    waits = kind in {DeniedCallMonitoring, FailedSignInMonitoring}
    assert seen.missing == ("" if waits else "one such event does not set off the alarm")


def test_best_of_several_filters_counts_for_each_event() -> None:
    silent = metric_filter("{ $.eventName = *Logging }", name="silent")
    heard = metric_filter("{ $.eventName = *Trail }", LOUD, name="heard")
    seen = monitored(TrailChangeMonitoring, trail(), log_group(silent, heard))
    assert seen.missing == "no alarm watches the metric of the filter"
    assert (seen.events, seen.filters) == (("StartLogging", "StopLogging"), ("silent",))


# What was not seen.


@pytest.mark.parametrize(
    ("alarm", "reason", "by_design"),
    [(FOREIGN, "foreign tells a topic of another account", True), (MATH, "math goes by metric math", False)],
)
def test_alarm_that_cannot_be_followed_leaves_it_open(alarm: Alarm, reason: str, *, by_design: bool) -> None:
    group = log_group(metric_filter(RootUseMonitoring.pattern, alarm))
    assert why(RootUseMonitoring, trail(), group) == Unavailable(reason=reason, inapplicable=by_design)


UNSURE = metric_filter("{ $.readOnly = false }", LOUD, name="unsure")
BROKEN = metric_filter("[a, b, c]", LOUD, name="broken")
NARROWED = metric_filter(RootUseMonitoring.pattern, LOUD, name="narrowed", narrowed=True)


@pytest.mark.parametrize(
    ("filter_", "reason"),
    [
        (UNSURE, "AWS does not document what the pattern of unsure matches here"),
        (BROKEN, "AWS does not document what the pattern of broken matches here"),
        (NARROWED, "narrowed sees other events than the trail writes"),
    ],
)
def test_filter_that_cannot_be_judged_leaves_it_open(filter_: MetricFilter, reason: str) -> None:
    assert why(RootUseMonitoring, trail(), log_group(filter_)) == Unavailable(reason=reason)
    heard = metric_filter(RootUseMonitoring.pattern, LOUD)
    assert monitored(RootUseMonitoring, trail(), log_group(filter_, heard)).missing == ""


@pytest.mark.parametrize("filter_", [UNSURE, BROKEN, NARROWED])
def test_filter_that_cannot_be_judged_and_tells_nobody_changes_nothing(filter_: MetricFilter) -> None:
    seen = monitored(RootUseMonitoring, trail(), log_group(replace(filter_, alarms=(UNHEARD,))))
    assert seen.missing == NO_FILTER


def test_log_group_that_was_not_seen_leaves_open_what_no_other_answers() -> None:
    other = trail("other")
    heard = log_group(metric_filter(RootUseMonitoring.pattern, LOUD), of=other)
    gaps = {"eu-west-1": DENIED}
    assert why(RootUseMonitoring, trail(), gaps=gaps) == DENIED
    assert why(PolicyChangeMonitoring, trail(), other, heard, gaps=gaps) == DENIED
    (seen,) = derived(RootUseMonitoring, trail(), other, heard, gaps=gaps).subjects
    assert seen.missing == ""


def test_log_group_that_nobody_asked_is_not_taken_for_an_empty_one() -> None:
    assert why(RootUseMonitoring, trail()).reason == "the trail's log group was not asked for its metric filters"


def test_log_group_of_another_account_is_a_gap_by_design() -> None:
    theirs = trail(account="999988887777")
    assert why(RootUseMonitoring, theirs) == Unavailable(
        reason="the trail delivers to a log group of the account 999988887777", inapplicable=True
    )


@pytest.mark.parametrize("scope", ["eu-west-1", trail("hidden").resource])
def test_trail_that_was_not_seen_leaves_open_what_no_other_answers(scope: str) -> None:
    heard = log_group(metric_filter(RootUseMonitoring.pattern, LOUD))
    gaps = {scope: DENIED}
    assert why(RootUseMonitoring, trail_gaps=gaps) == DENIED
    assert why(PolicyChangeMonitoring, trail(), heard, trail_gaps=gaps) == DENIED
    (seen,) = derived(RootUseMonitoring, trail(), heard, trail_gaps=gaps).subjects
    assert seen.missing == ""


def test_trail_whose_delivery_to_the_log_group_failed_tells_nobody_for_certain() -> None:
    failing = replace(trail(), log_failing="AccessDenied")
    heard = log_group(metric_filter(RootUseMonitoring.pattern, LOUD))
    reason = f"the last delivery of {failing.name} to its log group failed: AccessDenied"
    assert why(RootUseMonitoring, failing, heard) == Unavailable(reason=reason)
    assert monitored(PolicyChangeMonitoring, failing, heard).missing == NO_FILTER
