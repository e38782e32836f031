"""From an account to evidence, and from evidence to a snapshot."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from auditor.aws.errors import AWS_ERRORS, as_unavailable
from auditor.aws.session import OUT_OF_TIME, Aws
from auditor.aws.source import Asked, MalformedEvidenceError, Source
from auditor.aws.sources import SOURCES
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import AccountSnapshot, Observed, Subject, Unavailable
from auditor.policy.derive import derive

NOTHING: Mapping[str, Any] = MappingProxyType({})


def gather(
    aws: Aws,
    sources: Iterable[Source] = SOURCES,
    begin: Callable[[Source], None] = lambda _: None,
    before: Mapping[str, Any] = NOTHING,
) -> Evidence:
    """Ask the account everything; `begin` is told each source before it is asked. Writes nothing to the account.

    `before` are the last raw answers of the sources that remember theirs, by name.
    """
    answers: dict[str, Answer | Unavailable] = {}
    for source in sources:
        begin(source)
        answers[source.name] = _ask(source, aws, answers, before)
    return Evidence(owner=aws.owner, gathered_at=aws.now, answers=answers)


def _ask(
    source: Source, aws: Aws, answers: Mapping[str, Answer | Unavailable], before: Mapping[str, Any]
) -> Answer | Unavailable:
    if aws.late:
        return OUT_OF_TIME
    if aws.told and source.name in aws.told.instead:
        return aws.told.instead[source.name]
    needed = {name: raw for name, raw in before.items() if source.remembers and name == source.name}
    for name in source.needs:
        answer = answers.get(name, Unavailable(reason="it was not asked"))
        if isinstance(answer, Unavailable):
            return Unavailable(reason=f"needs {name}: {answer.reason}", inapplicable=answer.inapplicable)
        needed[name] = answer.raw
    try:
        asked = source.gather(aws, needed)
    except AWS_ERRORS as error:
        return as_unavailable(error)
    except MalformedEvidenceError as error:
        return Unavailable(reason=f"needs {', '.join(source.needs)}, which cannot be read: {error}")
    return _answer(asked, aws.now)


def _answer(asked: Asked, now: datetime) -> Answer:
    """The answer in plain JSON values, so that fresh and saved evidence are read alike."""
    raw = json.loads(json.dumps(asked.raw, default=_iso))
    return Answer(raw=raw, as_of=min(asked.made_at or now, now), gaps=asked.gaps)


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


class UnreadableSourceError(ValueError):
    """A source's answer that cannot be read; the message names its file and the place in it."""


def snapshot(evidence: Evidence, sources: Iterable[Source] = SOURCES, *, strict: bool = False) -> AccountSnapshot:
    """What the evidence says. An answer that cannot be read is unavailable, or UnreadableSourceError if `strict`."""
    facts: dict[type[Subject], Observed[Subject] | Unavailable] = {}
    for source in sources:
        answer = evidence.answers.get(source.name, Unavailable(reason="it was not asked"))
        if isinstance(answer, Unavailable):
            facts |= dict.fromkeys(source.kinds, _named(source, answer))
            continue
        try:
            facts |= _read(source, answer, evidence)
        except MalformedEvidenceError as error:
            if strict:
                raise UnreadableSourceError(f"{source.filename}: {error}") from error
            facts |= dict.fromkeys(source.kinds, _named(source, Unavailable(reason=f"cannot be read: {error}")))
    return AccountSnapshot(owner=evidence.owner, gathered_at=evidence.gathered_at, facts=derive(facts))


def _named(source: Source, why: Unavailable) -> Unavailable:
    return replace(why, reason=f"{source.name}: {why.reason}")


def _read(source: Source, answer: Answer, evidence: Evidence) -> Mapping[type[Subject], Observed[Subject]]:
    reading = source.read(answer.raw, evidence.owner)
    by_kind: dict[type[Subject], list[Subject]] = {kind: [] for kind in source.kinds}
    for subject in reading.subjects:
        by_kind[type(subject)].append(subject)
    return {
        kind: Observed(subjects=tuple(subjects), as_of=answer.as_of, gaps={**reading.gaps.get(kind, {}), **answer.gaps})
        for kind, subjects in by_kind.items()
    }
