"""The words that settings are made of: durations, names, ids, and what is wrong with a text that is none."""

import re
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator
from pydantic_core import InitErrorDetails, PydanticCustomError

from auditor.core.check import Severity

LONGEST = 3650


def _days(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LONGEST:
        raise ValueError(f"a whole number of days from 1 to {LONGEST} is expected")
    return timedelta(days=value)


def _severity(value: Any) -> Severity:
    if isinstance(value, Severity):
        return value
    if value not in Severity.__members__:
        raise ValueError(f"one of {', '.join(Severity.__members__)} is expected")
    return Severity[value]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("a time zone's name is expected, such as Europe/Berlin") from None
    return name


SECRET = re.compile(r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}")
QUIET = "quiet"
"""Type of the errors that do not repeat what was given."""


def _secret(arn: str) -> str:
    if not SECRET.fullmatch(arn):
        # Perhaps it is the secret itself.
        raise PydanticCustomError(QUIET, "the whole ARN of a Secrets Manager secret is expected")
    return arn


Days = Annotated[timedelta, PlainValidator(_days), PlainSerializer(lambda duration: duration.days)]
Count = Annotated[int, Field(ge=0, le=128)]
SeverityName = Annotated[Severity, PlainValidator(_severity), PlainSerializer(lambda severity: severity.name)]
Timezone = Annotated[str, AfterValidator(_zone)]
ChannelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
SlackId = Annotated[str, Field(pattern=r"^[A-Z0-9]{6,}$")]
AccountId = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
UnitId = Annotated[str, Field(pattern=r"^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$")]
TagKey = Annotated[str, Field(min_length=1, max_length=128)]
SecretArn = Annotated[str, AfterValidator(_secret)]
Named = Annotated[str, Field(min_length=1, max_length=256)]
Names = Annotated[tuple[Named, ...], Field(max_length=200)]


class Strict(BaseModel):
    """Base of settings: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def fault(where: str, what: str) -> InitErrorDetails:
    """What is wrong at a place such as ``channels.web``, for a ValidationError."""
    # The message is a template, in which what a setting says would be a placeholder.
    error = PydanticCustomError(QUIET, "{what}", {"what": what})
    return InitErrorDetails(type=error, loc=tuple(where.split(".")), input=None)
