"""The demo tells what the product does; people read every line of it."""

import re

import pytest

from tests import demo

ACCOUNT = "AWS account 111122223333 (shop)"
SHORT = 150
"""Lines that somebody reads."""


@pytest.fixture(scope="module")
def shown() -> str:
    return demo.recorded()


def mails(shown: str) -> list[str]:
    return re.findall(r"^Subject: .*?(?=^─)", shown, flags=re.MULTILINE | re.DOTALL)


def test_first_audit_is_one_letter(shown: str) -> None:
    first, *_ = mails(shown)
    assert first.startswith(f"Subject: [HIGH] {ACCOUNT}: first audit, 24 findings\n")
    assert "From now on only changes are told." in first


def test_what_broke_is_told_at_once_and_nothing_else(shown: str) -> None:
    _, alert, _ = mails(shown)
    assert alert.startswith(f"Subject: [CRITICAL] {ACCOUNT}: 2 new\n")
    assert re.findall(r"check (\S+)", alert) == ["root-access-key", "administrator-policy"]


def test_digest_tells_what_was_mended_and_what_was_decided(shown: str) -> None:
    *_, digest = mails(shown)
    assert digest.startswith(f"Subject: [INFO] Digest of 2026-11-21: 1 excepted, 2 resolved in {ACCOUNT}\n")
    assert re.findall(r"arn:aws:\S+(?= \(fixed)", digest) == [
        "arn:aws:iam::111122223333:user/ben",
        "arn:aws:s3:::partner-exchange",
    ]
    assert "role/legacy-import; accepted by carla" in digest


def test_decisions_are_about_what_the_letters_named(shown: str) -> None:
    (acknowledged,) = re.findall(r"^auditor: finding (\w+) is acknowledged by ana$", shown, flags=re.MULTILINE)
    assert f"Id     {acknowledged}  check root-access-key" in shown
    assert re.search(r"^auditor: exception x-\w+ covers 1 finding of account 111122223333", shown, flags=re.MULTILINE)


def test_question_is_answered_from_the_table_by_one_query(shown: str) -> None:
    *_, answer = shown.partition("$ auditor findings list --severity CRITICAL --explain")
    assert re.findall(r'FROM "account-auditor"\."(\S+)" WHERE (.*)', answer) == [
        ("open-by-severity", "\"open_severity\" = 'CRITICAL'")
    ]
    assert answer.count("Query: {") == 1
    assert re.findall(r"CRITICAL +OPEN +\d{12} +(\S+)", answer) == ["root-access-key"]


def test_it_is_short_enough_to_read(shown: str) -> None:
    assert len(shown.splitlines()) < SHORT


def test_no_whole_key_id_is_shown(shown: str) -> None:
    assert not re.search(r"A[KS]IA[A-Z0-9]{12,}", shown)
