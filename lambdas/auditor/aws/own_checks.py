"""The checks that an organization adds: modules in a folder of its deployment, written as the catalogue's are.

Beside a family ``passwords.py`` its cases are ``cases_passwords.py``, which the functions do not need.
"""

import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from auditor.checks import OURS
from auditor.core.catalogue import Catalogue
from auditor.core.check import Check
from auditor.render.escape import plain

SHIPPED = Path(__file__).parents[1] / "own_checks"
"""Where the asset has them."""

PACKAGE = "own_checks"
"""What their modules are loaded below, so that one can say ``from .passwords import weak_password``."""

CASES = "cases_"


class OwnChecksError(ValueError):
    """Something is wrong with the checks; the message has one line for each fault, with its file."""


def shipped() -> Catalogue:
    """The catalogue with the checks that the asset carries, which kept every promise when they were put there."""
    with loading(SHIPPED) as load:
        return OURS.with_(check for path in families(SHIPPED) for check in checks_of(load(path)))


def families(folder: Path) -> list[Path]:
    """The modules with checks, by name; none where there is no folder."""
    return [path for path in sorted(folder.glob("*.py")) if not path.name.startswith((CASES, "__"))]


def checks_of(module: ModuleType) -> list[Check]:
    """The checks that a module declares itself."""
    return [it for it in vars(module).values() if isinstance(it, Check) and it.judge.__module__ == module.__name__]


class Loading:
    """Loads modules of one folder, each once."""

    def __call__(self, path: Path) -> ModuleType:
        """The module at `path`. Raises OwnChecksError for whatever its import raises."""
        with told_of(path):
            return importlib.import_module(f"{PACKAGE}.{path.stem}")


@contextmanager
def loading(folder: Path) -> Iterator[Loading]:
    """While the block lasts, the folder's modules can be loaded; nothing else of the program can import them."""
    package = ModuleType(PACKAGE)
    package.__path__ = [str(folder)]
    sys.modules[PACKAGE] = package
    importlib.invalidate_caches()
    try:
        yield Loading()
    finally:
        for name in [it for it in sys.modules if it.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Whatever is raised in the block is told as a fault of this file. Raises OwnChecksError, and nothing else."""
    try:
        yield
    except Exception as error:
        raise OwnChecksError(line(path, f"{_place(path, error)}{type(error).__name__}: {error}")) from error


def line(path: Path, what: str) -> str:
    """A fault of a file in one line."""
    return plain(f"{path}: {what}")


def _place(path: Path, error: Exception) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: "
    frames = [it.lineno for it in traceback.extract_tb(error.__traceback__) if it.filename == str(path)]
    return f"line {frames[-1]}: " if frames else ""
