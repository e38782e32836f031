"""What a deployment may set, what a function is told, and the line that a wrong value gets."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from auditor import settings
from auditor.core.check import Limits
from auditor.settings import (
    AuditSettings,
    Deployment,
    NotifySettings,
    SettingsError,
    environment,
    from_environment,
    validated,
)

CDK_JSON = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())


def test_cdk_json_shows_the_defaults() -> None:
    given = CDK_JSON["context"]["auditor"]
    assert validated(Deployment, given) == validated(Deployment, {}) == Deployment()
    assert set(given["limits"]) == set(settings.SETTABLE)


def test_what_cdk_json_leaves_out_has_its_documented_default() -> None:
    deployment = Deployment()
    assert (deployment.silence_hours, deployment.evidence_days, deployment.slack) == (26, 1096, None)


def test_default_limits_are_those_of_the_checks() -> None:
    assert Limits(**dict(Deployment().limits)) == Limits()


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"shedule": "rate(1 day)"}, "shedule: Extra inputs are not permitted (given: 'rate(1 day)')"),
        ({"schedule": "daily"}, "schedule: String should match pattern '^(rate|cron)\\(.+\\)$' (given: 'daily')"),
        ({"timezone": 1}, "timezone: Input should be a valid string (given: 1)"),
        ({"emails": "a@example.com"}, "emails: Input should be a valid list (given: 'a@example.com')"),
        ({"emails": ["a@example.com", "b"]}, "emails.1: String should match pattern"),
        ({"limits": {"key_age": 0}}, "limits.key_age: Value error, a whole number of days from 1 to 3650 is expected"),
        ({"limits": {"key_age": True}}, "limits.key_age: Value error, a whole number of days from 1 to 3650"),
        ({"limits": {"key_age": "90"}}, "limits.key_age: Value error, a whole number of days from 1 to 3650"),
        ({"limits": {"key_age": 1.5}}, "limits.key_age: Value error, a whole number of days from 1 to 3650"),
        ({"limits": {"key_age": 3651}}, "limits.key_age: Value error, a whole number of days from 1 to 3650"),
        ({"limits": {"keyage": 90}}, "limits.keyage: Extra inputs are not permitted (given: 90)"),
        ({"limits": {"password_length": -1}}, "limits.password_length: Input should be greater than or equal to 0"),
        ({"limits": {"password_length": 129}}, "limits.password_length: Input should be less than or equal to 128"),
        ({"silence_hours": 1}, "silence_hours: Input should be greater than or equal to 2 (given: 1)"),
        ({"silence_hours": 169}, "silence_hours: Input should be less than or equal to 168 (given: 169)"),
        ({"evidence_days": 399}, "evidence_days: Input should be greater than or equal to 400 (given: 399)"),
        ({"slack": {"workspace": "T0123456"}}, "slack.channel: Field required"),
        ({"slack": {"workspace": "t0", "channel": "C0123456"}}, "slack.workspace: String should match pattern"),
    ],
)
def test_wrong_setting_gets_one_line_that_names_it(given: dict[str, Any], line: str) -> None:
    with pytest.raises(SettingsError) as error:
        validated(Deployment, given)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)


def test_every_wrong_setting_gets_a_line() -> None:
    with pytest.raises(SettingsError) as error:
        validated(Deployment, {"timezone": 1, "limits": {"key_age": 0, "role_idle": 0}, "x": 1})
    assert [line.partition(":")[0] for line in str(error.value).splitlines()] == [
        "timezone",
        "limits.key_age",
        "limits.role_idle",
        "x",
    ]


def tell(monkeypatch: pytest.MonkeyPatch, shape: type[AuditSettings | NotifySettings], **values: str) -> None:
    for name, value in environment(shape, values).items():
        monkeypatch.setenv(name, value)


def test_limits_of_a_deployment_reach_the_checks_through_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = validated(Deployment, {"limits": {"key_age": 30, "password_length": 16}})
    tell(monkeypatch, AuditSettings, table_name="t", evidence_bucket="b", limits=deployment.limits_json())
    told = from_environment(AuditSettings)
    assert (told.table_name, told.evidence_bucket) == ("t", "b")
    assert told.checked_limits() == Limits(key_age=timedelta(days=30), password_length=16)


def test_topics_of_a_deployment_reach_the_function_through_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    topics = {"text_topic_arn": "t", "chat_topic_arn": "c", "events_topic_arn": "e"}
    tell(monkeypatch, NotifySettings, **topics)
    assert from_environment(NotifySettings) == NotifySettings(**topics)


def test_environment_is_named_like_the_fields_in_capitals() -> None:
    values = dict.fromkeys(AuditSettings.model_fields, "x")
    assert sorted(environment(AuditSettings, values)) == ["EVIDENCE_BUCKET", "LIMITS", "TABLE_NAME"]


def test_deployment_that_forgets_a_setting_is_an_error() -> None:
    with pytest.raises(KeyError, match="limits"):
        environment(AuditSettings, {"table_name": "t", "evidence_bucket": "b"})


@pytest.mark.parametrize(
    ("limits", "line"),
    [
        ("{", "LIMITS: Invalid JSON"),
        ('{"key_age": 0}', "LIMITS.key_age: Value error, a whole number of days from 1 to 3650 is expected"),
        ('{"x": 1}', "LIMITS.x: Extra inputs are not permitted"),
    ],
)
def test_wrong_limits_in_the_environment_are_an_error(monkeypatch: pytest.MonkeyPatch, limits: str, line: str) -> None:
    tell(monkeypatch, AuditSettings, table_name="t", evidence_bucket="b", limits=limits)
    with pytest.raises(SettingsError) as error:
        from_environment(AuditSettings)
    assert str(error.value).startswith(line)


def test_every_missing_variable_gets_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_TOPIC_ARN", "arn")
    with pytest.raises(SettingsError) as error:
        from_environment(NotifySettings)
    lines = str(error.value).splitlines()
    assert [line.partition(": ")[0].upper() for line in lines] == ["TEXT_TOPIC_ARN", "EVENTS_TOPIC_ARN"]
    assert all(": Field required" in line for line in lines)


def test_line_of_a_missing_variable_names_the_variable_and_nothing_else() -> None:
    with pytest.raises(SettingsError) as error:
        from_environment(NotifySettings)
    assert str(error.value).splitlines()[0] == "TEXT_TOPIC_ARN: Field required"


@time_machine.travel("2026-11-20T08:00:00.987654+02:00", tick=False)
def test_clock_is_in_utc_and_whole_seconds() -> None:
    assert settings.now() == datetime(2026, 11, 20, 6, tzinfo=UTC)
    assert settings.now().utcoffset() == timedelta(0)
