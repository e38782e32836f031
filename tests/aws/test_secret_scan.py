"""What counts as a secret, and what only looks a little like one."""

import base64
import gzip
from unittest.mock import patch

import pytest
from detect_secrets.plugins.aws import AWSKeyDetector

from auditor.aws.secret_scan import HIDDEN, LARGEST_TEXT, OVERLAP, WINDOW, Sighting, decoded, sightings
from tests.aws.workload_answers import KEY_ID, PASSWORD, SECRET_KEY, URL

HALF = "AWS secret access key"


def forms(where: str, text: str) -> list[str | None]:
    return [it.form or it.key for it in sightings([(where, text)])]


@pytest.mark.parametrize(
    "line",
    [
        f"AWS_SECRET_ACCESS_KEY='{SECRET_KEY}'",
        f"export AWS_SECRET_ACCESS_KEY={SECRET_KEY}",
        f"aws_secret_access_key = {SECRET_KEY}",
        f'{{"AWS_SECRET_ACCESS_KEY": "{SECRET_KEY}"}}',
        f"aws configure set aws_secret_access_key {SECRET_KEY}; reboot",
    ],
)
def test_secret_access_key_is_found_with_and_without_quotes(line: str) -> None:
    assert forms("UserData", f"#!/bin/sh\n{line}\n") == [HALF]


@pytest.mark.parametrize(
    ("where", "text", "form"),
    [
        ("V.AWS_SECRET_ACCESS_KEY", "whatever it is", HALF),
        ("V.ECS_ENGINE_AUTH_DATA", '{"https://index": {"auth": "x"}}', "registry credentials"),
        ("V.MY_AWS_KEY", SECRET_KEY, HALF),
        ("V.URL", URL, "Basic Auth Credentials"),
    ],
)
def test_name_of_a_variable_tells_what_its_value_is(where: str, text: str, form: str) -> None:
    assert forms(where, text) == [form]


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("V.AWS_SECRET_ACCESS_KEY", ""),
        ("V.AWS_SECRET_ACCESS_KEY", "${SECRET}"),
        ("V.AWS_SECRET_ACCESS_KEY", "{{resolve:secretsmanager:prod}}"),
        ("V.AWS_SECRET_ACCESS_KEY", "****"),
        ("V.AWS_KEY_COMMIT", "0123456789abcdef0123456789abcdef01234567"),
        ("V.URL", "postgres://app:<password>@db/shop"),
        ("V.URL", "https://example.com/?a=b@c"),
        ("V.PASSWORD", "hunter2"),
        ("V.ROLE", "AROA1EXAMPLEEXAM7Q2M"),
        ("V.TEXT", "the next AKIA is not one"),
        ("UserData", f"checksum {SECRET_KEY}"),
    ],
)
def test_what_is_none_is_left(where: str, text: str) -> None:
    assert forms(where, text) == []


@pytest.mark.parametrize("key", [KEY_ID, "ASIA" + KEY_ID[4:]])
def test_lasting_and_temporary_keys_are_told_by_their_id(key: str) -> None:
    assert sightings([("V.ID", f"x {key} y {key}")]) == (Sighting(where="V.ID", key=key),)


def test_same_key_in_two_places_is_two_sightings() -> None:
    assert [it.where for it in sightings([("V.A", KEY_ID), ("V.B", KEY_ID)])] == ["V.A", "V.B"]


def test_what_unpacks_to_more_than_can_be_user_data_is_cut() -> None:
    bomb = base64.b64encode(gzip.compress(b"x" * (LARGEST_TEXT + 9))).decode()
    assert len(decoded(bomb)) == LARGEST_TEXT


@pytest.mark.parametrize("hostile", ["://", "sk-", "\n", "://a:"])
def test_hostile_text_takes_a_line_at_a_time_and_of_a_long_one_a_piece(hostile: str) -> None:
    """The library's patterns take the square of a line's time: a million characters would take most of an hour."""
    text = hostile * (60_000 // len(hostile))
    with patch.object(AWSKeyDetector, "analyze_string", autospec=True, return_value=()) as looked_at:
        assert forms("V.TEXT", text) == []
    read = [len(it.args[1]) for it in looked_at.call_args_list]
    assert max(read, default=0) < WINDOW + 20  # the variable's name before it
    assert sum(read) < 2 * len(text)


@pytest.mark.parametrize("before", [0, 1, WINDOW - OVERLAP - 9, WINDOW - 9, WINDOW, 3 * WINDOW])
@pytest.mark.parametrize("after", [0, 9, WINDOW])
def test_secret_is_found_wherever_in_a_long_line_it_stands(before: int, after: int) -> None:
    line = f"{'- ' * (before // 2)} aws_secret_access_key={SECRET_KEY} {'- ' * (after // 2)}"
    assert forms("V.TEXT", line) == [HALF]


def test_secret_in_the_name_of_a_variable_is_told_and_not_shown() -> None:
    for name in (KEY_ID, f"--conf {URL}", f"aws_secret_key={SECRET_KEY}"):
        places = {it.where for it in sightings([(f"V.{name}", KEY_ID)])}
        assert all(HIDDEN in it for it in places)
        assert not any(secret in it for it in places for secret in (KEY_ID, SECRET_KEY, PASSWORD))
    assert sightings([(f"V.{KEY_ID}", "yes")]) == (Sighting(where=f"V.{HIDDEN}", key=KEY_ID),)


def test_user_data_that_is_not_encoded_is_text_and_not_nothing() -> None:
    """EC2 takes it for a launch template, which then starts nothing."""
    for text in (f"export ID={KEY_ID}\n", f"# \u00e9\n{KEY_ID}"):
        assert decoded(text) == text
    folded = base64.encodebytes(b"x" * 99).decode()
    assert decoded(folded) == "x" * 99
