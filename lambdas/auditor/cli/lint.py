"""`auditor lint`: what is wrong with policies as they are written, offline."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.authorization_details import AUTHORIZATION_DETAILS
from auditor.cli import folder, screen
from auditor.cli.errors import InputError, one_of
from auditor.core.model import Subject, Unavailable
from auditor.core.subjects.entities import Policy, Role
from auditor.policy import lint as linting
from auditor.policy.lint import Lint
from auditor.policy.lint_codes import LintSeverity
from auditor.policy.lint_kinds import INLINE_QUOTAS
from auditor.policy.steps import short
from auditor.policy.written import Kind
from auditor.render.lint import Linted, as_json, as_sarif, as_text, worst
from auditor.render.wording import joined, number

STDIN = Path("-")
NEVER = "never"
SPELLED_OUT = 3
"""Files that a line names."""

KINDS = ", ".join(Kind)
SHOW: Mapping[str, Callable[[Linted], str]] = {"text": as_text, "json": as_json, "sarif": as_sarif}


def lint(
    *,
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...", help="Policies as JSON; - is stdin.")] = None,
    kind: Annotated[str | None, typer.Option(help=f"{KINDS}; what it looks like, if not said.")] = None,
    evidence: Annotated[Path | None, typer.Option(help="All of this folder's own policies and trusts instead.")] = None,
    form: Annotated[str, typer.Option("--format", help="text, json or sarif.")] = "text",
    fail_on: Annotated[
        str, typer.Option(help="Exit with 1 if anything is at least: error, security, warning, suggestion; or never.")
    ] = "security",
) -> None:
    """Say what Access Analyzer's policy validation would say of policies, without AWS.

    An action, a service or a condition key that is not known is a warning and no error: AWS may have added it since.
    """
    show = one_of(SHOW, form, "--format")
    failing = _at_least(fail_on)
    chosen = one_of({str(it): it for it in Kind}, kind, "--kind") if kind else None
    if evidence and (files or kind):
        raise InputError("--evidence: not with files or --kind; the folder tells what its policies are")
    if not (evidence or files):
        raise InputError("lint: needs files, or --evidence")
    texts = {str(it): _text(it) for it in files or ()}
    linted = _of_folder(evidence) if evidence else {name: linting.lint(it, chosen) for name, it in texts.items()}
    screen.write(show(linted))
    for line in _assumed(texts) if chosen is None else ():
        screen.note(line)
    if form == "text":
        screen.note(_summary(linted))
    if worst(it for found in linted.values() for it in found) in failing:
        raise typer.Exit(1)


def _assumed(texts: Mapping[str, str]) -> Iterator[str]:
    """What the texts were taken for, a line for each kind."""
    by_kind: dict[Kind, list[str]] = {}
    for name, it in texts.items():
        if looks := linting.looks(it):
            by_kind.setdefault(looks, []).append(name)
    for kind, names in by_kind.items():
        yield f"{joined(names, SPELLED_OUT)}: taken for kind {kind}, by its looks; --kind says what it is"


def _at_least(severity: str) -> set[LintSeverity]:
    """The severities, from the worst down to the given one."""
    words = [str(it) for it in LintSeverity]
    threshold = one_of({it: at for at, it in enumerate(words, start=1)} | {NEVER: 0}, severity, "--fail-on")
    return set(list(LintSeverity)[:threshold])


def _text(file: Path) -> str:
    """What a file holds. Raises InputError if it cannot be read, or is no text."""
    try:
        body = sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
        return body.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 at byte {error.start}") from error


def _of_folder(path: Path) -> dict[str, tuple[Lint, ...]]:
    """What is said of each customer managed policy, inline policy and trust; line and column are those of a print."""
    linted: dict[str, tuple[Lint, ...]] = {}
    for it in _subjects(path):
        if isinstance(it, Policy) and not (it.aws_managed or it.in_aws_role):
            name = f"{it.owner}#{it.name}" if it.owner else it.resource
            linted[name] = linting.lint(it.document, Kind.BOUNDARY if it.boundary_only else Kind.IDENTITY, _quota(it))
        if isinstance(it, Role) and not it.aws_owned:
            linted[f"{it.resource}#trust"] = linting.lint(it.trust, Kind.TRUST)
    return linted


def _subjects(path: Path) -> Iterable[Subject]:
    evidence = folder.load(path, None).evidence
    answer = evidence.answers.get(AUTHORIZATION_DETAILS.name, Unavailable(reason="it was not asked"))
    if isinstance(answer, Unavailable):
        raise InputError(f"--evidence: {path} has no policies: {answer.reason}")
    try:
        return AUTHORIZATION_DETAILS.read(answer.raw, evidence.owner).subjects
    except MalformedEvidenceError as error:
        raise InputError(f"{path / AUTHORIZATION_DETAILS.filename}: {error}") from error


def _quota(policy: Policy) -> int | None:
    return INLINE_QUOTAS[short(policy.owner).partition("/")[0]] if policy.owner else None


def _summary(linted: Linted) -> str:
    counted = [sum(it.severity is severity for found in linted.values() for it in found) for severity in LintSeverity]
    words = zip(counted, ("error", "security warning", "warning", "suggestion"), strict=True)
    return f"{number(len(linted), 'document')}: {', '.join(number(count, word) for count, word in words)}"
