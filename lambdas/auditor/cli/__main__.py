"""`python -m auditor.cli` is the `auditor` command."""

from auditor.cli.main import run

run()
