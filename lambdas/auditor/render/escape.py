"""Names, tags and policy texts come from whoever can create them: here they become harmless, once for each medium."""

import re
import unicodedata

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that a reader cannot see or that move other text: controls, bidirectional marks, line ends."""

KEY_ID = re.compile(r"(?<![A-Z0-9])(A[KS]IA)[A-Z0-9]{8,}([A-Z0-9]{4})(?![A-Z0-9])")


def plain(text: str) -> str:
    """One line without control characters: whatever a reader would not see is shown as an escape."""
    return "".join(
        character if unicodedata.category(character) not in UNSEEN else ascii(character)[1:-1] for character in text
    )


def masked(text: str) -> str:
    """Access key ids cut to what tells them apart: ``AKIA...7Q2M``."""
    return KEY_ID.sub(r"\1...\2", text)


def cell(text: str) -> str:
    """A spreadsheet cell that is no formula, whatever it starts with."""
    line = plain(text)
    return f"'{line}" if line.lstrip()[:1] in {"=", "+", "-", "@"} else line


def chat(text: str, limit: int) -> str:
    """A code span for chat of at most `limit` characters before escaping: nothing in it is a mention or markup."""
    escaped = plain(masked(text))[:limit].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"`{escaped.replace('`', chr(0x2BC))}`"
