"""The walls of the house: who may import whom, who may touch the world, and how long anything may be."""

import ast
import statistics
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lambdas" / "auditor"
MODULES = {path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_bytes()) for path in PACKAGE.rglob("*.py")}
HOUSE = {
    f"infra/{path.relative_to(ROOT / 'infra').as_posix()}": ast.parse(path.read_bytes())
    for path in (ROOT / "infra").glob("*.py")
} | MODULES

MAY_IMPORT = {
    "core": set[str](),
    "policy": {"core"},
    "checks": {"core", "policy"},
    "render": {"core", "policy"},
    "aws": {"core", "policy", "checks", "render"},
    "handlers": {"core", "policy", "checks", "render", "aws", "settings"},
    "cli": {"core", "policy", "checks", "render", "aws", "settings"},
    "settings": {"core"},
    "": set[str](),
}
"""Besides itself. `core ← policy ← checks, render ← aws ← handlers, cli`; settings are read by the edge only."""

OUTSIDE = {
    "boto3": ("aws/", "cli/seeing.py", "cli/redrive.py", "cli/table.py"),
    "botocore": ("aws/", "handlers/", "cli/main.py", "cli/redrive.py", "cli/table.py"),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "aws_lambda_powertools": ("handlers/",),
    "pydantic": ("aws/", "handlers/", "settings/"),
    "moto": (),
    "pytest": (),
    "tests": (),
    "infra": (),
    "importlib": (
        *("aws/own_checks.py", "aws/secret_scan.py", "checks/controls.py"),
        *("policy/actions.py", "policy/techniques.py"),
    ),
}
CLOCK = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
ENVIRONMENT = {"os.environ", "os.getenv", "os.environb", "os.putenv"}
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "service", "misc"}
LONGEST_FUNCTION = 40
MEDIAN_FUNCTION = 10
LONGEST_MODULE = 320
TOP_LEVEL = {
    *("app.py", "cdk.json", "lambdas", "infra", "tests", "requirements.txt", "README.md"),
    *("Makefile", "pyproject.toml", "docs", "bench"),
}

STOPWATCHES = {"process_time", "process_time_ns", "perf_counter", "perf_counter_ns", "thread_time", "thread_time_ns"}

every_module = pytest.mark.parametrize("name", sorted(MODULES))


def room(name: str) -> str:
    """The room of a module by its path: ``core`` for ``core/model.py``, ``settings`` for ``settings.py``."""
    return name.partition("/")[0].removesuffix(".py").removesuffix("__init__")


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where something comes from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted(node: ast.AST) -> str:
    """``os.environ`` of an attribute chain; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def functions(trees: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno
                yield node.name, node.end_lineno - node.lineno + 1


# Who may import whom.


@every_module
def test_imports_point_one_way(name: str) -> None:
    rooms = {it.split(".")[1] for it in imported(MODULES[name]) if it.startswith("auditor.")}
    assert rooms - {room(name)} <= MAY_IMPORT[room(name)]


def test_every_room_has_its_walls() -> None:
    assert {room(name) for name in MODULES} == set(MAY_IMPORT)


def test_infra_imports_only_what_it_derives() -> None:
    used = {it for name, tree in HOUSE.items() if name not in MODULES for it in imported(tree)}
    assert {it for it in used if it.startswith("auditor.")} <= {
        it for it in used if it.startswith(("auditor.settings.", "auditor.aws."))
    }


@pytest.mark.parametrize("library", OUTSIDE)
def test_library_stays_in_its_room(library: str) -> None:
    users = {name for name, tree in MODULES.items() if library in {it.split(".")[0] for it in imported(tree)}}
    assert {name for name in users if not name.startswith(OUTSIDE[library])} == set()


def test_pure_rooms_import_nothing_that_reaches_out() -> None:
    outside = {"os", "sys", "time", "random", "socket", "subprocess", "pathlib", "tempfile", "logging", "threading"}
    for name, tree in MODULES.items():
        if room(name) in {"core", "policy", "checks", "render"}:
            assert not outside & {it.split(".")[0] for it in imported(tree)}, name


# Who may touch the world.


@every_module
def test_only_settings_reads_the_clock_and_the_environment(name: str) -> None:
    touched = {dotted(node) for node in ast.walk(MODULES[name])}
    direct = {it for it in imported(MODULES[name]) if it in CLOCK | ENVIRONMENT}
    assert name == "settings/__init__.py" or not (touched & (CLOCK | ENVIRONMENT)) | direct


def test_no_client_is_made_at_import() -> None:
    for name, tree in HOUSE.items():
        assert isinstance(tree, ast.Module)
        calls = {dotted(it.func) for statement in tree.body for it in executed(statement) if isinstance(it, ast.Call)}
        assert not [it for it in calls if it.split(".")[-1] in {"client", "resource", "Session"}], name


def executed(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: functions only with their defaults and decorators."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            pending += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        elif not isinstance(node, ast.Lambda):
            pending += ast.iter_child_nodes(node)


def test_no_partition_is_typed() -> None:
    for folder in ("lambdas", "infra"):
        for path in (ROOT / folder).rglob("*.py"):
            assert "arn:aws:" not in path.read_text(encoding="utf-8"), path


# How errors are met.


def broad(handler: ast.ExceptHandler) -> bool:
    """Whether it catches everything and raises neither it again nor another from it."""
    caught = {dotted(node) for node in ast.walk(handler.type)} if handler.type else {"BaseException"}
    last = handler.body[-1]
    raised_again = isinstance(last, ast.Raise) and (last.exc is None or last.cause is not None)
    return bool(caught & {"Exception", "BaseException"}) and not raised_again


def test_one_broad_except_in_the_whole_program() -> None:
    found = [
        name
        for name, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and broad(node)
    ]
    assert found == ["core/evaluate.py"]


def test_handlers_catch_nothing() -> None:
    for name, tree in MODULES.items():
        if room(name) == "handlers":
            assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try)], name


# How it is cut.


def test_no_name_says_nothing() -> None:
    assert not [name for name in HOUSE if VAGUE & set(name.removesuffix(".py").replace("_", "/").split("/"))]


def test_functions_are_short() -> None:
    assert [it for it in functions(HOUSE.values()) if it[1] > LONGEST_FUNCTION] == []
    assert statistics.median(lines for _, lines in functions(MODULES.values())) <= MEDIAN_FUNCTION


@pytest.mark.parametrize("name", sorted(HOUSE))
def test_module_is_short(name: str) -> None:
    folder = PACKAGE if name in MODULES else ROOT
    assert len((folder / name).read_bytes().splitlines()) <= LONGEST_MODULE


def test_nothing_is_abstract() -> None:
    bases = {"ABC", "ABCMeta", "Protocol", "abstractmethod"}
    for name, tree in HOUSE.items():
        assert not bases & {it.split(".")[-1] for it in imported(tree)}, name


@every_module
def test_what_is_public_says_what_it_is(name: str) -> None:
    tree = MODULES[name]
    public = [
        node
        for node in [tree, *ast.walk(tree)]
        if isinstance(node, ast.Module)
        or (
            isinstance(node, ast.FunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and not nested(node, tree)
        )
    ]
    assert [node for node in public if not ast.get_docstring(node)] == []


def nested(node: ast.AST, tree: ast.AST) -> bool:
    """Whether it is defined inside a function."""
    return any(
        node in ast.walk(outer) for outer in ast.walk(tree) if isinstance(outer, ast.FunctionDef) and outer is not node
    )


def test_top_level_is_fixed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S607
    entries = {line.partition("/")[0] for line in listed.splitlines()}
    assert {entry for entry in entries - TOP_LEVEL if not entry.startswith(".")} == set()


def test_no_test_says_how_long_something_may_take() -> None:
    """Any day may be a slow one: `tests/work.py` counts lines instead, and `bench` takes times."""
    for path in (ROOT / "tests").rglob("*.py"):
        tree = ast.parse(path.read_bytes())
        names = {it.split(".")[-1] for it in (*imported(tree), *map(dotted, ast.walk(tree)))}
        assert not STOPWATCHES & names, path
