"""What an audit on this machine asks, and what it judges by: ours, or as a deployment has it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from auditor.aws.own_checks import OwnChecksError
from auditor.aws.own_checks_review import reviewed
from auditor.checks import OURS
from auditor.cli import screen
from auditor.cli.errors import FaultsError, InputError, one_of
from auditor.core.catalogue import Catalogue
from auditor.core.check import Context
from auditor.core.evaluate import Evaluation, membership_in
from auditor.core.model import AccountSnapshot, Unavailable
from auditor.core.scopes import Scope
from auditor.core.standards import NO_UNITS, Standards
from auditor.core.subjects.entities import Entity, Group, Policy, Role, UserDetail
from auditor.settings import Deployment, SettingsError, validated

SettingsOption = Annotated[
    Path | None, typer.Option("--settings", help="Judge as this deployment does: its cdk.json, or what it sets.")
]
ChecksOption = Annotated[
    Path | None,
    typer.Option("--checks", envvar="AUDITOR_CHECKS", help="A folder with checks of your own, and their cases."),
]
ScopeOption = Annotated[str | None, typer.Option("--scope", help="Only findings of this managed scope.")]

LISTING = "auditor checks"
"""The command that lists every check."""

KINDS: tuple[type[Entity | Policy], ...] = (UserDetail, Group, Role, Policy)
"""What a scope can own."""


def catalogue_of(folder: Path | None) -> Catalogue:
    """Our checks, and those of the folder. Raises InputError if it is none, FaultsError for what is wrong in it."""
    if folder is None:
        return OURS
    if not folder.is_dir():
        raise InputError(f"--checks: {folder} is not a folder")
    try:
        return reviewed(folder)
    except OwnChecksError as error:
        raise FaultsError(str(error).splitlines()) from error


def standards_of(path: Path | None, catalogue: Catalogue) -> Standards:
    """What the file sets, or the defaults. Raises InputError for no JSON, FaultsError for what is wrong in it."""
    if path is None:
        return Standards()
    try:
        standards = validated(Deployment, _settings(path)).standards()
        faults = list(standards.faults(catalogue))
    except SettingsError as error:
        faults = str(error).splitlines()
    if faults:
        raise FaultsError([f"{path}: {fault}" for fault in faults])
    return standards.known_by(catalogue)


def _settings(path: Path) -> Mapping[str, Any]:
    """What stands under ``auditor`` in a cdk.json, or all of another file."""
    if not path.is_file():
        raise InputError(f"--settings: {path} is not a file")
    try:
        given = json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        raise InputError(f"--settings: {path}: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"--settings: {path}: is no JSON: {error}") from error
    if isinstance(given, dict) and isinstance(given.get("context"), dict):
        given = given["context"].get("auditor", {})
    if not isinstance(given, dict):
        raise InputError(f"--settings: {path}: an object is expected")
    return given


def context(standards: Standards, seen: AccountSnapshot, now: datetime) -> Context:
    """What the account is judged by; it is noted on stderr if that may not be all."""
    membership = membership_in(seen)
    if standards.by_unit and membership is None:
        screen.note(NO_UNITS)
    return standards.context(now, seen.owner, membership)


def scope_of(name: str | None, standards: Standards) -> str | None:
    """The name of the scope that is asked for. Raises InputError if there is none of that name."""
    if name is None:
        return None
    if not standards.scope_names:
        raise InputError("--scope: there are no scopes: --settings names a file that has some")
    return one_of({it: it for it in standards.scope_names}, name, "--scope")


def only(name: str | None, evaluation: Evaluation, seen: AccountSnapshot, scopes: Iterable[Scope]) -> Evaluation:
    """The findings of the scope, or all. Raises InputError if the account has nothing that is in it."""
    if name is None:
        return evaluation
    scope = next((it for it in scopes if it.name == name), None)
    if scope is None:
        raise InputError(f"--scope: {name} is none of account {seen.owner.account}'s")
    known = {kind: seen.of(kind) for kind in KINDS}
    unseen = [it.reason for it in known.values() if isinstance(it, Unavailable)]
    found = [s for it in known.values() if not isinstance(it, Unavailable) for s in it.subjects]
    if not any(scope.owns(it.resource, it.tags) for it in found):
        why = f"is not known to match anything: {unseen[0]}" if unseen else "matches nothing in the evidence"
        raise InputError(f"--scope: {scope.name} {why}")
    return replace(evaluation, findings=tuple(it for it in evaluation.findings if scope.name in it.scopes))
