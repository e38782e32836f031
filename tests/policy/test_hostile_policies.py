"""Policies that were never meant to be read: broken ones, huge ones, and those that are made to be slow.

How long something takes is no business of a test: `bench/fuzz.py` takes the time of the same. Here lines are counted.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote

import pytest

from auditor.policy import conditions
from auditor.policy.access import Decision, Held, Request, Standing, decide
from auditor.policy.document import MalformedPolicyError, decode, statements
from auditor.policy.match import matches
from tests.policy.probes import PROBES, ROWS
from tests.policy.probes.probe import ALL, OBJECT, SESSION, USER, Values, allow, but, deny, doc, to
from tests.work import lines

SEEDS: tuple[dict[str, Any], ...] = (
    *(document for probe in PROBES for document in probe.identity),
    *(probe.policy for probe in PROBES if probe.policy),
    *(doc(allow(Condition=row.condition)) for row in ROWS),
    doc(but(deny(Condition=ROWS[0].condition), NotAction=["s3:*"], NotResource="arn:aws:s3:::${aws:username}/*")),
)
"""Documents that mutants are made of."""

JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 10**400, [], {}, [[]], [None], {"": ""}, {"AWS": None}, {"Ref": "x"}),
    *("", "*", "?", "**", ":", "::::::", "arn:", "arn:aws", "arn:aws:s3:::", "s3:", ":*", "${", "${}", "${${}}", "}"),
    *("${aws:username", "${aws:username,", "${aws:username, 'x", "${*}${?}${$}", "\x00", "\ud800", "\ue000", "İ", "ß"),
    *("nan", "inf", "-0", "1e999", "9" * 400, "9999-99-99", "0000-00-00T00:00:00Z", "2026-W48-5", "1" * 20, "-1" * 9),
    *("0.0.0.0/-1", "::/129", "fe80::1%eth0", "1.2.3.4/0.0.0.255", "StringEquals", "ForAllValues:", "ForAnyValue:Null"),
    *("ForAllValues:ForAnyValue:StringLike", "IfExists", "NullIfExists", "aws:username", "Allow", "Deny", "2012-10-17"),
    *("Statement", "Effect", "NotAction", "NotResource", "NotPrincipal", "Condition", "Version", "*" * 60, "*a" * 60),
)

KNOWN: Values = {
    "aws:username": ("ana",),
    "aws:tagkeys": ("a", "b"),
    "aws:sourceip": (),
    "aws:principaltag/team": ("red",),
    "s3:max-keys": ("10",),
    "aws:currenttime": ("2026-11-20T06:00:00Z",),
    "s3:prefix": ("\ud800*?${aws:username}",),
    "": ("",),
}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a value with each of its keys or indexes."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def mutate(document: dict[str, Any], chance: Random) -> None:
    """Change one place of a document: put junk there, take it away, rename it, double it, or put another part there."""
    every = list(places(document))
    if not every:
        document["Statement"] = chance.choice(JUNK)
        return
    holder, key = chance.choice(every)
    how = chance.randrange(6)
    if how == 0:
        del holder[key]
    elif how == 1 and isinstance(holder, dict):
        holder[str(chance.choice(JUNK))] = holder.pop(key)
    elif how == 2:
        holder[key] = [holder[key], holder[key]]
    elif how == 3:
        other, place = chance.choice(every)
        holder[key] = deepcopy(other[place]) if place in other or isinstance(other, list) else None
    elif isinstance(holder[key], str) and how == 4:
        cut = chance.randrange(len(holder[key]) + 1)
        holder[key] = holder[key][:cut] + str(chance.choice(JUNK)) + holder[key][cut:]
    else:
        holder[key] = deepcopy(chance.choice(JUNK))


def mutant(seed: dict[str, Any], chance: Random) -> dict[str, Any]:
    document = deepcopy(seed)
    for _ in range(chance.choice((1, 1, 2, 4))):
        mutate(document, chance)
    return document


def scrawled(seed: dict[str, Any], chance: Random) -> str:
    """The text of a document with some letters changed, as IAM or Organizations would give it."""
    letters = list(json.dumps(seed))
    for _ in range(chance.randint(1, 6)):
        letters[chance.randrange(len(letters))] = chance.choice(
            ('"', "{", "}", "[", "]", ",", ":", "\\", "%", "$", "e")
        )
    text = "".join(letters)
    return quote(text) if chance.random() < 0.5 else text


LAYERS: tuple[Callable[[Held], dict[str, Any]], ...] = (
    lambda it: {"identity": (it,)},
    lambda it: {"boundary": it},
    lambda it: {"session": it},
    lambda it: {"service_control": ((it,),)},
    lambda it: {"resource_control": ((it,),)},
)
REQUESTS = (
    Request(action="s3:GetObject", resource=OBJECT, known=KNOWN),
    Request(action="s3:GetObject", resource="arn:aws:s3:::ledger/*"),
    Request(action="iam:PassRole", resource="*", known=KNOWN),
)


def outcome(given: str | dict[str, Any]) -> str:
    """What becomes of a document as every kind of policy: ``decided`` or ``refused``. To raise is a bug."""
    try:
        document = decode(given)
        list(statements(document))
    except MalformedPolicyError:
        return "refused"
    held = Held(name="it", document=document)
    everything = Held(name="all", document=ALL)
    for request in REQUESTS:
        for layer in LAYERS:
            decide(Standing(**{"arn": USER, "identity": (everything,), **layer(held)}), request)
        decide(Standing(arn=SESSION, identity=(everything,)), request, held)
    return "decided"


@pytest.mark.parametrize("make", [mutant, scrawled])
def test_broken_document_is_refused_or_decided_and_breaks_nothing(
    make: Callable[[dict[str, Any], Random], str | dict[str, Any]],
) -> None:
    chance = Random(7)  # noqa: S311  (repeatable, and no secret)
    seen = Counter(outcome(make(chance.choice(SEEDS), chance)) for _ in range(700))
    assert min(seen["refused"], seen["decided"]) > 70, seen


def test_every_seed_is_decided() -> None:
    assert {outcome(it) for it in SEEDS} == {"decided"}


@pytest.mark.parametrize("depth", [100, 1_000, 100_000])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}"), ('{"Statement":[', "]}")])
def test_deep_text_is_refused(opened: str, closed: str, depth: int) -> None:
    text = '{"Statement":' + opened * depth + "1" + closed * depth + "}"
    assert outcome(text) == "refused"


# What takes how much work.


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """A document of a size, and a request that it is made for."""

    document: dict[str, Any]
    action: str = "s3:GetObject"
    resource: str = OBJECT
    known: Values = field(default_factory=dict)
    policy: bool = False
    allowed: bool = True


def judged(it: Hostile) -> Decision:
    """The decision, made as from a text that was just read."""
    matches.cache_clear()
    held = Held(name="it", document=decode(json.dumps(it.document)))
    everything = Held(name="all", document=ALL)
    standing = Standing(arn=USER, identity=(everything if it.policy else held,))
    return decide(
        standing, Request(action=it.action, resource=it.resource, known=it.known), held if it.policy else None
    )


def pattern(text: str) -> dict[str, Any]:
    return doc(allow(Condition={"StringLike": {"s3:prefix": text}}))


LINEAR: dict[str, Callable[[int], Hostile]] = {
    "statements": lambda n: Hostile(
        document=doc(*(deny("iam:*", f"arn:aws:iam::1:user/{i}") for i in range(n)), allow())
    ),
    "actions": lambda n: Hostile(document=doc(allow([f"s3:Get{i}*" for i in range(n)] + ["*"]))),
    "resources": lambda n: Hostile(document=doc(allow("*", [f"arn:aws:s3:::b{i}/*" for i in range(n)] + ["*"]))),
    "not-resources": lambda n: Hostile(
        document=doc(but(allow(), NotResource=[f"arn:aws:s3:::b{i}/*" for i in range(n)]))
    ),
    "keys": lambda n: Hostile(document=doc(allow(Condition={"StringEquals": {f"demo:{i}": "x" for i in range(n)}}))),
    "operators": lambda n: Hostile(document=doc(allow(Condition={f"Made{i}": {"demo:x": "y"} for i in range(n)}))),
    "values": lambda n: Hostile(
        document=doc(allow(Condition={"StringNotLike": {"s3:prefix": [f"v{i}*" for i in range(n)]}})),
        known={"s3:prefix": ("w",)},
    ),
    "variables": lambda n: Hostile(
        document=pattern("${aws:username}" * n), known={"s3:prefix": ("a",), "aws:username": ("b",)}, allowed=False
    ),
    "open-variables": lambda n: Hostile(document=pattern("${" * n), known={"s3:prefix": ("a",)}, allowed=False),
    "principals": lambda n: Hostile(
        document=doc(to({"AWS": [f"arn:aws:iam::1:user/{i}" for i in range(n)]}, deny())), policy=True
    ),
    "stars": lambda n: Hostile(document=doc(allow("*" * n + "x", "*" * n + "x")), allowed=False),
    "question-marks": lambda n: Hostile(document=doc(allow("?" * n, "?" * n + "*")), allowed=False),
    "colons": lambda n: Hostile(document=doc(allow("*:" * n, "arn:" + "*:" * n)), allowed=False),
}
QUADRATIC: dict[str, Callable[[int], Hostile]] = {
    "action": lambda n: Hostile(document=doc(allow("*a" * n + "b")), action="a" * 2 * n, allowed=False),
    "resource": lambda n: Hostile(document=doc(allow("*", "*a" * n + "b")), resource="a" * 2 * n, allowed=False),
    "value": lambda n: Hostile(document=pattern("*a" * n + "b"), known={"s3:prefix": ("a" * 2 * n,)}, allowed=False),
    "long-tail": lambda n: Hostile(
        document=pattern("*" + "a" * n + "b"), known={"s3:prefix": ("a" * 2 * n,)}, allowed=False
    ),
    "arn": lambda n: Hostile(
        document=doc(allow(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::" + "*a" * n + "b"}})),
        known={"aws:sourcearn": ("arn:aws:s3:::" + "a" * 2 * n,)},
        allowed=False,
    ),
    "question-marks": lambda n: Hostile(document=pattern("*?a" * n), known={"s3:prefix": ("ab" * n,)}, allowed=False),
    "two-patterns": lambda n: Hostile(document=doc(allow("*", "*a" * n + "b")), resource="a*" * n + "c", allowed=False),
    "not-two-patterns": lambda n: Hostile(
        document=doc(but(allow(), NotResource="*a" * n + "b")), resource="a*" * n + "c"
    ),
}
EVERY = {**LINEAR, **{f"{name}-2": make for name, make in QUADRATIC.items()}}


@pytest.mark.parametrize("make", LINEAR.values(), ids=LINEAR)
def test_twice_as_much_is_twice_the_work(make: Callable[[int], Hostile]) -> None:
    small, large = (lines(lambda n=n: judged(make(n))) for n in (200, 400))  # type: ignore[misc]
    assert large < 2.1 * small + 200


@pytest.mark.parametrize("make", QUADRATIC.values(), ids=QUADRATIC)
def test_twice_the_pattern_and_the_text_is_no_more_than_four_times_the_work(make: Callable[[int], Hostile]) -> None:
    small, large = (lines(lambda n=n: judged(make(n))) for n in (20, 40))  # type: ignore[misc]
    assert large < 4.2 * small


def test_work_is_counted() -> None:
    """Thrice the statements are not twice the work."""
    small, large = (lines(lambda n=n: judged(LINEAR["statements"](n))) for n in (100, 300))  # type: ignore[misc]
    assert large > 2.5 * small > 250


@pytest.mark.parametrize("make", EVERY.values(), ids=EVERY)
def test_hostile_document_is_decided_rightly(make: Callable[[int], Hostile]) -> None:
    it = make(300)
    assert judged(it).allowed is it.allowed


@pytest.mark.parametrize("name", LINEAR)
def test_document_of_hundred_kilobytes_is_decided_rightly(name: str) -> None:
    it = LINEAR[name](5_000)
    assert judged(it).allowed is it.allowed


def test_thousands_of_unknown_keys_are_all_told() -> None:
    assert len(judged(LINEAR["keys"](5_000)).conditions) == 5_000


def test_contradictions_are_never_met() -> None:
    """Whatever the key's value, and however often it is said."""
    block = {"StringEquals": {"demo:key": ["a", "b"]}, "StringNotEquals": {"demo:key": ["a", "b"]}}
    for values in ((), ("a",), ("c",), ("a", "c")):
        assert not judged(Hostile(document=doc(allow(Condition=block)), known={"demo:key": values})).allowed
    (statement,) = statements(doc(allow(Condition=block)))
    assert conditions.judge(statement.clauses, {}, variables=True) is not True
