"""The declaration of a check: a question about one subject, with all that is known about it."""

import inspect
import re
import shlex
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from enum import Enum, IntEnum
from typing import Any, Self, TypeVar

from auditor.core.model import Subject
from auditor.core.scopes import Scope

S = TypeVar("S", bound=Subject)


class Severity(IntEnum):
    """How bad a problem is; ordered, so that ``max`` and ``>=`` mean what they say."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


class Because(Enum):
    """Why a problem is worse, or less bad, than its check says; and by how many steps of severity.

    However many reasons there are to raise it, a severity is raised by one step, and lowered likewise.
    """

    ADMINISTRATOR = ("an administrator holds it", 1)
    ROOT = ("it is the root user's", 1)
    OUTSIDE = ("it is open to the outside", 1)
    EVERLASTING = ("it never ends", 1)
    SENSITIVE = ("the security of everything else rests on it", 1)
    OLD_KEY = ("an old access key opens it", 1)
    NO_MFA = ("nothing but a password or key protects it", 1)
    GUARDED = ("a service control policy denies its use", -1)

    @property
    def words(self) -> str:
        """The reason, as a sentence goes on after "because"."""
        return self.value[0]

    @property
    def step(self) -> int:
        """By how much it moves the severity."""
        return self.value[1]


@dataclass(frozen=True)
class Unsure:
    """A reason of which the evidence does not tell whether it holds: what was known of it before goes on."""

    of: Because


def reasons(given: Mapping[Because, bool | None]) -> tuple[Because | Unsure, ...]:
    """Those that hold, and those of which that is not known (None)."""
    return tuple(Unsure(why) if holds is None else why for why, holds in given.items() if holds is not False)


def adjusted(severity: Severity, because: Iterable[Because]) -> Severity:
    """The severity one step up if anything raises it, and one step down if anything lowers it."""
    steps = {it.step for it in because}
    return Severity(min(max(severity + sum(steps), Severity.INFO), Severity.CRITICAL))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Thresholds of the checks, in whole days where they are times, and the lists that some of them go by.

    A key exactly `key_age` old is fine. A check that goes by an empty list has nothing to say.
    """

    key_age: timedelta = timedelta(days=90)
    key_idle: timedelta = timedelta(days=45)
    key_grace: timedelta = timedelta(days=7)
    password_age: timedelta = timedelta(days=90)
    password_idle: timedelta = timedelta(days=45)
    user_idle: timedelta = timedelta(days=90)
    role_idle: timedelta = timedelta(days=90)
    policy_idle: timedelta = timedelta(days=90)
    service_idle: timedelta = timedelta(days=90)
    bedrock_idle: timedelta = timedelta(days=60)
    sagemaker_idle: timedelta = timedelta(days=90)
    root_use: timedelta = timedelta(days=90)
    certificate_notice: timedelta = timedelta(days=30)
    password_length: int = 14
    password_reuse: int = 24
    allowed_regions: tuple[str, ...] = ()
    delegated_administrators: tuple[str, ...] = ()
    known_accounts: tuple[str, ...] = ()
    forbidden_policies: tuple[str, ...] = ()
    required_policies: tuple[str, ...] = ()
    required_role_policies: tuple[str, ...] = ()
    required_tags: tuple[str, ...] = ()
    oidc_audiences: tuple[str, ...] = ()
    owned_kinds: tuple[str, ...] = ()

    def replaced(self, others: Mapping[str, Any]) -> Self:
        """These limits, but the given ones instead; a name that no limit has any more is ignored."""
        known = {limit.name for limit in fields(self)}
        return replace(self, **{name: value for name, value in others.items() if name in known})


SCOPES = "scopes"
"""The setting that checks of managed entities go by."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a check may know besides its subject: the audit's clock, the limits and the managed scopes.

    `severities` are those that the deployment gives to checks instead of their own, by the check's id. `scopes` are as
    they are for the audited account.
    """

    now: datetime
    limits: Limits = field(default_factory=Limits)
    severities: Mapping[str, Severity] = field(default_factory=dict)
    scopes: tuple[Scope, ...] = ()

    def has(self, setting: str) -> bool:
        """Whether the deployment sets it: the scopes, or a list among the limits. No setting at all is always set."""
        return not setting or bool(self.scopes if setting == SCOPES else getattr(self.limits, setting))

    def age(self, since: datetime) -> timedelta:
        """Whole days from `since` to the audit's clock: what is judged is what is said."""
        return timedelta(days=(self.now - since).days)


@dataclass(frozen=True)
class Problem:
    """What is wrong with a subject.

    `reason` is one sentence for a person. `evidence` is what the problem consists of, in values that stay the same
    while the problem does (dates, never ages): a different value is a changed finding. `discriminator` tells two
    problems of one check with one subject apart. `because` are reasons to raise or lower the severity, of those that
    the check declares. `scopes` are managed scopes that it is about, besides those that the subject is in.
    """

    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    discriminator: str = ""
    because: tuple[Because | Unsure, ...] = ()
    scopes: tuple[str, ...] = ()


Problems = Iterable[Problem]


class ShellFormatter(string.Formatter):
    """Formats a fix as a shell command: every value is one quoted word, whatever it contains."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Quote the formatted value for a POSIX shell."""
        return shlex.quote(str(super().format_field(value, format_spec)))


@dataclass(frozen=True, kw_only=True)
class Check:
    """A declared check. `kind` is the subject it asks about, read off the judging function.

    `because` are the reasons by which it may raise or lower its severity. `setting` is what it has nothing to say
    without: a list among the limits, or ``scopes``; empty if it needs none.
    """

    id: str
    title: str
    rationale: str
    severity: Severity
    controls: tuple[str, ...]
    fix: str
    kind: type[Subject]
    judge: Callable[[Any, Context], Problems]
    formerly: tuple[str, ...] = ()
    because: tuple[Because, ...] = ()
    setting: str = ""

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
    severity: Severity,
    *,
    controls: tuple[str, ...],
    fix: str,
    because: tuple[Because, ...] = (),
    setting: str = "",
    formerly: tuple[str, ...] = (),
) -> Callable[[Callable[[S, Context], Problems]], Check]:
    """Declare a check: the function's name is its id, its docstring a title and why it matters.

    `fix` is a reversible command, or what to do where no command does it; ``{it.…}`` are the subject's fields.
    `because` are the reasons by which it may raise or lower the severity, `setting` the list of the limits, or
    ``scopes``, that it goes by, and `formerly` the ids that it had before, oldest first.
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
            because=because,
            setting=setting,
        )

    return declare


def day(moment: date) -> str:
    """A moment as the day it fell on, for sentences: ``2026-11-21``."""
    return f"{moment:%Y-%m-%d}"
