"""The actions in an answer about what a principal used last, where it was asked for with ACTION_LEVEL granularity.

An audit asks for services alone; whoever saves an answer with its actions gets more out of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field

from auditor.aws.source import Moment, Shape, validated


class TrackedAction(Shape):
    """An entry of TrackedActionsLastAccessed."""

    name: str = Field(alias="ActionName")
    last_used: Moment | None = Field(alias="LastAccessedTime", default=None)


class Service(Shape):
    """An entry of ServicesLastAccessed."""

    namespace: str = Field(alias="ServiceNamespace")
    actions: list[TrackedAction] = Field(alias="TrackedActionsLastAccessed", default=[])


class Told(Shape):
    """The answer about one principal; ours are whole, a saved one may not be."""

    arn: str = Field(alias="Arn")
    generated: Moment = Field(alias="JobCompletionDate")
    status: str = Field(alias="JobStatus", default="COMPLETED")
    truncated: bool = Field(alias="IsTruncated", default=False)
    services: list[Service] = Field(alias="ServicesLastAccessed")


class Listing(Shape):
    """The answers about all principals."""

    told: list[Told] = Field(alias="LastAccessed")


@dataclass(frozen=True, kw_only=True)
class Tracked:
    """The actions that AWS tracks of each service, by namespace and name, and the last attempt at each.

    `lacking` says why the answer is not the whole one; empty if it is.
    """

    actions: Mapping[str, Mapping[str, datetime | None]]
    lacking: str = ""


def tracked(raw: Any, arn: str) -> Tracked:
    """What the newest answer about the principal says. Raises MalformedEvidenceError if one cannot be read."""
    answers = (it for it in validated(Listing, raw).told if it.arn == arn)
    newest = max(answers, key=lambda it: it.generated, default=None)
    if newest is None:
        return Tracked(actions={}, lacking="AWS was not asked what it used last")
    actions: dict[str, dict[str, datetime | None]] = {}
    for service in newest.services:
        if service.actions:
            named = {it.name: it.last_used for it in service.actions}
            actions.setdefault(service.namespace.lower(), {}).update(named)
    return Tracked(actions=actions, lacking=_lacking(newest))


def _lacking(told: Told) -> str:
    if told.status != "COMPLETED":
        return f"the job that tells what it used last is {told.status}"
    return "the answer is only the first page of what it used last" if told.truncated else ""
