"""The publicly known ways to get more than one was given, as data: ``techniques.toml`` says what each member means."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

TARGETS = ("policy", "group", "user", "role", "workload", "provider", "account")
"""What a step is done to, in the order of the file."""

GIVES = {
    "become": ("user", "role", "workload", "provider"),
    "boost": ("policy", "group", "user", "role"),
    "unbind": ("policy", "user", "role"),
    "join": ("group",),
    "administrator": ("account",),
}
"""What a step can give, and to what kinds of target."""

PLACES = ("", "target", "holder", "new", "trusted")

FACTS = {
    "other-version": "policy",
    "fewer-than-five-versions": "policy",
    "five-versions": "policy",
    "fewer-than-two-keys": "user",
    "keys": "user",
    "password": "user",
    "no-password": "user",
    "mfa-device": "user",
    "instance-profile": "role",
    "management-account": "account",
}
"""A fact that must be true of a target, and the kind of target that it is about."""

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NEED = re.compile(r"([a-z0-9-]+:[A-Z][A-Za-z0-9]*)(?:@([a-z]+))?")
SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com")
WORKLOAD = re.compile(r"AWS::[A-Za-z0-9]+::[A-Za-z0-9]+")


@dataclass(frozen=True)
class Need:
    """An action that must be possible, and where: one of `PLACES`; empty is any resource at all."""

    action: str
    place: str = ""


@dataclass(frozen=True, kw_only=True)
class Technique:
    """One way: what it needs, of which target, and what it gives. `does` reads after the actor's name."""

    id: str
    title: str
    target: str
    gives: str
    service: tuple[str, ...] = ()
    workload: str = ""
    existing: str = ""
    needs: tuple[Need, ...]
    when: str = ""
    ended: date | None = None
    does: str
    fix: str
    reference: str


@cache
def techniques() -> tuple[Technique, ...]:
    """Every technique, in the order of the file; those whose service AWS ended too. ValueError names a broken entry."""
    return parsed((files("auditor.policy") / "techniques.toml").read_text(encoding="utf-8"))


def parsed(text: str) -> tuple[Technique, ...]:
    """The techniques of a file's text."""
    found = tuple(_technique(entry) for entry in tomllib.loads(text).get("technique", []))
    ids = [it.id for it in found]
    for one in ids:
        if ids.count(one) > 1:
            raise ValueError(f"technique {one}: another one has the same id")
    return found


def _technique(entry: Mapping[str, Any]) -> Technique:
    name = entry.get("id", entry.get("title", "without id"))
    try:
        needs = tuple(_need(text) for text in entry["needs"])
        technique = Technique(**{**entry, "needs": needs, "service": tuple(entry.get("service", ()))})
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"technique {name}: {error}") from error
    for wrong in _faults(technique):
        raise ValueError(f"technique {name}: {wrong}")
    return technique


def _need(text: str) -> Need:
    found = NEED.fullmatch(text)
    if not found or (found[2] or "") not in PLACES:
        raise ValueError(f"{text!r} is not service:Action@place")
    return Need(found[1], found[2] or "")


def _faults(it: Technique) -> list[str]:
    """What is wrong with a technique."""
    places = {need.place for need in it.needs}
    rules = {
        "its id is not in kebab-case": ID.fullmatch(it.id),
        f"no such target: {it.target}": it.target in TARGETS,
        f"a {it.target} cannot be given {it.gives}": it.target in GIVES.get(it.gives, ()),
        "it needs nothing": it.needs,
        "a service is not a service principal": all(map(SERVICE.fullmatch, it.service)),
        "it has more than one service": len(it.service) <= 1,
        "its workload is not a type of CloudFormation": not it.workload or WORKLOAD.fullmatch(it.workload),
        "only passing a role needs a workload that exists": not it.existing
        or (it.target == "role" and WORKLOAD.fullmatch(it.existing)),
        "a workload, and nothing else, has its type": (it.target == "workload") == bool(it.workload),
        "only a role and a workload trust a service": not it.service or it.target in ("role", "workload"),
        "a workload's role trusts a service": it.target != "workload" or it.service,
        "only a workload has a holder": "holder" not in places or it.target == "workload",
        "an account is not a resource": "target" not in places or it.target != "account",
        f"it says nothing of {{target}}: {it.does}": ("{target}" in it.does) == (it.target != "account"),
        f"no such fact of a {it.target}: {it.when}": not it.when or FACTS.get(it.when) == it.target,
        "it has no title, fix or reference": it.title and it.fix and it.reference.startswith("https://"),
    }
    return [wrong for wrong, held in rules.items() if not held]
