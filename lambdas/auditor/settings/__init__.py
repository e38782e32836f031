"""The only reader of the environment and of the clock, and the shape of what a deployment may set.

`cdk.json` sets a `Deployment`; the asset carries it, checked, in a file. A function's environment has only the names of
what the stack made, because Lambda takes no more than 4 KB of it.
"""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from auditor.core import telling
from auditor.core.check import Limits, Severity
from auditor.core.evidence import Refresh
from auditor.core.standards import Standards
from auditor.settings.accounts import AccountsSettings
from auditor.settings.judging import CheckId, LimitSettings, OverrideSettings, ScopeName, ScopeSettings, contested
from auditor.settings.words import (
    QUIET,
    AccountId,
    ChannelName,
    Days,
    Email,
    SecretArn,
    SeverityName,
    SlackId,
    TagKey,
    Timezone,
    UnitId,
    fault,
)

DEPLOYED = Path(__file__).parents[1] / "deployment.json"
"""Where the asset has the settings of its deployment."""

DEFAULT_CHANNEL = telling.DEFAULT_CHANNEL
"""The channel that every deployment has."""


class SettingsError(ValueError):
    """A setting that is missing or wrong; the message names it."""


def now() -> datetime:
    """The present moment in UTC, in whole seconds: as exact as AWS dates its own answers."""
    return datetime.now(tz=UTC).replace(microsecond=0)


class Slack(BaseModel, frozen=True, extra="forbid"):
    """A Slack channel whose workspace is authorized in Amazon Q Developer in chat applications."""

    workspace: SlackId
    channel: SlackId


class ChannelSettings(BaseModel, frozen=True, extra="forbid"):
    """Who is told by a channel, and of which accounts: by their ids, by a tag, or by a unit somewhere above them.

    `webhook_secret` is the ARN of a Secrets Manager secret whose string is the URL of a Slack incoming webhook.
    """

    emails: list[Email] = []
    slack: Slack | None = None
    webhook_secret: SecretArn | None = None
    accounts: list[AccountId] = []
    tags: dict[TagKey, str] = {}
    organizational_units: list[UnitId] = []

    @property
    def matchers(self) -> dict[str, list[str]]:
        """What it is the channel of, by the setting that says so; empty lists for the default channel."""
        tags = [f"{key}={value}" for key, value in self.tags.items()]
        return {"accounts": self.accounts, "tags": tags, "organizational_units": self.organizational_units}


class AlertSettings(BaseModel, frozen=True, extra="forbid"):
    """What is told at once, and when the rest is; hours of the day are in the deployment's time zone.

    A critical finding that nobody acknowledged in `escalate_after_hours` is told again, to the channel `escalate_to`.
    """

    immediate: SeverityName = Severity.HIGH
    digest_hour: Annotated[int, Field(ge=0, le=23)] = 8
    quiet_digest: bool = False
    escalate_after_hours: Annotated[int, Field(ge=1, le=720)] = 24
    escalate_to: str = DEFAULT_CHANNEL


class LastAccessedSettings(BaseModel, frozen=True, extra="forbid"):
    """How many users and roles a run asks which services they used last, and for how many days an answer holds.

    Each costs two calls. With 0 nobody is asked.
    """

    principals_a_run: Annotated[int, Field(ge=0, le=2000)] = 200
    days: Days = timedelta(days=7)


class Deployment(BaseModel, frozen=True, extra="forbid"):
    """What `cdk.json` may set under ``auditor``; every key has a default."""

    schedule: Annotated[str, Field(pattern=r"^(rate|cron)\(.+\)$")] = "cron(0 6 * * ? *)"
    timezone: Timezone = "UTC"
    accounts: AccountsSettings = AccountsSettings()
    channels: dict[ChannelName, ChannelSettings] = {DEFAULT_CHANNEL: ChannelSettings()}
    alerts: AlertSettings = AlertSettings()
    last_accessed: LastAccessedSettings = LastAccessedSettings()
    limits: LimitSettings = LimitSettings()
    severities: dict[CheckId, SeverityName] = {}
    overrides: list[OverrideSettings] = []
    scopes: dict[ScopeName, ScopeSettings] = {}
    silence_hours: Annotated[int, Field(ge=2, le=168)] = 26
    evidence_days: Annotated[int, Field(ge=400, le=3653)] = 1096

    @model_validator(mode="after")
    def _nothing_is_said_twice(self) -> Self:
        faults = [*_lacking(self.channels), *_ambiguous(self.channels), *contested(self.overrides)]
        if self.alerts.escalate_to not in {DEFAULT_CHANNEL, *self.channels}:
            faults.append(fault("alerts.escalate_to", f"there is no channel {self.alerts.escalate_to!r}"))
        if faults:
            raise ValidationError.from_exception_data(type(self).__name__, faults)
        return self

    def routes(self) -> tuple[telling.Channel, ...]:
        """The channels as news find their way to them, in the order of the settings, the default one among them."""
        return tuple(
            telling.Channel(
                name=name,
                accounts=frozenset(it.accounts),
                tags=it.tags,
                units=frozenset(it.organizational_units),
            )
            for name, it in self.channels.items()
        )

    def standards(self) -> Standards:
        """What accounts are judged by, as the checks take it; whether the checks named there exist is not asked."""
        return Standards(
            limits=Limits(**dict(self.limits)),
            severities=self.severities,
            overrides=tuple(it.override() for it in self.overrides),
            scopes=tuple(it.scope(name) for name, it in self.scopes.items()),
        )

    def refresh(self) -> Refresh:
        """How the sources that ask for each principal spread it over the runs."""
        return Refresh(a_run=self.last_accessed.principals_a_run, after=self.last_accessed.days)

    def alert_at(self) -> Severity:
        """The least severity that is told at once."""
        return self.alerts.immediate


def _lacking(channels: Mapping[str, ChannelSettings]) -> Iterator[InitErrorDetails]:
    """What is the matter with channels one by one."""
    if DEFAULT_CHANNEL not in channels:
        yield fault("channels", f"{DEFAULT_CHANNEL!r} is missing: it is told of what no other channel is")
    for name, channel in channels.items():
        given = [setting for setting, values in channel.matchers.items() if values]
        if name == DEFAULT_CHANNEL and given:
            yield fault(f"channels.{name}", f"takes no {' and no '.join(given)}: it is told of what no other is")
        if name != DEFAULT_CHANNEL and not given:
            yield fault(f"channels.{name}", f"is told of nothing: it needs {' or '.join(channel.matchers)}")


def _ambiguous(channels: Mapping[str, ChannelSettings]) -> Iterator[InitErrorDetails]:
    """What two channels would be told of by the same word."""
    claims = defaultdict[tuple[str, str], list[str]](list)
    for name, channel in channels.items():
        for setting, values in channel.matchers.items():
            for value in values:
                claims[setting, value].append(name)
    for (setting, value), (first, *others) in claims.items():
        for name in others:
            yield fault(f"channels.{name}.{setting}", f"{value} is named by {first!r} already")


class AuditSettings(BaseModel):
    """What the audit function is told; each field is the environment variable of its name in capitals."""

    table_name: str
    evidence_bucket: str


class PlanSettings(AuditSettings):
    """What the function that plans a run is told; as the audit function."""


class SummariseSettings(AuditSettings):
    """What the function that sums a run up is told; as the audit function."""


class NotifySettings(BaseModel):
    """What the notify function is told; each field is the environment variable of its name in capitals."""

    table_name: str
    events_topic_arn: str
    bus_name: str


class TellSettings(BaseModel):
    """What the tell function is told: the topics of the default channel; others have its name at their end."""

    table_name: str
    text_topic_arn: str
    chat_topic_arn: str


SettingsT = TypeVar("SettingsT", bound=BaseModel)


def validated(shape: type[SettingsT], given: Mapping[str, Any]) -> SettingsT:
    """`given` in the given shape. Raises SettingsError with a line for each key that is missing, unknown or wrong."""
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        lines = [_line(it) for it in error.errors(include_url=False)]
        raise SettingsError("\n".join(lines)) from error


def _line(error: Any) -> str:
    """The setting and what is wrong; a missing one's input would be everything around it."""
    given = "" if error["type"] in {"missing", QUIET} else f" (given: {error['input']!r})"
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}{given}"


def deployment() -> Deployment:
    """The settings that the asset carries, the defaults where it carries none. Raises SettingsError as `validated`."""
    return validated(Deployment, json.loads(DEPLOYED.read_bytes())) if DEPLOYED.exists() else Deployment()


def deployment_json(settings: Deployment) -> str:
    """Settings as the asset carries them: the same text for the same settings."""
    return f"{settings.model_dump_json(indent=2)}\n"


def environment(shape: type[BaseModel], values: Mapping[str, str]) -> dict[str, str]:
    """The environment that tells a deployed function its settings, given by field. Raises KeyError if one lacks."""
    return {field.upper(): values[field] for field in shape.model_fields}


def from_environment(shape: type[SettingsT]) -> SettingsT:
    """The settings of a deployed function. Raises SettingsError as `validated` does, with the variables' names."""
    try:
        return validated(shape, {name.lower(): value for name, value in os.environ.items()})
    except SettingsError as error:
        raise SettingsError(re.sub(r"^\w+", lambda name: name[0].upper(), str(error), flags=re.MULTILINE)) from error
