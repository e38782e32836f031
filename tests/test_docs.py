"""What the documents say is so."""

import itertools
import json
import re
import shlex
import subprocess
from pathlib import Path

import jmespath
import pytest
from botocore import xform_name
from botocore.session import get_session
from typer.main import get_command

from auditor.aws.schema import INDEXES
from auditor.aws.sources import SOURCES
from auditor.checks import CATALOGUE
from auditor.cli import findings, main, settings_reference
from auditor.settings import Deployment, validated
from tests import demo, docs

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
EVIDENCE = (ROOT / "docs" / "evidence.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def blocks(language: str, page: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks("console") for line in block.splitlines()]


def test_checks_are_documented_as_they_are() -> None:
    written = (ROOT / "docs" / "checks.md").read_text()
    assert written == docs.checks_page(), "make docs"


def test_settings_are_documented_as_they_are() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == settings_reference.as_markdown(CATALOGUE.values()), (
        "make docs"
    )


@pytest.mark.parametrize("command", [it for it in COMMANDS if not it.startswith("make ")])
def test_command_of_the_readme_works(command: str) -> None:
    done = subprocess.run(shlex.split(command), cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout
    assert not done.stderr


@pytest.mark.parametrize("line", [line for block in blocks("sh-session") for line in block.splitlines()])
def test_question_and_decision_of_the_readme_can_be_said(line: str) -> None:
    program, group, name, *arguments = shlex.split(line)
    assert (program, group) == ("auditor", "findings")
    get_command(findings.app).commands[name].make_context(name, arguments)  # type: ignore[attr-defined]


@pytest.mark.parametrize("line", [line for block in blocks("sh-questions") for line in block.splitlines()])
def test_question_of_the_readme_can_be_asked(line: str) -> None:
    program, name, *arguments = shlex.split(line)
    assert program == "auditor"
    get_command(main.app).commands[name].make_context(name, arguments)  # type: ignore[attr-defined]


def test_make_targets_of_the_readme_exist() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert {it.split()[1] for it in COMMANDS if it.startswith("make ")} <= set(targets)


def test_demo_prints_what_the_readme_shows() -> None:
    (shown,) = (block for block in blocks("text") if block.startswith("Subject: "))
    assert shown in demo.recorded()


def test_aws_cli_lines_are_calls_that_exist() -> None:
    session = get_session()
    scripts = [*blocks("sh"), *blocks("sh", EVIDENCE)]
    for call in itertools.chain.from_iterable(re.split(r"\baws (?=[a-z0-9-]+ [a-z-]+)", it)[1:] for it in scripts):
        service, operation, *_ = re.split(r"[\s;)]+", call)
        model = session.get_service_model(service)
        known = {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}
        assert operation in known
        shape = known[operation].input_shape
        members = {xform_name(name, "-") for name in shape.members} if shape else set()
        assert set(re.findall(r"--([a-z-]+)", call)) - {"query", "output", "region", "decode"} <= members


def test_query_names_the_analyzer_in_each_finding() -> None:
    (query,) = re.findall(r'--query "(\{findings.*?\})"$', EVIDENCE, flags=re.MULTILINE)
    answer = {"findings": [{"id": "1"}], "nextToken": "more"}
    assert jmespath.search(query.replace("$arn", "A"), answer) == {"findings": [{"id": "1", "analyzerArn": "A"}]}


def test_every_source_is_in_the_table_of_the_sources() -> None:
    table = EVIDENCE.partition("| file |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z-]+\.(?:json|csv))`", table)) == {source.filename for source in SOURCES}


def test_every_file_is_made_or_explained() -> None:
    made = EVIDENCE.partition("## With the AWS CLI alone")[2]
    assert all(source.filename in made for source in SOURCES)


def test_settings_of_the_readme_are_those_there_are() -> None:
    table = README.partition("| key | default | |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1] if row else "")}
    assert named == set(Deployment.model_fields)


@pytest.mark.parametrize("block", [it for it in blocks("json") if it.startswith('"')])
def test_settings_that_the_readme_shows_are_taken(block: str) -> None:
    assert validated(Deployment, {"channels": {"default": {}}} | json.loads(f"{{{block}}}"))


def test_questions_of_the_operations_page_have_their_index() -> None:
    for index in INDEXES:
        row = next(line for line in OPERATIONS.splitlines() if f"| `{index.name}` |" in line)
        assert all(f"`{key}`" in row for key in index.keys)
