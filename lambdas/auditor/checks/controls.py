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
    """Control by id, in the order of their frameworks."""
    return {
        row["control"]: Control(
            id=row["control"],
            title=row["title"],
            limits=dict(map(_limit, (row["limits"] or "").split())),
            note=notes()[row["note"]] if row["note"] else UNANSWERED,
        )
        for row in _rows("controls.tsv")
    }


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
