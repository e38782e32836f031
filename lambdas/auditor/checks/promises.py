"""What every check promises: the catalogue's in the tests, and a deployment's own before they are shipped.

A promise is given a check and its cases, and says in one line each what is not kept. `PROMISES` are all of them.
"""

import json
import re
import shlex
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, fields, replace
from datetime import timedelta
from typing import Any

from auditor.core.case import NOW, Case
from auditor.core.check import SCOPES, Check, Context, Limits, Problem
from auditor.core.evaluate import evaluate
from auditor.core.model import AccountSnapshot, Observed, Owner, Subject

Cases = Sequence[Case]
LIMITS = frozenset(limit.name for limit in fields(Limits))
SPARING = frozenset({"known_accounts"})
"""Lists of what checks leave out: while such a list is empty, nothing is."""

LISTS = frozenset(name for name, value in vars(Limits()).items() if isinstance(value, tuple)) - SPARING
"""Lists that checks go by: while such a list is empty, they have nothing to say."""

OWNER = Owner(account="111122223333", partition="aws")
HOSTILE = "x; touch pwned $(touch pwned) `touch pwned` ' touch pwned \" && touch pwned"
SHORTEST_TITLE, LONGEST_TITLE, SHORTEST_RATIONALE = 10, 80, 40


def judged(it: Check, subject: Subject, context: Context) -> list[Problem]:
    """What the check finds."""
    return list(it.judge(subject, context))


def _failing(cases: Cases) -> Iterator[tuple[Case, Subject]]:
    return ((case, subject) for case in cases for subject in case.fails)


# Its words.


def id_names_the_fault(it: Check, _: Cases) -> Iterator[str]:
    """``stale-access-key``, and not ``ensure-keys-are-rotated``."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", it.id) or it.id.startswith(("ensure-", "no-", "check-")):
        yield "its id is to name the fault, in two or more words"
    if it.id != it.judge.__name__.replace("_", "-"):
        yield f"its id is to be its function's name, which is {it.judge.__name__}"


def title_and_rationale_are_worth_reading(it: Check, _: Cases) -> Iterator[str]:
    """A title of one line, and a reason in sentences."""
    if not SHORTEST_TITLE <= len(it.title) <= LONGEST_TITLE or it.title.endswith("."):
        yield f"its title has {len(it.title)} characters, and {SHORTEST_TITLE} to {LONGEST_TITLE} are expected"
    if len(it.rationale) < SHORTEST_RATIONALE or not it.rationale.endswith("."):
        yield "its docstring is to say in a sentence or more why it matters"


def is_asked_about_a_subject(it: Check, _: Cases) -> Iterator[str]:
    """Its function's first parameter says which kind."""
    if not (isinstance(it.kind, type) and issubclass(it.kind, Subject)):
        yield f"its function is to name the kind of its subject, and names {it.kind!r}"


def _placeholders(text: str) -> Iterator[str]:
    return (name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def fix_can_be_filled_in(it: Check, _: Cases) -> Iterator[str]:
    """It names fields of the subject, none of them where a line end in a name would end the comment."""
    known = {name for name in dir(it.kind) if not name.startswith("_")} | {field.name for field in fields(it.kind)}
    for name in _placeholders(it.fix):
        if not name.startswith("it.") or name.removeprefix("it.") not in known:
            yield f"its fix names {{{name}}}, which {it.kind.__name__} does not have"
    if list(_placeholders(it.fix.partition("#")[2])):
        yield "its fix has a value in a comment"


def fix_deletes_nothing(it: Check, _: Cases) -> Iterator[str]:
    """What cannot be undone is no fix."""
    if not it.fix or re.search(r"\bdelete|\bremove-", it.fix):
        yield "its fix is to be something that can be undone"


def hostile_name_is_one_word_of_the_fix(it: Check, cases: Cases) -> Iterator[str]:
    """Whatever a subject is called, a shell runs nothing of it."""
    command = replace(it, fix=it.fix.partition("#")[0])
    for _, subject in list(_failing(cases))[:1] if list(_placeholders(command.fix)) else []:
        text: dict[str, Any] = {name: HOSTILE for name, value in asdict(subject).items() if isinstance(value, str)}
        words = _words(command.fix_for(replace(subject, **text)))
        quoted = HOSTILE in {word.removesuffix(";") for word in words}
        if not quoted or any(word.strip("`$();'\"") in {"touch", "pwned"} for word in words):
            yield "its fix quotes a value itself: a hostile name is not one word of it"


def _words(command: str) -> list[str]:
    """As a shell reads them; none where a quote is not closed."""
    try:
        return shlex.split(command)
    except ValueError:
        return []


# What it flags and what it leaves.


def has_a_failing_and_a_passing_case(_: Check, cases: Cases) -> Iterator[str]:
    """Nobody knows what a check without cases does."""
    if not any(case.fails for case in cases):
        yield "it has no failing case"
    if not any(case.passes or case.left_out for case in cases):
        yield "it has no passing case"


def flags_what_it_should(it: Check, cases: Cases) -> Iterator[str]:
    """Each failing subject is one problem, in the case's words."""
    for case, subject in _failing(cases):
        found = [problem.reason for problem in judged(it, subject, case.context())]
        if not isinstance(subject, it.kind) or found != [case.fails[subject]]:
            yield f"of {subject.resource} it says {found}, and not {case.fails[subject]!r}"


def leaves_what_it_should(it: Check, cases: Cases) -> Iterator[str]:
    """No passing subject is a problem."""
    for case in cases:
        for subject in case.passes:
            found = [problem.reason for problem in judged(it, subject, case.context())]
            if found or not isinstance(subject, it.kind):
                yield f"{subject.resource} is to pass, and it says {found}"


def evidence_stays_while_the_problem_does(it: Check, cases: Cases) -> Iterator[str]:
    """A day later nothing has changed, so nothing may be told as changed: evidence holds dates, never ages."""
    for case, subject in _failing(cases):
        today, tomorrow = (
            {json.dumps(problem.evidence, default=str) for problem in judged(it, subject, case.context(now))}
            for now in (NOW, NOW + timedelta(days=1))
        )
        if not tomorrow <= today:
            yield f"its evidence about {subject.resource} is another a day later: {', '.join(sorted(tomorrow - today))}"


def shows_what_it_should(it: Check, cases: Cases) -> Iterator[str]:
    """The evidence is that of the case, where the words do not tell it."""
    for case in cases:
        for subject, evidence in case.shows.items():
            if [problem.evidence for problem in judged(it, subject, case.context())] != [evidence]:
                yield f"its evidence about {subject.resource} is not {evidence}"


def failing_case_becomes_a_finding_in_plain_values(it: Check, cases: Cases) -> Iterator[str]:
    """Evidence is JSON, and the fix has no value missing."""
    for case, subject in _failing(cases):
        seen = Observed(subjects=(subject,), as_of=NOW)
        snapshot = AccountSnapshot(owner=OWNER, gathered_at=NOW, facts={it.kind: seen})
        result = evaluate(snapshot, [it], case.context())
        yield from (skip.reason for skip in result.skipped)
        for found in result.findings:
            if _as_json(found.evidence) != found.evidence:
                yield f"its evidence about {subject.resource} is not of plain values"
            if re.search(r"\{it\.|None", found.fix):
                yield f"its fix for {subject.resource} lacks a value: {found.fix}"


def _as_json(evidence: Any) -> Any:
    try:
        return json.loads(json.dumps(evidence))
    except TypeError:
        return None


def moves_its_severity_as_it_declares(it: Check, cases: Cases) -> Iterator[str]:
    """Each reason that it declares has a case, and no other comes."""
    shown = {why for case, s in _failing(cases) for problem in judged(it, s, case.context()) for why in problem.because}
    if shown != set(it.because):
        yield f"its cases move the severity because of {_names(shown)}, and it declares {_names(it.because)}"
    problems = [problem for case, s in _failing(cases) for problem in judged(it, s, case.context())]
    if always := set(it.because).intersection(*(problem.because for problem in problems)):
        yield f"{_names(always)} moves the severity in every case: it would be the check's own"


def _names(reasons: Iterable[Any]) -> str:
    return ", ".join(sorted(it.name for it in reasons)) or "nothing"


# Its limits.


class Recorder(Limits):
    """Limits that remember which of them were read."""

    def __getattribute__(self, name: str) -> Any:
        if name in LIMITS:
            object.__getattribute__(self, "__dict__").setdefault("read", set()).add(name)
        return object.__getattribute__(self, name)


def limits_read(it: Check, cases: Cases) -> set[str]:
    """The names of the limits that the check reads in its cases."""
    read: set[str] = set()
    for case in cases:
        recorder = Recorder(**vars(case.limits))
        for subject in (*case.fails, *case.passes):
            judged(it, subject, replace(case.context(), limits=recorder))
        read |= set(vars(recorder).get("read", ()))
    return read


def _shifted(case: Case, name: str, units: int) -> Context:
    value = getattr(case.limits, name)
    moved = value + (timedelta(days=units) if isinstance(value, timedelta) else units)
    return replace(case.context(), limits=replace(case.limits, **{name: moved}))


def _weight(it: Check, subject: Subject, context: Context) -> int:
    """How much is wrong: a problem counts, and each reason to move its severity."""
    return sum(1 + len(problem.because) for problem in judged(it, subject, context))


def _flips(it: Check, cases: Cases, name: str, units: int) -> tuple[bool, bool]:
    """Whether less, and whether more, is wrong with a case as soon as this limit moves by that many units."""
    moved = [
        _weight(it, s, _shifted(case, name, units)) - _weight(it, s, case.context())
        for case in cases
        for s in (*case.fails, *case.passes)
    ]
    return min(moved, default=0) < 0, max(moved, default=0) > 0


def threshold_is_tested_on_both_sides(it: Check, cases: Cases) -> Iterator[str]:
    """One unit of a limit separates a failing case from a passing one: neither side is tested from afar."""
    for name in sorted(limits_read(it, cases) - LISTS - SPARING):
        (freed_below, caught_below), (freed_above, caught_above) = (_flips(it, cases, name, units) for units in (-1, 1))
        if not ((freed_below and caught_above) or (freed_above and caught_below)):
            yield f"no two cases are one unit of {name} apart, one on each side"


def threshold_is_not_material(it: Check, cases: Cases) -> Iterator[str]:
    """Another limit may find or free a subject; of one that is still found nothing has changed."""
    for name in sorted(limits_read(it, cases) - LISTS - SPARING):
        pairs = [
            (judged(it, s, case.context()), judged(it, s, _shifted(case, name, units)))
            for case, s in _failing(cases)
            for units in (-1, 1)
        ]
        if any(after and [a.evidence for a in after] != [b.evidence for b in before] for before, after in pairs):
            yield f"its evidence is another with another {name}"


def setting_is_named(it: Check, cases: Cases) -> Iterator[str]:
    """It names the one list that it goes by, or the scopes, and says nothing while they are not set."""
    lists = limits_read(it, cases) & LISTS
    if lists - {it.setting} or (it.setting and it.setting not in {SCOPES, *lists}):
        yield f"it goes by {', '.join(sorted(lists)) or 'no list'}, and declares {it.setting or 'none'}"
    for case, subject in _failing(cases) if it.setting in {SCOPES, *LISTS} else ():
        if judged(it, subject, _without(case.context(), it.setting)):
            yield f"it says something of {subject.resource} without {it.setting}"


def _without(context: Context, setting: str) -> Context:
    if setting == SCOPES:
        return replace(context, scopes=())
    return replace(context, limits=context.limits.replaced({setting: ()}))


def list_of_what_is_left_out_leaves_something_out(it: Check, cases: Cases) -> Iterator[str]:
    """What passes because of such a list is flagged without it."""
    for name in sorted(limits_read(it, cases) & SPARING):
        spared = [(case, s) for case in cases for s in case.passes if getattr(case.limits, name)]
        if not any(judged(it, s, _without(case.context(), name)) for case, s in spared):
            yield f"no case passes because of {name}"


# All of them.

Promise = Callable[[Check, Cases], Iterator[str]]
WORDS: tuple[Promise, ...] = (
    id_names_the_fault,
    title_and_rationale_are_worth_reading,
    is_asked_about_a_subject,
    fix_can_be_filled_in,
    fix_deletes_nothing,
    hostile_name_is_one_word_of_the_fix,
    has_a_failing_and_a_passing_case,
)
JUDGEMENTS: tuple[Promise, ...] = (
    flags_what_it_should,
    leaves_what_it_should,
    shows_what_it_should,
    evidence_stays_while_the_problem_does,
    failing_case_becomes_a_finding_in_plain_values,
    moves_its_severity_as_it_declares,
    threshold_is_tested_on_both_sides,
    threshold_is_not_material,
    setting_is_named,
    list_of_what_is_left_out_leaves_something_out,
)
PROMISES = (*WORDS, *JUDGEMENTS)


def broken(it: Check, cases: Cases, controls: Callable[[str], bool]) -> list[str]:
    """What the check does not keep; `controls` says whether it may cite one. The first broken promise ends it."""
    for promise in PROMISES:
        lines = list(promise(it, cases))
        if lines:
            return lines
    unknown = [control for control in it.controls if not controls(control)]
    lines = [] if it.controls else ["it cites no control"]
    lines += [f"it cites {control!r}, which is no control" for control in unknown]
    return [*lines, *(["it cites a control twice"] if len(set(it.controls)) < len(it.controls) else [])]
