"""A notice for chat: a custom notification of Amazon Q Developer in chat applications (Slack, Microsoft Teams).

Anything that is not of this form is dropped silently by the service:
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

import json
from collections.abc import Iterator
from itertools import accumulate

from auditor.core.reconcile import Event
from auditor.render.escape import chat
from auditor.render.message import subject
from auditor.render.notice import TITLES, Notice, rest_by_check

SPELLED_OUT = 8
LINE_LIMIT = 200
DESCRIPTION_LIMIT = 8000
"""Characters that the service takes in a description."""

MORE = "… and more: {} lines, see the findings table"


def notification(notice: Notice) -> str:
    """The notification as JSON."""
    return json.dumps(
        {
            "version": "1.0",
            "source": "custom",
            "content": {
                "textType": "client-markdown",
                "title": subject(notice),
                "description": _within(_lines(notice), DESCRIPTION_LIMIT),
                "keywords": [notice.severity.name, notice.owner.account],
            },
            "metadata": {"threadId": f"auditor-{notice.owner.account}", "enableCustomActions": False},
        }
    )


def _within(lines: Iterator[str], limit: int) -> str:
    """The lines that fit, whole, and how many did not."""
    given = list(lines)
    room = limit - len(MORE.format(len(given)))
    fitting = sum(end <= room for end in accumulate(len(line) + 1 for line in given))
    left = len(given) - fitting
    return "\n".join([*given[:fitting], *([MORE.format(left)] if left else [])])


def _lines(notice: Notice) -> Iterator[str]:
    yield f"Audit of {notice.at:%Y-%m-%d %H:%M} UTC"
    for reason, checks in list(notice.blind_by_reason.items())[:3]:
        yield f"*Not looked at:* {', '.join(checks)}: {chat(reason, LINE_LIMIT)}"
    for event, word in TITLES.items():
        records = notice.of(event)
        if records:
            yield f"*{word.capitalize()} ({len(records)})*"
        for record in records[:SPELLED_OUT]:
            finding = record.finding
            told = finding.resource if event is Event.RESOLVED else finding.reason
            yield f"• {finding.severity.name} {finding.title}: {chat(told, LINE_LIMIT)}"
        yield from (f"• {line}" for line in rest_by_check(records[SPELLED_OUT:])[:SPELLED_OUT])
    if notice.seeing_again:
        yield f"*Looked at again:* {len(notice.seeing_again)} checks"
