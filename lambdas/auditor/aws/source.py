"""What a source is: one kind of answer that AWS gives about an account, how to ask for it and how to read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, ValidationError, model_validator

from auditor.aws.session import Aws
from auditor.core.model import Gaps, Owner, Subject


class MalformedEvidenceError(ValueError):
    """An answer that cannot be read; `place` says where in it."""

    def __init__(self, place: str, what: str) -> None:
        """For example ``MalformedEvidenceError("line 3, column arn", "is empty")``."""
        self.place = place
        super().__init__(f"{place}: {what}")


class Shape(BaseModel):
    """Base of the shapes of answers: what AWS adds is ignored, what is missing is an error, null is missing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, raw: Any) -> Any:
        optional = {field.alias or name for name, field in cls.model_fields.items() if not field.is_required()}
        if not isinstance(raw, dict):
            return raw
        return {key: value for key, value in raw.items() if value is not None or key not in optional}


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the date is out of range") from error


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A time with its offset, as UTC."""

ShapeT = TypeVar("ShapeT", bound=BaseModel)


def validated(shape: type[ShapeT], raw: Any) -> ShapeT:
    """`raw` in the given shape. Raises MalformedEvidenceError with the place of the first error."""
    try:
        return shape.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
        raise MalformedEvidenceError(place or "the document", first["msg"]) from error


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a source brought: plain API output, when AWS made it if that was earlier, and the Regions without answer."""

    raw: Any
    made_at: datetime | None = None
    gaps: Gaps = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The subjects in an answer, and for each kind of them what the answer itself says it could not see."""

    subjects: list[Subject]
    gaps: Mapping[type[Subject], Gaps] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Source:
    """One source. `needs` names the sources whose raw answers `gather` gets; `actions` are all that it may call.

    One that `remembers` also gets its own last answer, under its own name, if there is one.
    """

    name: str
    actions: tuple[str, ...]
    kinds: tuple[type[Subject], ...]
    gather: Callable[[Aws, Mapping[str, Any]], Asked]
    read: Callable[[Any, Owner], Reading]
    needs: tuple[str, ...] = ()
    remembers: bool = False
    suffix: str = "json"

    @property
    def filename(self) -> str:
        """Name of the source's file in an evidence folder."""
        return f"{self.name}.{self.suffix}"
