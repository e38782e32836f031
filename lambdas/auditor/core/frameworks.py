"""Frameworks: every control is answered from one evidence, and none of them is left out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from auditor.core.check import Check, Context, Limits
from auditor.core.evaluate import Evaluation, Finding, evaluate
from auditor.core.model import AccountSnapshot, Owner
from auditor.core.parameters import limits_read

LONGEST_WHY = 4000


class Answer(Enum):
    """What can be said of a control, and in which words."""

    PROBLEM = "problem"
    NOT_SEEN = "not seen"
    FINE = "fine"
    MANUAL = "manual"
    ELSEWHERE = "not this tool's"


@dataclass(frozen=True)
class Note:
    """The answer of a control that no check answers.

    `text` says what a person looks at and where (MANUAL), or why this tool does not tell it (ELSEWHERE).
    """

    answer: Answer
    text: str


UNANSWERED = Note(Answer.MANUAL, "no check answers it, and nothing says yet what to look at")


@dataclass(frozen=True, kw_only=True)
class Control:
    """A control by its versioned id (``cis-5.0/1.13``), in our words.

    `limits` are the thresholds that it prescribes itself: it is judged by them, whatever the deployment's are. A MANUAL
    `note` beside checks is what they leave open: they may find a problem, and never say that the control is fine.
    `checks` are those that answer it without naming it themselves; of `types`, if it has any, is all that it is about.
    """

    id: str
    title: str
    limits: Mapping[str, Any] = field(default_factory=dict)
    note: Note = UNANSWERED
    checks: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    @property
    def framework(self) -> str:
        """The framework's name, with its edition."""
        return self.id.partition("/")[0]

    @property
    def number(self) -> str:
        """What the framework itself calls the control."""
        return self.id.partition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A control and its answer.

    `checks` are the ids of all that name the control, `examined` how many subjects they looked at, and `findings` what
    they found by the control's own limits.
    """

    control: Control
    answer: Answer
    why: str
    checks: tuple[str, ...] = ()
    examined: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answer of each control that was asked for, in the order in which they were."""

    owner: Owner
    evidence_at: datetime
    answered: tuple[Answered, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all controls, once for each control that has them."""
        return tuple(finding for it in self.answered for finding in it.findings)

    @property
    def counts(self) -> dict[Answer, int]:
        """How many controls have each of the five answers."""
        return {answer: sum(it.answer is answer for it in self.answered) for answer in Answer}


def with_own(controls: Mapping[str, Control], checks: Iterable[Check]) -> dict[str, Control]:
    """The controls, and after them those that only a check names (an organization's own), titled as the check is."""
    own = {name: Control(id=name, title=check.title) for check in checks for name in check.controls}
    return {**controls, **{name: control for name, control in own.items() if name not in controls}}


def answers(
    snapshot: AccountSnapshot, checks: Iterable[Check], controls: Iterable[Control], context: Context | None = None
) -> Answers:
    """Ask of each control all checks that name it, by its own limits where it prescribes some.

    `context` defaults to the evidence's time and the default limits.
    """
    context, controls = context or Context(now=snapshot.gathered_at), tuple(controls)
    naming: dict[str, list[Check]] = {control.id: [] for control in controls}
    for check in checks:
        for control in controls:
            if control.id in check.controls or check.id in control.checks:
                naming[control.id].append(check)
    looks: dict[tuple[Any, ...], _Look] = {}
    for own in dict.fromkeys(map(_own, controls)):
        needed = {it.id: it for control in controls if _own(control) == own for it in naming[control.id]}
        limits = context.limits.replaced(dict(own))
        looks[own] = _Look.at(snapshot, needed.values(), replace(context, limits=limits))
    return Answers(
        owner=snapshot.owner,
        evidence_at=snapshot.gathered_at,
        answered=tuple(looks[_own(control)].answer(control, naming[control.id]) for control in controls),
    )


def _own(control: Control) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(control.limits.items()))


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What the checks of some controls say by one set of limits; `gaps` are the evaluation's."""

    context: Context
    evaluation: Evaluation
    gaps: Mapping[str, str]

    @classmethod
    def at(cls, snapshot: AccountSnapshot, checks: Iterable[Check], context: Context) -> "_Look":
        """The checks asked about everything that is known."""
        evaluation = evaluate(snapshot, checks, context)
        return cls(context=context, evaluation=evaluation, gaps=evaluation.gaps)

    def answer(self, control: Control, checks: Iterable[Check]) -> Answered:
        """The worst that its checks say; the note's answer where it has none."""
        named = {it.id: it for it in checks}
        if not named:
            return Answered(control=control, answer=control.note.answer, why=control.note.text)
        found = (it for it in self.evaluation.findings if it.check in named)
        findings = tuple(it for it in found if not control.types or it.resource_type in control.types)
        unset = [it for it in named.values() if it.id in self.evaluation.unset]
        left_open = [control.note.text] if control.note.answer is Answer.MANUAL and control.note != UNANSWERED else []
        unseen = _by_reason({check: line for check, line in self.gaps.items() if check in named})
        examined = self._examined(named.values())
        nothing = "nothing to look at: " if not (examined or unseen or unset) else ""
        why = [
            _counted(len(findings)) if findings else f"{nothing}{examined} examined",
            *(f"not seen by {line}" for line in unseen),
            *(f"set {_place(it.setting)}: without it {it.id} says nothing" for it in unset),
            *_own_words(control, named.values()),
            *left_open,
        ]
        return Answered(
            control=control,
            answer=_worst(problem=bool(findings), not_seen=bool(unseen), manual=bool(unset or left_open)),
            why=_cut("; ".join(why)),
            checks=tuple(named),
            examined=examined,
            findings=findings,
        )

    def _examined(self, checks: Iterable[Check]) -> int:
        """Subjects that at least one of the checks looked at."""
        looked = [(it.kind, self.evaluation.examined.get(it.id)) for it in checks]
        return len({(kind, uid) for kind, seen in looked if seen for uid in seen.uids})


def _worst(*, problem: bool, not_seen: bool, manual: bool) -> Answer:
    if problem:
        return Answer.PROBLEM
    if not_seen:
        return Answer.NOT_SEEN
    return Answer.MANUAL if manual else Answer.FINE


def _place(setting: str) -> str:
    """Where the setting stands in a deployment's."""
    return f"limits.{setting}" if setting in {limit.name for limit in fields(Limits)} else setting


def _counted(findings: int) -> str:
    return "1 finding" if findings == 1 else f"{findings} findings"


def _by_reason(gaps: Mapping[str, str]) -> list[str]:
    """What the checks did not look at, once for all that say the same."""
    by_line: dict[str, list[str]] = {}
    for check, line in gaps.items():
        by_line.setdefault(line, []).append(check)
    return [f"{', '.join(checks)}: {line}" for line, checks in by_line.items()]


def _own_words(control: Control, checks: Iterable[Check]) -> list[str]:
    """The limits of the control that its checks went by."""
    read = {name for check in checks for name in limits_read(check)}
    own = [f"{name} {_plain(value)}" for name, value in control.limits.items() if name in read]
    return [f"by the control's own {', '.join(own)}"] if own else []


def _plain(limit: timedelta | int) -> int:
    return limit.days if isinstance(limit, timedelta) else limit


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_WHY else f"{text[:LONGEST_WHY]} …"
