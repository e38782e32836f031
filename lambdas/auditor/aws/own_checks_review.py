"""The review of an organization's own checks, before they are used: they keep every promise that the catalogue's do."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from auditor.aws.own_checks import CASES, Loading, OwnChecksError, checks_of, families, line, loading, told_of
from auditor.aws.sources import SOURCES
from auditor.checks import OURS
from auditor.checks.controls import titles
from auditor.checks.promises import broken
from auditor.core.case import Case
from auditor.core.catalogue import Catalogue
from auditor.core.check import Check
from auditor.policy.derive import DERIVATIONS

OWN = "own/"
"""What the controls of an organization's own framework begin with."""

ROOMS = ("auditor.core.", "auditor.policy.")
"""What a check may import of the auditor."""

OUTSIDE = frozenset(
    "asyncio ctypes http importlib io logging multiprocessing os pathlib random shutil socket sqlite3 ssl".split()
) | (frozenset("subprocess sys tempfile threading time urllib".split()))
"""Of Python's own modules those that reach out: a check is a function of its subject."""


def reviewed(folder: Path) -> Catalogue:
    """The catalogue with the checks of the folder, which may be none. Raises OwnChecksError with a line a fault."""
    with loading(folder) as load:
        review = _Review(folder=folder, load=load)
        found = review.checks()
    if review.faults:
        raise OwnChecksError("\n".join(review.faults))
    return OURS.with_(found)


class _Review:
    """A look at one folder; `faults` are what it has found."""

    def __init__(self, folder: Path, load: Loading) -> None:
        self.folder, self.load, self.faults = folder, load, list[str]()

    def checks(self) -> list[Check]:
        """Every check of the folder."""
        places = [(path, it) for path in families(self.folder) for it in self._family(path)]
        cases = [case for path in sorted(self.folder.glob(f"{CASES}*.py")) for case in self._cases(path)]
        self._clashes(places)
        for path, it in places:
            self._keeps_its_promises(path, it, [case for case in cases if case.check is it])
        return [it for _, it in places]

    def _say(self, path: Path, what: str) -> None:
        self.faults.append(line(path, what))

    def _module(self, path: Path) -> ModuleType | None:
        """The module, if it can be loaded and imports nothing that the functions would not have."""
        try:
            with told_of(path):
                tree = ast.parse(path.read_bytes(), str(path))
                strangers = sorted({*_strangers(tree), *_left_behind(tree, path)})
            if strangers:
                self._say(
                    path, f"imports {', '.join(strangers)}: a check needs auditor.core, auditor.policy and itself"
                )
                return None
            return self.load(path)
        except OwnChecksError as error:
            self.faults.append(str(error))
            return None

    def _family(self, path: Path) -> list[Check]:
        module = self._module(path)
        found = checks_of(module) if module else []
        if module and not found:
            self._say(path, "holds no check")
        if not path.with_name(f"{CASES}{path.name}").exists():
            self._say(path, f"has no cases: there is no {CASES}{path.name}")
        return found

    def _cases(self, path: Path) -> list[Case]:
        if not path.with_name(path.name.removeprefix(CASES)).exists():
            self._say(path, f"is of no family: there is no {path.name.removeprefix(CASES)}")
            return []
        module = self._module(path)
        cases: Any = getattr(module, "CASES", None)
        if module and not (isinstance(cases, tuple) and all(isinstance(it, Case) for it in cases)):
            self._say(path, "CASES is not a tuple of cases")
        elif module and any(it.left_out for it in cases):
            self._say(path, "left_out is for the kinds of the catalogue: passes says what a check leaves")
        return list(cases) if module and isinstance(cases, tuple) else []

    def _clashes(self, places: list[tuple[Path, Check]]) -> None:
        """Findings of one name would be taken for the other's."""
        owners = defaultdict[str, list[Path]](list)
        for path, it in places:
            for name in (it.id, *it.formerly):
                owners[name].append(path)
        for name, paths in owners.items():
            if name in OURS.names:
                self._say(paths[0], f"{name}: is the name of a check that ships with the auditor")
            for path in paths[1:]:
                self._say(path, f"{name}: is the name of a check in {paths[0].name} too")

    def _keeps_its_promises(self, path: Path, it: Check, cases: list[Case]) -> None:
        try:
            with told_of(path):
                faults = broken(it, cases, _is_control) if it.kind in KINDS else [f"no source tells of {it.kind}"]
        except OwnChecksError as error:
            self.faults.append(str(error))
        else:
            for fault in faults:
                self._say(path, f"{it.id}: {fault}")


KINDS = frozenset({*(kind for source in SOURCES for kind in source.kinds), *(it.gives for it in DERIVATIONS)})
"""What a check can be about."""


def _is_control(control: str) -> bool:
    return control in titles() or (control.startswith(OWN) and len(control) > len(OWN))


def own_controls(catalogue: Catalogue) -> dict[str, str]:
    """The controls of the organization's own framework that checks cite, with what is known of them."""
    cited = {control for it in catalogue.checks.values() for control in it.controls}
    return {control: "the organization's own" for control in sorted(cited) if control.startswith(OWN)}


def _strangers(tree: ast.AST) -> Iterator[str]:
    """What a module imports that is neither the auditor's pure part, nor pure in Python, nor beside it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if not (name.startswith(ROOMS) or _is_pure(name.partition(".")[0])))


def _left_behind(tree: ast.AST, family: Path) -> Iterator[str]:
    """What a family imports from beside it that the functions do not have: cases, and folders."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level and not family.name.startswith(CASES):
            named = [node.module.partition(".")[0]] if node.module else [alias.name for alias in node.names]
            yield from (f".{it}" for it in named if it.startswith(CASES) or family.with_name(it).is_dir())


def _is_pure(module: str) -> bool:
    return module in sys.stdlib_module_names and module not in OUTSIDE
