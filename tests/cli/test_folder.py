"""Saving evidence, and reading it back."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli import folder
from auditor.cli.errors import InputError
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Unavailable
from tests.build import NOW, OWNER, ago
from tests.cli.conftest import Auditor
from tests.cli.evidence import ordinary, write

EVIDENCE = Evidence(
    owner=OWNER,
    gathered_at=NOW,
    answers={
        "credential-report": Answer(raw=ordinary()["credential-report.csv"].decode(), as_of=ago(0.1)),
        "regions": Answer(raw={"Regions": [{"RegionName": "eu-west-1"}]}, as_of=NOW),
        "analyzers": Answer(
            raw={"analyzers": []}, as_of=NOW, gaps={"eu-west-1": Unavailable(reason="denied", inapplicable=True)}
        ),
        "account-summary": Unavailable(reason="GetAccountSummary: AccessDenied"),
    },
)


def save(path: Path, evidence: Evidence, meanwhile: Callable[[], object] = lambda: None) -> None:
    with folder.made(path) as write_:
        write_(evidence)
        meanwhile()


def test_saved_evidence_is_read_back_as_it_was(tmp_path: Path) -> None:
    save(tmp_path / "made" / "evidence", EVIDENCE)
    loaded = folder.load(tmp_path / "made" / "evidence", ago(-100))
    answered = {name: it for name, it in loaded.evidence.answers.items() if name in EVIDENCE.answers}
    assert answered == EVIDENCE.answers
    assert (loaded.evidence.owner, loaded.evidence.gathered_at, loaded.notes) == (OWNER, NOW, ())


def test_saved_evidence_is_for_its_owners_eyes(tmp_path: Path) -> None:
    save(tmp_path / "evidence", EVIDENCE)
    paths = [tmp_path / "evidence", *(tmp_path / "evidence").iterdir()]
    assert not [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    save(tmp_path / "empty", EVIDENCE)
    assert (tmp_path / "empty" / "account.json").exists()


def test_folder_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    there: list[bool] = []
    save(tmp_path / "new", EVIDENCE, lambda: there.append((tmp_path / "new").exists()))
    assert there == [False]
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_nothing_is_left_of_a_folder_that_was_not_finished(tmp_path: Path) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "new", EVIDENCE, interrupted)
    assert list(tmp_path.iterdir()) == []


def test_what_came_to_be_there_meanwhile_is_left(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not empty"):
        save(tmp_path / "taken", EVIDENCE, lambda: write(tmp_path / "taken", {"mine.txt": b"mine"}))
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["mine.txt"]


def test_evidence_without_account_file_is_of_the_given_moment(tmp_path: Path) -> None:
    files = {name: body for name, body in ordinary().items() if name != "account.json"}
    loaded = folder.load(write(tmp_path / "evidence", files), ago(-1))
    assert (loaded.evidence.owner, loaded.evidence.gathered_at) == (OWNER, ago(-1))


@pytest.mark.parametrize("taken", ["mine.txt", "."])
def test_gather_overwrites_nothing_and_asks_nothing(auditor: Auditor, tmp_path: Path, taken: str) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    line = auditor("gather", "--out", tmp_path / taken).says_why_in_one_line()
    assert "exists and is not an empty folder" in line
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("taken", ["file", "full", "dangling", "link"])
def test_what_is_there_is_named_before_anything_is_asked(tmp_path: Path, taken: str) -> None:
    (tmp_path / "file").touch()
    write(tmp_path / "full", {"mine.txt": b"mine"})
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    with pytest.raises(InputError, match=rf"--out: .*/{taken} exists"), folder.made(tmp_path / taken):
        pytest.fail("the block has begun")
