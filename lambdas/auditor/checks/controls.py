"""The controls of the frameworks that checks refer to, by versioned id (``cis-5.0/1.13``) and in our words."""

import csv
from functools import cache
from importlib.resources import files


@cache
def titles() -> dict[str, str]:
    """Title by control id."""
    lines = (files("auditor.checks") / "controls.tsv").read_text(encoding="utf-8").splitlines()
    return {row["control"]: row["title"] for row in csv.DictReader(lines, delimiter="\t")}
