"""Secrets in texts, found by detect-secrets. What leaves this module is where one stood, and never its value.

Only secrets that have a form of their own are found: a password may look like anything. Nothing is ever tried out: of
the library, only what reads text is used, and not what would ask AWS whether a key works.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any

from auditor.core.subjects.workloads import SECRET_ACCESS_KEY

NAMED = {"AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY, "ECS_ENGINE_AUTH_DATA": "registry credentials"}
"""Variables whose value is a secret whatever it looks like."""

KEY_ID = re.compile(r"(AKIA|ASIA)[0-9A-Z]{16}")
"""Ids of access keys, lasting and temporary; AWS gives other things other prefixes."""

HASH = re.compile(r"[0-9a-f]{40}")
BARE = re.compile(r"(?<![\w/+'\"])([0-9A-Za-z/+]{40})(?![\w/+='\"])")
"""What may be a secret access key without the quotes that the library expects: shells need none."""

PLACEHOLDER = re.compile(r"([$%*<]|\{\{).*")
"""What stands for a value, in the spellings of shells and templates, and what AWS shows instead of one."""
DETECTORS = {
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "basic_auth": "BasicAuthDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "mailchimp": "MailchimpDetector",
    "npm": "NpmDetector",
    "openai": "OpenAIDetector",
    "private_key": "PrivateKeyDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "telegram_token": "TelegramBotTokenDetector",
}
"""Of the library's detectors, by their modules, those that do not guess by a name or by how random a text looks."""

LARGEST_TEXT = 1 << 20
"""Characters of one text that are looked at; AWS takes no longer ones except templates."""

WINDOW, OVERLAP = 2048, 512
"""Characters of a line that are looked at together: some of the library's patterns take the square of a line's time.
No secret of a known form is longer than the overlap."""

HIDDEN = "***"


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """A secret at a place of a configuration: the `key`'s id if it is one, or else only its `form`."""

    where: str
    key: str | None = None
    form: str | None = None


def sightings(texts: Iterable[tuple[str, str]]) -> tuple[Sighting, ...]:
    """The secrets in texts, which come with their places; each is named once a place, however often it stands there."""
    found = dict.fromkeys(it for where, text in texts for it in _in(where, text))
    return tuple(dict.fromkeys(replace(it, where=_shown(it.where)) for it in found))


def _shown(where: str) -> str:
    """A place whose name nobody can learn a secret from: people write them there as well."""
    lines = (where, f"'{where}'", BARE.sub(r"'\1'", where))
    secrets = {it for detector in _detectors() for line in lines for it in detector.analyze_string(line)}
    for secret in sorted(secrets, key=len, reverse=True):
        where = where.replace(secret, HIDDEN)
    return where


def _in(where: str, text: str) -> Iterator[Sighting]:
    name = where.rpartition(".")[2]
    if name in NAMED and text.strip() and not PLACEHOLDER.match(text.strip()):
        yield Sighting(where=where, form=NAMED[name])
    for line in _lines(text[:LARGEST_TEXT]):
        # A variable's name is what tells the library that the value is AWS's.
        yield from _in_line(where, f"{name} = '{line}'")
        if BARE.search(line):
            yield from _in_line(where, BARE.sub(r"'\1'", line))


def _lines(text: str) -> Iterator[str]:
    """The lines that say something; of a long one the windows, the last as long as the others."""
    for line in filter(str.strip, text.splitlines()):
        last = max(0, len(line) - WINDOW)
        for start in (*range(0, last, WINDOW - OVERLAP), last):
            yield line[start : start + WINDOW]


def _in_line(where: str, line: str) -> Iterator[Sighting]:
    for detector in _detectors():
        for secret in detector.analyze_string(line):
            if KEY_ID.fullmatch(secret):
                yield Sighting(where=where, key=secret)
            elif not (HASH.fullmatch(secret) or PLACEHOLDER.match(secret)):
                of_aws = detector is _detectors()[0]
                yield Sighting(where=where, form=SECRET_ACCESS_KEY if of_aws else detector.secret_type)


def decoded(user_data: str) -> str:
    """User data as text: base64 as the API tells it, and often compressed, since AWS takes 16 KB.

    EC2 takes for a launch template what is no base64: it is text itself. Empty where what is compressed is broken;
    bytes that are no text are replaced.
    """
    try:
        raw = base64.b64decode("".join(user_data.split()), validate=True)
        if raw.startswith(b"\x1f\x8b"):
            raw = zlib.decompressobj(wbits=31).decompress(raw, LARGEST_TEXT)
    except (binascii.Error, ValueError):  # ValueError: a character that is not ASCII
        return user_data
    except zlib.error:
        return ""
    return raw.replace(b"\0", b"").decode(errors="replace")  # UTF-16 is text as well


@cache
def _detectors() -> tuple[Any, ...]:
    """AWS's keys first. Loaded when there is something to scan: it takes its time, and no other handler scans."""
    return tuple(
        getattr(import_module(f"detect_secrets.plugins.{module}"), name)() for module, name in DETECTORS.items()
    )
