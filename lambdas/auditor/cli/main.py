"""The `auditor` command: data on stdout, everything else on stderr.

Exit codes: 2 for bad input and where something that was not seen decides, 1 for --fail-on and where `can` says no,
0 otherwise.
"""

import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer._click.exceptions import ClickException, NoArgsIsHelpError  # typer exports neither

from auditor.aws.errors import as_unavailable
from auditor.aws.evidence_files import EvidenceError
from auditor.aws.gather import UnreadableSourceError
from auditor.aws.own_checks_review import own_controls
from auditor.aws.sources import ACTIONS
from auditor.checks.controls import titles
from auditor.cli import (
    can,
    findings,
    folder,
    frameworks,
    judging,
    lint,
    minimise,
    paths,
    redrive,
    screen,
    seeing,
    settings_reference,
    who_can,
)
from auditor.cli.errors import FaultsError, InputError, one_of
from auditor.cli.judging import ChecksOption, ScopeOption, SettingsOption
from auditor.cli.seeing import FolderOption, NowOption
from auditor.core.check import Check, Context, Severity
from auditor.core.evaluate import Evaluation, evaluate
from auditor.core.frameworks import Answers, Control, answers
from auditor.core.model import AccountSnapshot
from auditor.render.catalogue import as_markdown
from auditor.render.export import as_csv, as_json

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Audit the identity hygiene of an AWS account. Writes nothing to it.",
)
app.add_typer(findings.app, name="findings")
app.command()(redrive.redrive)
app.command()(minimise.minimise)
app.command()(lint.lint)
app.command()(can.can)
app.command("who-can")(who_can.who_can)
app.command()(paths.paths)

CheckOption = Annotated[list[str] | None, typer.Option("--check", help="Only this check; can be repeated.")]
FormatOption = Annotated[str, typer.Option("--format", help="table, json or csv; markdown of controls.")]
FailOption = Annotated[str | None, typer.Option(help="Exit with 1 if a finding is at least this severe.")]


@app.command()
def audit(  # noqa: PLR0913  (an option each)
    *,
    evidence: FolderOption = None,
    now: NowOption = None,
    check: CheckOption = None,
    framework: frameworks.FrameworkOption = None,
    control: frameworks.ControlOption = None,
    form: FormatOption = "table",
    fail_on: FailOption = None,
    settings_file: SettingsOption = None,
    own_checks: ChecksOption = None,
    scope: ScopeOption = None,
) -> None:
    """Audit saved evidence, or the account of the current credentials."""
    catalogue = judging.catalogue_of(own_checks)
    standards = judging.standards_of(settings_file, catalogue)
    checks, wanted = _checks(check or [], catalogue.checks), judging.scope_of(scope, standards)
    controls = frameworks.asked(framework, control or [], checks)
    if controls and (check or wanted):
        raise InputError(
            f"--{'check' if check else 'scope'}: not with --framework or --control, which ask all of theirs"
        )
    judge = _answering(controls, checks, form, frameworks.BY_FINDING) if controls else _judging(checks, form, wanted)
    threshold = one_of({it.name: it for it in Severity}, fail_on.upper(), "--fail-on") if fail_on else None
    seen, moment = seeing.seen(evidence, now)
    outcome = judge(seen, judging.context(standards, seen, moment))
    if threshold and any(finding.severity >= threshold for finding in outcome.findings):
        raise typer.Exit(1)


@app.command("gather")
def gather_(out: Annotated[Path, typer.Option(help="The folder to make.")]) -> None:
    """Save the evidence of the current credentials' account as a folder that `audit --evidence` reads."""
    with folder.made(out) as write:
        gathered = seeing.gathered()
        write(gathered)
    screen.gathered(out, gathered)


@app.command()
def checks(  # noqa: PLR0913, PLR0917  (an option each)
    framework: frameworks.FrameworkOption = None,
    control: frameworks.ControlOption = None,
    evidence: FolderOption = None,
    now: NowOption = None,
    form: Annotated[
        str, typer.Option("--format", help="table, markdown or settings; json or csv of controls.")
    ] = "table",
    settings_file: SettingsOption = None,
    own_checks: ChecksOption = None,
) -> None:
    """List every check; or answer a framework's controls from evidence, or from the current credentials' account."""
    catalogue = judging.catalogue_of(own_checks)
    known = list(catalogue.checks.values())
    controls = frameworks.asked(framework, control or [], known)
    if controls:
        standards = judging.standards_of(settings_file, catalogue)
        answer = _answering(controls, known, form, frameworks.BY_CONTROL)
        seen, moment = seeing.seen(evidence, now)
        answer(seen, judging.context(standards, seen, moment))
        return
    for name, given in {"--evidence": evidence, "--now": now, "--settings": settings_file}.items():
        if given:
            raise InputError(f"{name}: needs --framework or --control")
    show = {
        "table": lambda: screen.catalogue(known),
        "markdown": lambda: screen.write(as_markdown(known, titles() | own_controls(catalogue), {})),
        "settings": lambda: screen.write(settings_reference.as_markdown(known)),
    }
    one_of(show, form, "--format")()


@app.command("frameworks")
def frameworks_(
    evidence: FolderOption = None,
    now: NowOption = None,
    settings_file: SettingsOption = None,
    own_checks: ChecksOption = None,
) -> None:
    """List the frameworks; with --evidence, how many of their controls have each answer."""
    catalogue = judging.catalogue_of(own_checks)
    standards = judging.standards_of(settings_file, catalogue)
    if evidence:
        seen, moment = seeing.seen(evidence, now)
        context = judging.context(standards, seen, moment)
        frameworks.show_all_answered(catalogue.checks.values(), seen, context)
        return
    if now:
        raise InputError("--now: needs --evidence")
    frameworks.show_all(catalogue.checks.values())


@app.command()
def explain(check: Annotated[str, typer.Argument(help="A check's id.")], own_checks: ChecksOption = None) -> None:
    """Say what a check means, why it matters, how to fix it and which controls it answers."""
    screen.explanation(*_checks([check], judging.catalogue_of(own_checks).checks))


@app.command()
def policy() -> None:
    """Print the IAM policy that an audit needs: read only, and no more than it calls."""
    statement = {"Sid": "AccountAuditor", "Effect": "Allow", "Action": list(ACTIONS), "Resource": "*"}
    typer.echo(json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2))


def _checks(ids: list[str], known: Mapping[str, Check]) -> list[Check]:
    return [one_of(known, it, "check", judging.LISTING) for it in dict.fromkeys(ids)] or list(known.values())


def _judging(checks: list[Check], form: str, scope: str | None) -> Callable[[AccountSnapshot, Context], Evaluation]:
    show = one_of(SHOW, form, "--format")

    def judge(seen: AccountSnapshot, context: Context) -> Evaluation:
        evaluation = judging.only(scope, evaluate(seen, checks, context), seen, context.scopes)
        show(evaluation)
        return evaluation

    return judge


def _answering(
    controls: tuple[Control, ...], checks: list[Check], form: str, forms: Mapping[str, Callable[[Answers], None]]
) -> Callable[[AccountSnapshot, Context], Answers]:
    show = one_of(forms, form, "--format")

    def answer(seen: AccountSnapshot, context: Context) -> Answers:
        told = answers(seen, checks, controls, context)
        show(told)
        return told

    return answer


SHOW: dict[str, Callable[[Evaluation], None]] = {
    "table": screen.findings,
    "json": lambda evaluation: screen.write(as_json(evaluation)),
    "csv": lambda evaluation: screen.write(as_csv(evaluation)),
}


def run() -> None:
    """Entry point. Every expected error is one line on stderr and exit code 2."""
    _open_streams()
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except NoArgsIsHelpError as error:
        code = error.exit_code
    except ClickException as error:
        code = _fail(error.format_message())
    except FaultsError as error:
        code = max(map(_fail, error.lines))
    except (InputError, EvidenceError, UnreadableSourceError) as error:
        code = _fail(str(error))
    except (ClientError, BotoCoreError) as error:
        code = _fail(f"AWS: {as_unavailable(error).reason} (saved evidence needs no AWS: --evidence DIR)")
    except (BrokenPipeError, SystemExit):
        code = _reader_left()  # typer leaves by SystemExit when the pipe breaks
    except OSError as error:
        _reader_left()
        code = _fail(": ".join(filter(None, (error.filename and str(error.filename), error.strerror))))
    sys.exit(code if isinstance(code, int) else 0)


def _open_streams() -> None:
    """Let what is written go nowhere where stdout is closed, and escape letters that the locale lacks."""
    if sys.stdout is None:  # closed by whoever started us
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  (open as long as we run)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(message: str) -> int:
    screen.note(message)
    return 2


def _reader_left() -> int:
    """Let what is still buffered for stdout go nowhere, so that it is not tried again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
