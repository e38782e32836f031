"""What a command looks at: a folder of saved evidence, or the account of the current credentials."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import boto3
import typer

from auditor import settings
from auditor.aws.evidence_files import Loaded
from auditor.aws.gather import gather, snapshot
from auditor.aws.session import connect
from auditor.aws.sources import SOURCES
from auditor.cli import folder, screen
from auditor.cli.errors import InputError
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import AccountSnapshot

DEFAULT_REGION = "us-east-1"
"""Where a look starts from if the environment names no Region; it goes to every one."""

FolderOption = Annotated[Path | None, typer.Option("--evidence", help="Look at this folder of saved API answers.")]
NowOption = Annotated[str | None, typer.Option(help="The audit's clock, ISO 8601 (default: when it was gathered).")]


def seen(evidence: Path | None, now: str | None = None) -> tuple[AccountSnapshot, datetime]:
    """What is known of the account, of the folder or else of the current credentials, and the audit's clock."""
    clock = _moment(now) if now else None
    loaded = folder.load(evidence, clock) if evidence else Loaded(evidence=gathered(), notes=())
    _after(clock, loaded.evidence)
    found = snapshot(loaded.evidence, strict=evidence is not None)
    for note in loaded.notes:
        screen.note(note)
    return found, clock or found.gathered_at


def gathered() -> Evidence:
    """The evidence of the current credentials' account, asked for now."""
    session = boto3.Session(region_name=boto3.Session().region_name or DEFAULT_REGION)
    with screen.progress(len(SOURCES)) as begin:
        return gather(connect(session, settings.now()), begin=lambda source: begin(source.name))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(f"--now: {text!r} is not a date; for example 2026-11-20T06:00:00+00:00") from None
    if moment.tzinfo is None:
        raise InputError(f"--now: {text!r} has no time zone; for example 2026-11-20T06:00:00+00:00")
    return moment.astimezone(UTC)


def _after(clock: datetime | None, evidence: Evidence) -> None:
    newest = max([evidence.gathered_at, *(it.as_of for it in evidence.answers.values() if isinstance(it, Answer))])
    if clock and clock < newest:
        raise InputError(f"--now: {clock.isoformat()} is before the evidence, which is of {newest.isoformat()}")
