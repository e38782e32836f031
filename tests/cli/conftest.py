import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.cli.main import run
from tests.cli.evidence import ordinary, write

Auditor = Callable[..., "Result"]


@dataclass(frozen=True)
class Result:
    code: object
    out: str
    err: str

    def says_why_in_one_line(self) -> str:
        """The one line on stderr of a run that refused its input and printed nothing."""
        assert (self.code, self.out) == (2, "")
        (line,) = self.err.splitlines()
        assert line.startswith("auditor: ")
        assert "Traceback" not in line
        return line


@pytest.fixture
def auditor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Auditor:
    """The command itself, in this process."""

    def call(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["auditor", *map(str, arguments)])
        with pytest.raises(SystemExit) as exited:
            run()
        out, err = capsys.readouterr()
        return Result(exited.value.code, out, err)

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Evidence of an account with two users, a role and a policy, each with something wrong."""
    return write(tmp_path / "evidence", ordinary())
