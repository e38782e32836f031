"""A fuzz of the policy parser and evaluator, guided by coverage, and the time that hostile policies take.

A mutant that runs a line of `auditor.policy` that none ran before becomes a seed of others. Whatever is raised but
`MalformedPolicyError` is a bug, and so is a policy that takes more than a second.

``python -m bench.fuzz [seconds] [seed]`` prints both, and exits with 1 if there is a bug.
"""

import json
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from types import FrameType
from typing import Any

from auditor.policy.lint import lint
from auditor.policy.match import matches
from auditor.policy.written import Kind
from tests.policy.probes.probe import allow, but, deny, doc
from tests.policy.test_hostile_policies import (
    LINEAR,
    QUADRATIC,
    SEEDS,
    Hostile,
    judged,
    mutant,
    outcome,
    scrawled,
)
from tests.policy.test_lint import HOSTILE as LINTED

LIMIT = 1.0
"""Seconds of CPU that any policy may take."""

SECONDS = 60.0
SIZE = 100_000
"""Bytes of the largest policy."""

NAMED_A = "arn:aws:iam::111122223333:role/" + "a" * 512 + "/" + "a" * 64
"""The longest ARN that a role can have, and the worst: somebody else may have chosen its name."""

Place = tuple[str, int]


def filled(make: Callable[[int], str]) -> list[str]:
    """As many texts as a policy of the largest size has room for, all different."""
    texts, room = list[str](), SIZE
    while room > 0:
        texts.append(make(len(texts)))
        room -= len(texts[-1]) + 4
    return texts


def long_tails(length: int) -> list[str]:
    return filled(lambda n: "*" + "a" * length + f"b{n}")


def large() -> Iterator[tuple[str, Hostile]]:
    """The hostile documents of the tests at their largest, and those that are many patterns at once."""
    for name, make in LINEAR.items():
        yield name, make(5_000 if name not in ("stars", "question-marks", "colons") else SIZE // 3)
    for name, make in QUADRATIC.items():
        # An ARN has no more than 2,048 characters.
        yield f"hostile wildcards, {name}", make(1_000 if "two-patterns" in name else 2_000)
    for length in (20, 100, 280, 560):
        tails = long_tails(length)
        yield f"{len(tails)} tails of {length} on a long role", role(doc(allow("*", tails)))
        yield f"{len(tails)} excluded tails of {length}", role(doc(but(allow(), NotResource=tails)))
        yield f"{len(tails)} conditions on a long role", role(doc(deny(Condition={"StringLike": {"k": tails}})))
    stars = filled(lambda n: "*a" * 200 + f"b{n}")
    yield f"{len(stars)} patterns of 200 stars on a long role", role(doc(allow("*", stars)))
    for wanted in ("*", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:role/a*/a*a"):
        many = filled(lambda n: f"arn:aws:iam::*:role/{n}*a*a*")
        yield f"{len(many)} patterns on {wanted}", Hostile(document=doc(allow("*", many)), resource=wanted)
        excluded = doc(allow(), but(deny("iam:*"), NotResource=many))
        yield f"{len(many)} exclusions on {wanted}", Hostile(document=excluded, action="iam:PassRole", resource=wanted)


def role(document: dict[str, Any]) -> Hostile:
    return Hostile(document=document, action="iam:PassRole", resource=NAMED_A, known={"k": (NAMED_A,)})


def timed(work: Callable[[], object]) -> float:
    """Seconds of CPU."""
    matches.cache_clear()
    before = time.process_time()
    work()
    return time.process_time() - before


def of_size(make: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """The document of about the largest size."""
    small, larger = (len(json.dumps(make(n))) for n in (1_000, 2_000))
    return make(1_000 + max(SIZE - small, 0) * 1_000 // (larger - small))


def hostile() -> int:
    """Print what a decision of each takes, from the text on, and what lint does; how many take too long."""
    lint(doc(allow()), Kind.IDENTITY)  # the database of actions is read
    works: list[tuple[str, Any, Callable[[], object]]]
    works = [(name, it.document, partial(judged, it)) for name, it in large()]
    linted = {f"lint: {name}": of_size(make) for name, make in LINTED.items()}
    works += [(name, it, partial(lint, it, Kind.IDENTITY)) for name, it in linted.items()]
    slow = 0
    for name, document, work in works:
        seconds, size = timed(work), len(json.dumps(document)) / 1000
        slow += seconds > LIMIT
        print(f"{seconds:8.2f} s CPU{size:8.0f} kB  {name}{'   TOO LONG' if seconds > LIMIT else ''}", flush=True)
    return slow


def reached(given: str | dict[str, Any]) -> tuple[str, frozenset[Place]]:
    """What becomes of a document, and the lines of the package that it runs."""
    places = set[Place]()

    def note(frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_globals.get("__name__", "").startswith("auditor.policy"):
            return None
        if event == "line":
            places.add((frame.f_code.co_filename, frame.f_lineno))
        return note

    sys.settrace(note)
    try:
        return outcome(given), frozenset(places)
    finally:
        sys.settrace(None)


def fuzz(seconds: float, seed: int) -> int:
    """Print what became of the mutants; how many different bugs they met."""
    chance = Random(seed)  # noqa: S311  (repeatable, and no secret)
    seeds, seen, outcomes = list(SEEDS), set[Place](), Counter[str]()
    bugs, end = dict[str, object](), time.monotonic() + seconds
    while time.monotonic() < end:
        parent = chance.choice(seeds)
        made: str | dict[str, Any] = mutant(parent, chance) if chance.randrange(4) else scrawled(parent, chance)
        # Tracing takes ten times as long: most mutants run without.
        traced = not chance.randrange(4)
        before = time.process_time()
        try:
            what, places = reached(made) if traced else (outcome(made), frozenset())
        except Exception:  # noqa: BLE001  (whatever it is, it is what is looked for)
            what, places = "crashed", frozenset()
            bugs.setdefault(traceback.format_exc().splitlines()[-3], made)
        if not traced and time.process_time() - before > LIMIT:
            bugs.setdefault("took too long", made)
        outcomes[what] += 1
        if isinstance(made, dict) and not places <= seen and len(json.dumps(made)) < SIZE:
            seeds.append(made)
        seen |= places
    print(
        f"mutants: {outcomes.total():,} of {len(seeds)} seeds ({len(seeds) - len(SEEDS)} found), seed {seed}: ", end=""
    )
    print(", ".join(f"{count:,} {what}" for what, count in outcomes.items()), f"; {len(seen)} lines", sep="")
    for where, culprit in bugs.items():
        print(where.strip(), json.dumps(culprit)[:2_000], sep="\n    ")
    return len(bugs)


def main(arguments: Sequence[str]) -> int:
    """1 if there was a bug."""
    seconds = float(arguments[0]) if arguments else SECONDS
    seed = int(arguments[1]) if arguments[1:] else 1
    slow = hostile()
    return 1 if fuzz(seconds, seed) + slow else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
