"""A letter for chat: a custom notification of Amazon Q Developer in chat applications (Slack, Microsoft Teams).

Anything that is not of this form is dropped silently by the service:
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
"""

import json

from auditor.render.letter import Letter
from auditor.render.mrkdwn import lines, steps, within, words
from auditor.render.wording import moment

TITLE_LIMIT = 250
DESCRIPTION_LIMIT = 8000
KEYWORD_LIMIT = 75
"""What the service takes."""

KEYWORDS = 5
"""Accounts, and checks, that are keywords."""


def notification(letter: Letter) -> str:
    """The notification as JSON, in ASCII."""
    title = words(f"[{letter.severity.name}] {letter.headline}", TITLE_LIMIT)
    described = [moment(letter.at), *lines(letter)]
    return json.dumps(
        {
            "version": "1.0",
            "source": "custom",
            "id": letter.id,
            "content": {
                "textType": "client-markdown",
                "title": title,
                "description": "\n".join(within(described, DESCRIPTION_LIMIT)),
                "nextSteps": steps(letter),
                "keywords": _keywords(letter),
            },
            "metadata": {"threadId": _thread(letter), "summary": title, "enableCustomActions": False},
        }
    )


def _thread(letter: Letter) -> str:
    """One thread for each account; what is about several has one for its kind."""
    return f"auditor-{letter.accounts[0] if len(letter.accounts) == 1 else letter.kind.lower()}"


def _keywords(letter: Letter) -> list[str]:
    checks = list(dict.fromkeys(it.check for it in letter.entries if it.check))
    given = [letter.severity.name, *letter.accounts[:KEYWORDS], *checks[:KEYWORDS]]
    return [words(it, KEYWORD_LIMIT) for it in given]
