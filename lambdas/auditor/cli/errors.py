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


def did_you_mean(given: str, known: Iterable[str], listing: str = "") -> str:
    """The nearest known word, in whichever case, or all of them.

    Or the `listing` command, where they are too many to be read here.
    """
    folded: dict[str, str] = {}
    for word in known:
        folded.setdefault(word.casefold(), word)
    close = difflib.get_close_matches(given.casefold(), folded, n=1)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    return f"`{listing}` lists what there is" if listing else f"known: {', '.join(folded.values())}"


def one_of(known: Mapping[str, Choice], given: str, what: str, listing: str = "") -> Choice:
    """What `given` names. Raises InputError with `what` was asked for; `listing` as for `did_you_mean`."""
    if given not in known:
        raise InputError(f"{what}: {given!r} is unknown; {did_you_mean(given, known, listing)}")
    return known[given]
