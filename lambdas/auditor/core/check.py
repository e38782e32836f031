"""The declaration of a check: a question about one subject, with all that is known about it."""

import inspect
import re
import shlex
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Any, TypeVar

from auditor.core.model import Subject

S = TypeVar("S", bound=Subject)


class Severity(IntEnum):
    """How bad a problem is; ordered, so that ``max`` and ``>=`` mean what they say."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Thresholds of the checks, in whole days where they are times. A key exactly `key_age` old is fine."""

    key_age: timedelta = timedelta(days=90)
    key_idle: timedelta = timedelta(days=45)
    password_idle: timedelta = timedelta(days=45)
    role_idle: timedelta = timedelta(days=90)
    root_use: timedelta = timedelta(days=90)
    password_length: int = 14
    password_reuse: int = 24


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a check may know besides its subject: the audit's clock and the limits."""

    now: datetime
    limits: Limits = field(default_factory=Limits)

    def age(self, since: datetime) -> timedelta:
        """Whole days from `since` to the audit's clock: what is judged is what is said."""
        return timedelta(days=(self.now - since).days)


@dataclass(frozen=True)
class Problem:
    """What is wrong with a subject.

    `reason` is one sentence for a person. `evidence` is what the problem consists of, in values that stay the same
    while the problem does (dates, never ages): a different value is a changed finding. `discriminator` tells two
    problems of one check with one subject apart.
    """

    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    discriminator: str = ""


Problems = Iterable[Problem]


class ShellFormatter(string.Formatter):
    """Formats a fix as a shell command: every value is one quoted word, whatever it contains."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Quote the formatted value for a POSIX shell."""
        return shlex.quote(str(super().format_field(value, format_spec)))


@dataclass(frozen=True, kw_only=True)
class Check:
    """A declared check. `kind` is the subject it asks about, read off the judging function."""

    id: str
    title: str
    rationale: str
    severity: Severity
    controls: tuple[str, ...]
    fix: str
    kind: type[Subject]
    judge: Callable[[Any, Context], Problems]
    formerly: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """The name that its findings' ids are made of: the first it had, so that they outlive a new one."""
        return self.formerly[0] if self.formerly else self.id

    @property
    def fix_shape(self) -> str:
        """The fix for people: ``<name>`` where a subject's value belongs."""
        parts = string.Formatter().parse(self.fix)
        return "".join(text + (f"<{field.removeprefix('it.')}>" if field else "") for text, field, _, _ in parts)

    def fix_for(self, subject: Subject) -> str:
        """The fix with the subject's values in it, each quoted for a shell."""
        return ShellFormatter().format(self.fix, it=subject)


def check(
    severity: Severity, *, controls: tuple[str, ...], fix: str, formerly: tuple[str, ...] = ()
) -> Callable[[Callable[[S, Context], Problems]], Check]:
    """Declare a check: the function's name is its id, its docstring a title and why it matters.

    `fix` is a reversible command, or what to do where no command does it; ``{it.…}`` are the subject's fields.
    `formerly` are the ids that it had before, oldest first.
    Raises ValueError where the docstring lacks the title or the reason.
    """

    def declare(judge: Callable[[S, Context], Problems]) -> Check:
        title, _, rationale = inspect.cleandoc(judge.__doc__ or "").partition("\n\n")
        if not (title and rationale):
            raise ValueError(
                f"{judge.__name__}: the docstring needs a title, an empty line and the reason why it matters"
            )
        subject, *_ = inspect.signature(judge).parameters.values()
        return Check(
            id=judge.__name__.replace("_", "-"),
            title=title.removesuffix("."),
            rationale=re.sub(r"\s+", " ", rationale),
            severity=severity,
            controls=controls,
            fix=fix,
            kind=subject.annotation,
            judge=judge,
            formerly=formerly,
        )

    return declare


def day(moment: date) -> str:
    """A moment as the day it fell on, for sentences: ``2026-11-21``."""
    return f"{moment:%Y-%m-%d}"
