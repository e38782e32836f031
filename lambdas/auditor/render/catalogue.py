"""The catalogue as a document."""

from collections.abc import Iterable, Iterator, Mapping

from auditor.core.check import Check


def as_markdown(checks: Iterable[Check], titles: Mapping[str, str]) -> str:
    """Every check with all that is known about it; `titles` by control id."""
    return "\n".join(_lines(list(checks), titles)) + "\n"


def _lines(checks: list[Check], titles: Mapping[str, str]) -> Iterator[str]:
    yield "# Checks"
    yield ""
    yield "Made from the catalogue by `make docs`. In a fix, `<…>` stands for a value of the subject."
    yield ""
    yield "| check | severity | what it finds |"
    yield "|---|---|---|"
    yield from (f"| [{check.id}](#{check.id}) | {check.severity.name} | {check.title} |" for check in checks)
    for check in checks:
        yield from (
            "",
            f"## {check.id}",
            "",
            f"{check.title}. **{check.severity.name}**, about `{check.kind.aws_type}`.",
        )
        yield from ("", check.rationale, "", "```", check.fix_shape, "```", "")
        yield from (f"- `{control}` {titles[control]}" for control in check.controls)
