"""Mutants of the catalogue: each comparison, condition and number of every check is made wrong in turn.

A mutant dies if the cases of a check, held to what `tests/checks/test_catalogue.py` asks of them, tell it from the
original. One that survives is a line that no case needs: a case is missing, or the line is. Those that cannot be told
from the original by any case are in ``equivalent_mutants.tsv``, each with the reason.

What a decorator is given is left as it is, and so are the tables and functions of a family that make nothing else: no
case sees a check's controls. `tests/checks/test_controls.py` holds those to the benchmarks.

``python -m bench.mutants [family …]`` prints the survivors and exits with 1 if there is one.
"""

import ast
import csv
import inspect
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from auditor.checks import FAMILIES
from auditor.checks.promises import JUDGEMENTS
from auditor.core.case import Case
from auditor.core.check import Check
from tests.checks.test_catalogue import CASES

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.tsv")
SECONDS = 5
"""After which a mutant counts as dead: no check takes a thousandth of it."""

OTHER_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
UNTOUCHED = {"decorator_list", "annotation", "returns", "type_params", "format_spec"}
"""What is declared, and what says how something is written."""

Place = tuple[ast.AST, str, int | None]
"""A node, one of its fields, and the position where that is a list."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: `function` is where (empty outside of any), `change` the code before and after."""

    family: str
    line: int
    function: str
    change: str

    def __str__(self) -> str:
        """As a compiler would say it."""
        return f"lambdas/auditor/checks/{self.family}.py:{self.line}: {self.function or 'module'}: {self.change}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it when lines have moved."""
        return self.family, self.function, self.change


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a family's mutants fared; `seconds` of wall clock."""

    family: str
    survivors: tuple[Mutant, ...] = ()
    made: int = 0
    seconds: float = field(default=0, compare=False)


def outcome(family: ModuleType, cases: Sequence[Case] = CASES) -> Outcome:
    """Make every mutant of `family`, and ask `cases` about each. Raises ValueError if they fail as it is."""
    begun, made, alive = time.monotonic(), 0, []
    if _dies(lambda: _declared(ast.parse(inspect.getsource(family)), family), cases, ""):
        raise ValueError(f"{_name(family)}: its cases fail before anything is changed")
    for mutant, declared in _mutants(family):
        made += 1
        if not _dies(declared, cases, mutant.function):
            alive.append(mutant)
    return Outcome(family=_name(family), survivors=tuple(alive), made=made, seconds=time.monotonic() - begun)


def _mutants(family: ModuleType) -> Iterator[tuple[Mutant, Callable[[], dict[str, Check]]]]:
    """Each mutant, and what declares its checks, which has to be called before the next one is made."""
    tree = ast.parse(inspect.getsource(family))
    declaring = _declaring(tree)
    for place, function in list(_places(tree)):
        original = _get(place)
        if original in declaring:
            continue
        for wrong in list(_wrong(original)):
            _put(place, ast.fix_missing_locations(ast.copy_location(wrong, original)))
            change = f"{_text(original)} → {_text(wrong)}"
            mutant = Mutant(family=_name(family), line=_line(original), function=function, change=change)
            yield mutant, lambda: _declared(tree, family)
            _put(place, original)


def _places(tree: ast.AST, function: str = "") -> Iterator[tuple[Place, str]]:
    for name, value in ast.iter_fields(tree):
        if name in UNTOUCHED:
            continue
        children = value if isinstance(value, list) else [value]
        for position, child in enumerate(children):
            if isinstance(child, ast.AST):
                yield (tree, name, position if isinstance(value, list) else None), function
                outermost = isinstance(child, ast.FunctionDef) and not function
                yield from _places(child, child.name if outermost else function)  # type: ignore[attr-defined]


def _declaring(tree: ast.Module) -> set[ast.AST]:
    """All that only decorators go by: what they call, and what that is made of."""
    parts = {name: part for part in tree.body for name in _given(part)}
    checks = [it for it in tree.body if isinstance(it, ast.FunctionDef) and it.decorator_list]
    declared = _reached(parts, [decorator for it in checks for decorator in it.decorator_list])
    return {it for name in declared - _reached(parts, checks) for it in ast.walk(parts[name])}


def _given(part: ast.stmt) -> set[str]:
    """The names that a function or an assignment gives."""
    if isinstance(part, ast.FunctionDef):
        return {part.name}
    targets = part.targets if isinstance(part, ast.Assign) else []
    return {it.id for target in targets for it in ast.walk(target) if isinstance(it, ast.Name)}


def _reached(parts: Mapping[str, ast.stmt], begin: Sequence[ast.AST]) -> set[str]:
    """The names of the parts that these refer to, and whatever those refer to, other than in a decorator."""
    reached, left = set[str](), list(begin)
    while left:
        nodes = [_get(place) for place, _ in _places(left.pop())]
        new = {it.id for it in nodes if isinstance(it, ast.Name) and it.id in parts} - reached
        reached |= new
        left += [parts[name] for name in new]
    return reached


def _get(place: Place) -> Any:
    node, name, position = place
    value = getattr(node, name)
    return value if position is None else value[position]


def _put(place: Place, wrong: ast.AST) -> None:
    node, name, position = place
    if position is None:
        setattr(node, name, wrong)
    else:
        getattr(node, name)[position] = wrong


def _wrong(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the place of `node` instead, and should make a difference."""
    if isinstance(node, ast.Compare):
        yield from _compared_otherwise(node)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(op=ast.Or() if isinstance(node.op, ast.And) else ast.And(), values=node.values)
        yield from (_without(node, position) for position in range(len(node.values)))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield from (ast.Constant(node.value + step) for step in (-1, 1))
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield from (_with(node, test=ast.Constant(value)) for value in (True, False) if _ends(node, always=value))
    elif isinstance(node, ast.comprehension):
        yield from (_with(node, ifs=[it for it in node.ifs if it is not gone]) for gone in node.ifs)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
        yield ast.Pass()


def _compared_otherwise(node: ast.Compare) -> Iterator[ast.AST]:
    for position, operator in enumerate(node.ops):
        for other in OTHER_COMPARISONS[type(operator)]:
            yield _with(node, ops=[*node.ops[:position], other(), *node.ops[position + 1 :]])


def _without(node: ast.BoolOp, position: int) -> ast.AST:
    left = [*node.values[:position], *node.values[position + 1 :]]
    return left[0] if len(left) == 1 else ast.BoolOp(op=node.op, values=left)


def _ends(node: ast.If | ast.IfExp | ast.While, *, always: bool) -> bool:
    """A loop whose condition always holds has no end to wait for."""
    return not (always and isinstance(node, ast.While))


def _with(node: ast.AST, **others: Any) -> ast.AST:
    return type(node)(**{**dict(ast.iter_fields(node)), **others})


def _text(node: ast.AST) -> str:
    """The code in one line; of what holds statements, only its head."""
    if isinstance(node, ast.If | ast.While):
        return f"{'if' if isinstance(node, ast.If) else 'while'} {ast.unparse(node.test)}"
    return " ".join(ast.unparse(node).split())


def _declared(tree: ast.Module, family: ModuleType) -> dict[str, Check]:
    """The checks that the changed module declares, by id."""
    module = ModuleType(family.__name__)
    exec(compile(tree, str(family.__file__), "exec"), vars(module))  # noqa: S102  (our own code, but for one change)
    return {it.id: it for it in vars(module).values() if isinstance(it, Check)}


def _dies(declare: Callable[[], dict[str, Check]], cases: Sequence[Case], function: str) -> bool:
    """Whether a case tells. A crash tells too, and so does what does not end."""
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        checks = declare()
        asked = [checks[function.replace("_", "-")]] if function.replace("_", "-") in checks else list(checks.values())
        return not all(_passes(it, [case for case in cases if case.check.id == it.id]) for it in asked)
    except Exception:  # noqa: BLE001  (whatever it dies of)
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _too_long(_: int, __: FrameType | None) -> None:
    raise TimeoutError


def _passes(it: Check, cases: Sequence[Case]) -> bool:
    """Whether the check judges as its cases say."""
    return not any(True for promise in JUDGEMENTS for _ in promise(it, cases))


def equivalent() -> dict[tuple[str, str, str], str]:
    """Mutants that no case can tell from the original, with the reason."""
    with EQUIVALENT.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {(family, function, change): reason for family, function, change, reason in rows}


def _name(family: ModuleType) -> str:
    return family.__name__.rpartition(".")[2]


def _line(node: ast.AST) -> int:
    """Where it begins; what has no place of its own is where its first part is."""
    return int(next(it.lineno for it in ast.walk(node) if hasattr(it, "lineno")))


def _of(name: str) -> Outcome:
    return outcome(next(it for it in FAMILIES if _name(it) == name))


def main(names: Sequence[str]) -> int:
    """Print how the mutants of the families fared, of all unless `names` names some; 1 if one survived."""
    every = [_name(it) for it in FAMILIES]
    asked = [it for it in every if it in names or not names]
    known = equivalent()
    with ProcessPoolExecutor() as pool:
        outcomes = list(pool.map(_of, asked))
    alive = [it for it in _alive(outcomes) if it.key not in known]
    for each in outcomes:
        print(f"{each.family:<24}{each.made:6} mutants{len(each.survivors):6} alive{each.seconds:8.1f} s")
    for survivor in alive:
        print(survivor)
    living = {it.key for it in _alive(outcomes)}
    stale = [key for key in known if key[0] in asked and key not in living]
    for key in stale:
        print(f"{EQUIVALENT.name}: no such survivor: {' '.join(key)}")
    print(summary(outcomes, known))
    return 1 if alive or stale else 0


def _alive(outcomes: Sequence[Outcome]) -> list[Mutant]:
    return [it for each in outcomes for it in each.survivors]


def summary(outcomes: Sequence[Outcome], known: Collection[tuple[str, str, str]]) -> str:
    """How many there were, each place counted: one change at two places of a function has one key."""
    made, alive = sum(each.made for each in outcomes), _alive(outcomes)
    untold = sum(it.key in known for it in alive)
    return f"mutants: {made} made, {len(alive)} alive, of which {untold} no case could tell"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
