"""CloudTrail's trails, and what they record of the account and of each Region."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.core.model import Subject


@dataclass(frozen=True, kw_only=True)
class FieldSelector:
    """What a field of an event must be, or must not be, for an event selector to take the event.

    `field` is its path (``eventSource``, ``userIdentity.arn``); `readOnly` compares as ``true`` or ``false``.
    """

    field: str
    equals: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    not_equals: tuple[str, ...] = ()
    not_starts: tuple[str, ...] = ()
    not_ends: tuple[str, ...] = ()

    def takes(self, event: Mapping[str, Any]) -> bool:
        """Whether the event's field is as it must be; a missing field is like an empty one."""
        value = _text(event, self.field)
        wanted = (self.equals, self.starts, self.ends)
        among = value in self.equals or value.startswith(self.starts) or value.endswith(self.ends)
        barred = value in self.not_equals or value.startswith(self.not_starts) or value.endswith(self.not_ends)
        return (among or not any(wanted)) and not barred


def _text(event: Mapping[str, Any], path: str) -> str:
    node: Any = event
    for name in path.split("."):
        node = node.get(name) if isinstance(node, Mapping) else None
    return str(node).lower() if isinstance(node, bool) else str(node or "")


@dataclass(frozen=True, kw_only=True)
class TrailHolder(Subject):
    """The account as the holder of its trails: there is one even where there is no trail."""

    aws_type = "AwsAccount"
    partition: str


@dataclass(frozen=True, kw_only=True)
class Trail(Subject):
    """A trail that records the account's events; `region` is its home.

    `own` is False for the organization's trail in a member account, which can only look at it. `log_group` is the ARN
    of the log group that it delivers to, without the ``:*`` at its end, empty if there is none; `failing` the error of
    its last delivery to the bucket, `log_failing` that to the log group. An event is recorded if all fields of one of
    the `selectors` take it.
    """

    aws_type = "AWS::CloudTrail::Trail"
    name: str
    own: bool
    organization: bool
    multi_region: bool
    global_events: bool
    logging: bool
    validated: bool
    log_group: str = ""
    failing: str = ""
    log_failing: str = ""
    selectors: tuple[tuple[FieldSelector, ...], ...]

    def records(self, event: Mapping[str, Any]) -> bool:
        """Whether it records such an event, in the Regions that it covers and while it logs."""
        return any(all(field.takes(event) for field in selector) for selector in self.selectors)


@dataclass(frozen=True, kw_only=True)
class AccountTrails(Subject):
    """The account with its multi-Region trails that log, by name.

    `unrecorded` are the management events that none of them records: ``reads``, ``writes``, ``kms.amazonaws.com``, ….
    """

    aws_type = "AwsAccount"
    multi_region: tuple[str, ...]
    unrecorded: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RecordedRegion(Subject):
    """An enabled Region with the names of the trails that log the changes made in it."""

    aws_type = "AwsRegion"
    trails: tuple[str, ...]

    @property
    def name(self) -> str:
        """The Region's name."""
        return self.resource
