"""A letter for a Slack incoming webhook, in Block Kit: https://docs.slack.dev/reference/block-kit/blocks/."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from auditor.render.letter import Letter
from auditor.render.mrkdwn import lines, size, span, steps, within, words
from auditor.render.wording import joined, moment

HEADER_LIMIT = 150
SECTION_LIMIT = 3000
TEXT_LIMIT = 300
BODY_LIMIT = 9000
"""Units of all sections together: somewhat above 10,000 Slack refuses a message, though no block is too long."""

OWN_BLOCKS = 40
"""Sections that begin a block; what follows is packed, so that there are never more than 50."""

ACCOUNTS = 5

Block = dict[str, Any]


def payload(letter: Letter) -> str:
    """The body of the request as JSON, in ASCII."""
    headline = f"[{letter.severity.name}] {letter.headline}"
    body = within([*lines(letter), *_to_do(letter)], BODY_LIMIT)
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": words(headline, HEADER_LIMIT), "emoji": False}},
        {"type": "context", "elements": [_markdown(_context(letter))]},
        *({"type": "section", "text": _markdown(text)} for text in _packed(body)),
    ]
    return json.dumps(
        {"text": words(headline, TEXT_LIMIT), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
    )


def _markdown(text: str) -> Block:
    """Verbatim: Slack makes links and mentions only of what is marked as one."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _context(letter: Letter) -> str:
    where = words(joined(letter.accounts, ACCOUNTS), HEADER_LIMIT)
    return ", ".join(filter(None, [moment(letter.at), where, f"message {span(letter.id)}"]))


def _to_do(letter: Letter) -> list[str]:
    given = steps(letter)
    return ["", "*To do*", *(f"• {step}" for step in given)] if given else []


def _packed(given: Iterable[str]) -> Iterator[str]:
    """Whole lines in blocks; an empty line begins the next one."""
    block: list[str] = []
    done = 0
    for line in given:
        begins = not line and done < OWN_BLOCKS
        if block and (begins or size("\n".join([*block, line])) > SECTION_LIMIT):
            yield "\n".join(block)
            block, done = [], done + 1
        block += [line] if line or block else []
    if block:
        yield "\n".join(block)
