"""The exceptions that were reviewed: a TOML file of the repository, which the asset carries to the functions."""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from auditor.checks import OURS
from auditor.core.catalogue import Catalogue
from auditor.core.exceptions import ANY, ExceptionRule
from auditor.render.escape import plain

FILE = "infra/exceptions.toml"
"""What messages call it: where it is reviewed."""

SHIPPED = Path(__file__).parents[1] / "exceptions.toml"
"""Where the asset has it."""

TABLE = "exception"
WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "string_type": "a string is expected",
    "date_type": "a day is expected, without quotes: 2027-01-31",
    "model_type": "keys with values are expected",
}
"""What pydantic finds, in words for whoever writes the file."""


class ExceptionsFileError(ValueError):
    """The file has faults; the message has one line for each of them."""


class _Tag(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    key: str
    value: str


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    account: str
    check: str
    resource: str
    tag: _Tag | None = None
    reason: str
    owner: str
    until: date

    def rule(self) -> ExceptionRule:
        """The exception that stands there, right or wrong."""
        tag = (self.tag.key, self.tag.value) if self.tag else None
        return ExceptionRule(**dict(self) | {"tag": tag})


def parse(text: str, today: date, catalogue: Catalogue | None = OURS) -> tuple[ExceptionRule, ...]:
    """The exceptions of a file's text, in its order, with those that have ended. Raises ExceptionsFileError.

    Without a catalogue nobody asks whether their checks exist.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ExceptionsFileError(_line(str(error))) from error
    rules: dict[int, ExceptionRule] = {}
    faults = defaultdict[int, list[str]](list, {0: [*_strangers(given)]})
    for number, table in enumerate(_tables(given), start=1):
        try:
            rules[number] = _Entry.model_validate(table).rule()
        except ValidationError as error:
            faults[number] += [_words(it) for it in error.errors(include_url=False)]
        else:
            faults[number] += _faults(rules[number], today, catalogue)
    for number, earlier in _repeated(rules):
        faults[number].append(f"matches the same as {TABLE} {earlier}")
    lines = [f"{TABLE} {number}: {it}" if number else it for number, found in faults.items() for it in found]
    if lines:
        raise ExceptionsFileError("\n".join(map(_line, lines)))
    return tuple(rules.values())


def read(path: Path, today: date, catalogue: Catalogue | None = OURS) -> tuple[ExceptionRule, ...]:
    """The exceptions of a file, none where there is no file. Raises ExceptionsFileError as `parse` does."""
    if not path.exists():
        return ()
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ExceptionsFileError(_line(f"is not UTF-8: {error.reason} at byte {error.start}")) from error
    return parse(text, today, catalogue)


def shipped(today: date) -> tuple[ExceptionRule, ...]:
    """The exceptions that the asset carries; outside of an asset there are none.

    That their checks exist was seen when they were put there: the deployment's own checks are among them.
    """
    return read(SHIPPED, today, None)


def ended(rules: Iterable[ExceptionRule], today: date) -> list[ExceptionRule]:
    """Those that cover nothing any more."""
    return [rule for rule in rules if not rule.active(today)]


def of_an_end(rule: ExceptionRule) -> str:
    """One line for whoever keeps the file, about an exception that has ended."""
    about = f"account {rule.account}, check {rule.check}, resource {rule.resource}"
    return _line(f"the exception of {rule.owner} ({about}) ended with {rule.until}: extend it, or take it out")


def _line(what: str) -> str:
    return f"{FILE}: {plain(what)}"


def _strangers(given: Mapping[str, Any]) -> Iterator[str]:
    """What stands in the file besides exceptions."""
    for name in given:
        if name != TABLE:
            yield f"{name}: is not known here: an exception begins with [[{TABLE}]]"
    if not isinstance(given.get(TABLE, []), list):
        yield f"{TABLE}: two brackets are expected around it: [[{TABLE}]]"


def _tables(given: Mapping[str, Any]) -> list[Any]:
    tables = given.get(TABLE, [])
    return tables if isinstance(tables, list) else []


def _words(error: Any) -> str:
    """A fault of the shape: the key, and what is wrong with it."""
    where = ".".join(map(str, error["loc"]))
    what = WORDS.get(error["type"], error["msg"])
    return f"{where}: {what}" if where else what


def _faults(rule: ExceptionRule, today: date, catalogue: Catalogue | None) -> Iterator[str]:
    """What is wrong with an exception that has the right shape."""
    yield from rule.faults(today)
    if rule.unlimited:
        yield "matches every finding of every account"
    if catalogue and rule.check != ANY and rule.check not in catalogue.checks:
        yield f"check: {rule.check!r} {catalogue.unknown(rule.check)}"


def _repeated(rules: Mapping[int, ExceptionRule]) -> Iterator[tuple[int, int]]:
    """Exceptions that match what an earlier one does: of two ends, reasons and owners only one can hold."""
    first: dict[Any, int] = {}
    for number, rule in rules.items():
        earlier = first.setdefault((rule.account, rule.check, rule.resource, rule.tag), number)
        if earlier != number:
            yield number, earlier
