"""The frameworks and their controls, by versioned id (``cis-5.0/1.13``) and in our words."""

import csv
from datetime import timedelta
from functools import cache
from importlib.resources import files

from auditor.core.frameworks import UNANSWERED, Answer, Control, Note


def _rows(name: str) -> list[dict[str, str]]:
    lines = (files("auditor.checks") / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def notes() -> dict[str, Note]:
    """What is said of controls that no check answers, by a short name that several of them share."""
    return {row["note"]: Note(Answer[row["answer"].upper()], row["text"]) for row in _rows("notes.tsv")}


@cache
def controls() -> dict[str, Control]:
    """Control by id, in the order of their frameworks; at the end what a peer checks, and which of our checks do.

    Checks name the controls that they answer, but not the peers' checks: those name ours.
    """
    return {row["control"]: _control(row) for row in (*_rows("controls.tsv"), *_rows("peers.tsv"))}


def _control(row: dict[str, str]) -> Control:
    return Control(
        id=row["control"],
        title=row["title"],
        limits=dict(map(_limit, row.get("limits", "").split())),
        note=notes()[row["note"]] if row["note"] else UNANSWERED,
        checks=frozenset(row.get("checks", "").split()),
        types=frozenset(row.get("types", "").split()),
    )


def _limit(text: str) -> tuple[str, timedelta | int]:
    """A limit as the control prescribes it: ``key_age=90d`` is in days, ``password_reuse=4`` a number."""
    name, _, value = text.partition("=")
    return name, timedelta(days=int(value.removesuffix("d"))) if value.endswith("d") else int(value)


@cache
def titles() -> dict[str, str]:
    """Title by control id."""
    return {control.id: control.title for control in controls().values()}


@cache
def frameworks() -> dict[str, str]:
    """Title by the name of a framework, in the order of their controls."""
    return {row["framework"]: row["title"] for row in _rows("frameworks.tsv")}
