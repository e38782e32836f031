"""What `make docs` writes: the catalogue, and of each check the finding of its first case."""

import sys

from auditor.checks import CATALOGUE
from auditor.checks.controls import titles
from auditor.render.catalogue import as_markdown
from tests.checks.test_catalogue import CASES


def examples() -> dict[str, str]:
    """A finding's sentence by check."""
    told: dict[str, str] = {}
    for case in CASES:
        for reason in case.fails.values():
            told.setdefault(case.check.id, reason)
    return told


def checks_page() -> str:
    return as_markdown(CATALOGUE.values(), titles(), examples())


if __name__ == "__main__":
    sys.stdout.write(checks_page())
