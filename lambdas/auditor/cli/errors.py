"""What a person got wrong, and what may have been meant."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

Choice = TypeVar("Choice")


class InputError(ValueError):
    """Bad input on the command line; the message names the option and what it takes."""


class FaultsError(InputError):
    """Faults of a file that somebody named; each has a line of its own."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Tell all of them."""
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The nearest known word, or all of them."""
    words = list(known)
    close = difflib.get_close_matches(given, words, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(words)}"


def one_of(known: Mapping[str, Choice], given: str, what: str) -> Choice:
    """What `given` names. Raises InputError with `what` was asked for."""
    if given not in known:
        raise InputError(f"{what}: {given!r} is unknown; {did_you_mean(given, known)}")
    return known[given]
