"""Of which events somebody is told: each is followed from the trail to the subscriber of an alarm's topic."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import partial

from auditor.core import sample_events
from auditor.core.derivation import Derivation, Made
from auditor.core.derived.trails import doubt, everywhere
from auditor.core.filter_pattern import PatternError, parse
from auditor.core.model import Observed, Unavailable
from auditor.core.sample_events import Event
from auditor.core.subjects.access_analyzer import EnabledRegion
from auditor.core.subjects.monitoring import (
    Alarm,
    DeniedCallMonitoring,
    FailedSignInMonitoring,
    MetricFilter,
    Monitoring,
    TrailLogGroup,
)
from auditor.core.subjects.trails import Trail, TrailHolder


class Step(IntEnum):
    """How far an event gets; `UNSEEN` may be any of the others."""

    RECORDED = 0
    DELIVERED = 1
    MATCHED = 2
    WATCHED = 3
    RAISED = 4
    SENT = 5
    UNSEEN = 6
    TOLD = 7


MISSING = {
    Step.RECORDED: "no multi-Region trail that logs sends such events to CloudWatch Logs",
    Step.DELIVERED: "no metric filter matches such events",
    Step.MATCHED: "no alarm watches the metric of the filter",
    Step.WATCHED: "one such event does not set off the alarm",
    Step.RAISED: "the alarm has no action, or may not act",
    Step.SENT: "nobody confirmed a subscription to the topic of the alarm",
}
"""What is missing for the next step."""

COUNTED = (DeniedCallMonitoring, FailedSignInMonitoring)
"""Of these one event means little: an alarm may wait for several."""

UNSURE = "AWS does not document what the pattern of {} matches here"
NARROWED = "{} sees other events than the trail writes"
MATH = "{} goes by metric math"
ELSEWHERE = "{} tells a topic of another account"
UNDELIVERED = "the last delivery of {} to its log group failed: {}"
NEVER_ASKED = Unavailable(reason="the trail's log group was not asked for its metric filters")
OF_ANOTHER = "the trail delivers to a log group of the account {}"
UNKNOWN = "the filters or alarms that may answer it were not seen"


@dataclass(frozen=True)
class Reach:
    """How far an event gets by one way, through which filter, and why no further than `UNSEEN`."""

    step: Step
    filter: str = ""
    why: Unavailable = Unavailable(reason=UNKNOWN)  # noqa: RUF009  (frozen)


@dataclass(frozen=True, kw_only=True)
class _Account:
    """What is known of one account's trails and of the filters on their log groups."""

    holder: TrailHolder
    trails: Sequence[Trail]
    groups: Mapping[str, TrailLogGroup]
    unseen: Mapping[str, Unavailable]
    hidden: Unavailable | None

    def reach(self, event: Event, *, counted: bool) -> list[Reach]:
        """Every way that the event takes, and none at all as the first."""
        ways = [Reach(Step.RECORDED)]
        ways += [Reach(Step.UNSEEN, why=self.hidden)] if self.hidden else []
        for trail in self.trails:
            if trail.log_group and trail.records(event):
                ways += [_doubted(way, trail) for way in self._through(trail.log_group, event, counted=counted)]
        return ways

    def _through(self, log_group: str, event: Event, *, counted: bool) -> Iterator[Reach]:
        group = self.groups.get(log_group)
        if group is None:
            yield Reach(Step.UNSEEN, why=self._why(log_group))
            return
        yield Reach(Step.DELIVERED)
        for it in group.filters:
            yield from self._matched(it, event, best(it, counted=counted))

    def _matched(self, it: MetricFilter, event: Event, reached: Reach) -> Iterator[Reach]:
        """The way through one filter, if it matches. What it matches is of no interest if nobody is told of it."""
        try:
            pattern = parse(it.pattern)
            matches = pattern.matches(event) and not pattern.matches(sample_events.innocuous(self.holder))
            doubtful = NARROWED if it.narrowed else ""
        except PatternError:
            matches, doubtful = True, UNSURE
        if doubtful and matches and reached.step >= Step.UNSEEN:
            yield Reach(Step.UNSEEN, it.name, Unavailable(reason=doubtful.format(it.name)))
        elif matches and not doubtful:
            yield reached

    def _why(self, log_group: str) -> Unavailable:
        _, _, _, region, account, *_ = log_group.split(":")
        if account != self.holder.resource:
            return Unavailable(reason=OF_ANOTHER.format(account), inapplicable=True)
        return self.unseen.get(region, NEVER_ASKED)


def _doubted(way: Reach, trail: Trail) -> Reach:
    """The way, unless the trail's last delivery failed: AWS does not say whether it tells of an error that is over."""
    if way.step is not Step.TOLD or not trail.log_failing:
        return way
    return Reach(Step.UNSEEN, way.filter, Unavailable(reason=UNDELIVERED.format(trail.name, trail.log_failing)))


def best(it: MetricFilter, *, counted: bool) -> Reach:
    """How far its best alarm brings what the filter matches."""
    reached = (_raised(alarm, counted=counted) for alarm in it.alarms)
    return replace(max((Reach(Step.MATCHED), *reached), key=lambda way: way.step), filter=it.name)


def _raised(alarm: Alarm, *, counted: bool) -> Reach:
    if alarm.at_once is False and not counted:
        return Reach(Step.WATCHED)
    if not alarm.acts:
        return Reach(Step.RAISED)
    if alarm.told is False:
        return Reach(Step.SENT)
    if alarm.told is None:
        return Reach(Step.UNSEEN, why=Unavailable(reason=ELSEWHERE.format(alarm.name), inapplicable=True))
    if alarm.at_once is None and not counted:
        return Reach(Step.UNSEEN, why=Unavailable(reason=MATH.format(alarm.name)))
    return Reach(Step.TOLD)


def monitoring(
    kind: type[Monitoring],
    holders: Observed[TrailHolder],
    trails: Observed[Trail],
    groups: Observed[TrailLogGroup],
    enabled: Observed[EnabledRegion] | Unavailable,
) -> Made:
    """Of which events of one control somebody is told; unseen if what was not seen may tell of the others."""
    found: list[Monitoring] = []
    gaps: dict[str, Unavailable] = {}
    for holder in holders.subjects:
        account = _Account(
            holder=holder,
            trails=everywhere(trails.subjects),
            groups={it.resource: it for it in groups.subjects},
            unseen=groups.gaps,
            hidden=doubt(trails, enabled),
        )
        made = _followed(kind, account)
        if isinstance(made, Unavailable):
            gaps[holder.resource] = made
        else:
            found.append(made)
    return Made(found, gaps)


def _followed(kind: type[Monitoring], account: _Account) -> Monitoring | Unavailable:
    """The step that the events get to which get least far, and which these are."""
    events = sample_events.OF_CONTROL[kind](account.holder)
    ways = {name: account.reach(event, counted=kind in COUNTED) for name, event in events.items()}
    furthest = {name: max(it, key=lambda way: way.step) for name, it in ways.items()}
    least = min(furthest.values(), key=lambda way: way.step)
    if least.step is Step.UNSEEN:
        return least.why
    left = {} if least.step is Step.TOLD else {n: it for n, it in furthest.items() if it.step is least.step}
    log_group, home = _place(account)
    return kind(
        resource=account.holder.resource,
        uid="account",
        missing=MISSING.get(least.step, ""),
        events=tuple(left),
        filters=tuple(sorted({it.filter for it in left.values() if it.filter})),
        log_group=log_group,
        home=home,
    )


def _place(account: _Account) -> tuple[str, str]:
    """Name and Region of the log group that a filter belongs on; empty if there is none."""
    own = [it.log_group.split(":") for it in account.trails if it.log_group in account.groups]
    return (own[0][6], own[0][3]) if own else ("", "")


def _of(kind: type[Monitoring]) -> Callable[..., Made]:
    return partial(monitoring, kind)


DERIVATIONS = tuple(
    Derivation(kind, (TrailHolder, Trail, TrailLogGroup), _of(kind), uses=(EnabledRegion,))
    for kind in sample_events.OF_CONTROL
)
