"""What counts as a secret, and what only looks a little like one."""

import base64
import gzip

import pytest

from auditor.aws.secret_scan import LARGEST_TEXT, Sighting, decoded, sightings
from tests.aws.workload_answers import KEY_ID, SECRET_KEY, URL

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
