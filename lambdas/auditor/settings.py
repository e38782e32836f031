"""The only reader of the environment and of the clock, and the shape of what a deployment may set."""

import os
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Json, PlainSerializer, PlainValidator, ValidationError, create_model

from auditor.core.check import Limits


class SettingsError(ValueError):
    """A setting that is missing or wrong; the message names it."""


def now() -> datetime:
    """The present moment in UTC, in whole seconds: as exact as AWS dates its own answers."""
    return datetime.now(tz=UTC).replace(microsecond=0)


LONGEST = 3650


def _days(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LONGEST:
        raise ValueError(f"a whole number of days from 1 to {LONGEST} is expected")
    return timedelta(days=value)


Days = Annotated[timedelta, PlainValidator(_days), PlainSerializer(lambda duration: duration.days)]
Count = Annotated[int, Field(ge=0, le=128)]
TYPES: dict[Any, Any] = {timedelta: Days, int: Count}


class Strict(BaseModel):
    """Base of settings: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SETTABLE: dict[str, Any] = {limit.name: (TYPES[limit.type], limit.default) for limit in fields(Limits)}
LimitSettings: Any = create_model("LimitSettings", __base__=Strict, **SETTABLE)
"""`Limits` as a deployment gives them: times in whole days."""


class Slack(Strict):
    """A Slack channel whose workspace is authorized in Amazon Q Developer in chat applications."""

    workspace: Annotated[str, Field(pattern=r"^[A-Z0-9]{6,}$")]
    channel: Annotated[str, Field(pattern=r"^[A-Z0-9]{6,}$")]


class Deployment(Strict):
    """What `cdk.json` may set under ``auditor``; every key has a default."""

    schedule: Annotated[str, Field(pattern=r"^(rate|cron)\(.+\)$")] = "cron(0 6 * * ? *)"
    timezone: str = "UTC"
    emails: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]] = []
    limits: LimitSettings = LimitSettings()
    silence_hours: Annotated[int, Field(ge=2, le=168)] = 26
    evidence_days: Annotated[int, Field(ge=400, le=3653)] = 1096
    slack: Slack | None = None

    def limits_json(self) -> str:
        """The limits as the audit function is told them."""
        return str(self.limits.model_dump_json())


class AuditSettings(BaseModel):
    """What the audit function is told; each field is the environment variable of its name in capitals."""

    table_name: str
    evidence_bucket: str
    limits: Json[LimitSettings]

    def checked_limits(self) -> Limits:
        """The limits as the checks take them."""
        return Limits(**dict(self.limits))


class NotifySettings(BaseModel):
    """What the notify function is told; each field is the environment variable of its name in capitals."""

    text_topic_arn: str
    chat_topic_arn: str
    events_topic_arn: str


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
    given = "" if error["type"] == "missing" else f" (given: {error['input']!r})"
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}{given}"


def environment(shape: type[BaseModel], values: Mapping[str, str]) -> dict[str, str]:
    """The environment that tells a deployed function its settings, given by field. Raises KeyError if one lacks."""
    return {field.upper(): values[field] for field in shape.model_fields}


def from_environment(shape: type[SettingsT]) -> SettingsT:
    """The settings of a deployed function. Raises SettingsError as `validated` does, with the variables' names."""
    try:
        return validated(shape, {name.lower(): value for name, value in os.environ.items()})
    except SettingsError as error:
        raise SettingsError(re.sub(r"^\w+", lambda name: name[0].upper(), str(error), flags=re.MULTILINE)) from error
