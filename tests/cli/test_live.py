"""The command on an account: what it gathers now is what it reads later."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine

from auditor.aws.sources import SOURCES
from auditor.cli import seeing
from tests.cli.conftest import Auditor
from tests.embedded_aws.account import ACCOUNT
from tests.embedded_aws.story import FIRST_DAY, account_with_history


@pytest.fixture(autouse=True)
def _account() -> Iterator[None]:
    """In an environment that names no Region; it is put back before the account's own is."""
    with account_with_history(), time_machine.travel(FIRST_DAY, tick=False), pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_DEFAULT_REGION")
        yield


def test_audit_of_the_account_and_of_its_saved_evidence_are_the_same_bytes(auditor: Auditor, tmp_path: Path) -> None:
    saved = auditor("gather", "--out", tmp_path / "evidence")
    assert (saved.code, saved.out) == (0, "")
    assert f"saved the evidence of account {ACCOUNT} in {tmp_path / 'evidence'}" in saved.err
    assert {it.name for it in (tmp_path / "evidence").iterdir()} == {"account.json", *(it.filename for it in SOURCES)}
    live = auditor("audit", "--format", "json")
    replayed = auditor("audit", "--evidence", tmp_path / "evidence", "--format", "json")
    assert (live.code, live.err, replayed.err) == (0, "", "")
    assert live.out == replayed.out
    assert len(json.loads(live.out)["findings"]) == 24


def test_controls_of_the_account_are_answered_as_those_of_its_saved_evidence(auditor: Auditor, tmp_path: Path) -> None:
    auditor("gather", "--out", tmp_path / "evidence")
    arguments = ("checks", "--framework", "cis-5.0", "--format", "json")
    live, replayed = auditor(*arguments), auditor(*arguments, "--evidence", tmp_path / "evidence")
    assert (live.code, live.err) == (0, "")
    assert live.out == replayed.out
    assert json.loads(live.out)["answers"]["problem"]


def test_folder_that_cannot_be_made_is_said_before_anything_is_asked(
    auditor: Auditor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(seeing, "connect", lambda *_: pytest.fail("the account was asked"))
    assert "file" in auditor("gather", "--out", tmp_path / "file").says_why_in_one_line()


@pytest.mark.parametrize("question", [("who-can", "iam:CreateUser"), ("paths",)])
def test_questions_about_access_are_answered_live_as_from_saved_evidence(
    auditor: Auditor, tmp_path: Path, question: tuple[str, ...]
) -> None:
    auditor("gather", "--out", tmp_path / "evidence")
    live = auditor(*question, "--format", "json")
    replayed = auditor(*question, "--format", "json", "--evidence", tmp_path / "evidence")
    assert live.code == 0
    assert (live.out, live.err) == (replayed.out, replayed.err)
