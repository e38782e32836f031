"""The demo tells what the product does; people read every line of it."""

import re

import pytest

from tests import demo


@pytest.fixture(scope="module")
def shown() -> str:
    return demo.recorded()


def mails(shown: str) -> list[str]:
    return re.findall(r"^Subject: .*?^--$", shown, flags=re.MULTILINE | re.DOTALL)


def test_first_day_tells_everything_and_the_second_only_the_change(shown: str) -> None:
    first, second = mails(shown)
    assert first.startswith("Subject: [HIGH] AWS account 111122223333: 12 new\n")
    assert second.startswith("Subject: [CRITICAL] AWS account 111122223333: 2 new, 2 resolved\n")
    assert re.findall(r"check (\S+)", second) == ["root-access-key", "administrator-policy"]
    assert re.findall(r"arn:aws:\S+(?= \(fixed)", second) == [
        "arn:aws:iam::111122223333:user/ben",
        "arn:aws:s3:::partner-exchange",
    ]


def test_question_is_answered_from_the_table(shown: str) -> None:
    *_, answer = shown.strip().splitlines()
    assert answer.split() == "2026-11-21T06:00:00+00:00 111122223333 root-access-key".split() + answer.split()[3:]


def test_no_whole_key_id_is_shown(shown: str) -> None:
    assert not re.search(r"A[KS]IA[A-Z0-9]{12,}", shown)
