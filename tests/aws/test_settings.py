"""What a deployment may set, what a function is told, and the line that a wrong value gets."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from auditor import settings
from auditor.core.check import Limits, Severity
from auditor.core.model import Membership, Owner
from auditor.core.scopes import Scope, Selector
from auditor.core.standards import Override, Standards
from auditor.core.telling import route
from auditor.settings import (
    AuditSettings,
    ChannelSettings,
    Deployment,
    NotifySettings,
    SettingsError,
    TellSettings,
    deployment,
    deployment_json,
    environment,
    from_environment,
    judging,
    validated,
)

CDK_JSON = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())


def test_cdk_json_shows_the_defaults() -> None:
    given = CDK_JSON["context"]["auditor"]
    assert validated(Deployment, given) == validated(Deployment, {}) == Deployment()
    assert set(given["limits"]) == set(judging.SETTABLE)


def test_what_cdk_json_leaves_out_has_its_documented_default() -> None:
    settings = Deployment()
    assert (settings.silence_hours, settings.evidence_days) == (26, 1096)
    assert settings.channels == {"default": ChannelSettings()}


def test_default_limits_are_those_of_the_checks() -> None:
    assert Deployment().standards() == Standards()


ACCOUNT, OTHER = "111122223333", "444455556666"
SECRET = f"arn:aws-cn:secretsmanager:cn-north-1:{ACCOUNT}:secret:slack/payments-a1B2c3"


def channels(**named: Any) -> dict[str, Any]:
    """Settings with these channels beside the default one."""
    return {"channels": {"default": {}, **named}}


MANAGER = "arn:*:iam::*:role/tools/shop-manager"


def overrides(limits: dict[str, Any]) -> dict[str, Any]:
    """Settings with these limits for one account."""
    return {"overrides": [{"accounts": [ACCOUNT], "limits": limits}]}


def scopes(**fields: Any) -> dict[str, Any]:
    """Settings with one scope."""
    return {"scopes": {"shop": {"manager": MANAGER, "entities": [{"paths": ["/shop/*"]}]} | fields}}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"shedule": "rate(1 day)"}, "shedule: Extra inputs are not permitted (given: 'rate(1 day)')"),
        ({"schedule": "daily"}, "schedule: String should match pattern '^(rate|cron)\\(.+\\)$' (given: 'daily')"),
        ({"timezone": 1}, "timezone: Input should be a valid string (given: 1)"),
        ({"timezone": "Europe/Berlln"}, "timezone: Value error, a time zone's name is expected, such as Europe/Berlin"),
        ({"timezone": "../etc/passwd"}, "timezone: Value error, a time zone's name is expected, such as Europe/Berlin"),
        ({"emails": ["a@example.com"]}, "emails: Extra inputs are not permitted"),
        ({"channels": {"default": {"emails": ["a@example.com", "b"]}}}, "channels.default.emails.1: String should"),
        ({"alerts": {"immediate": "high"}}, "alerts.immediate: Value error, one of INFO, LOW, MEDIUM, HIGH, CRITICAL"),
        ({"alerts": {"immediate": 4}}, "alerts.immediate: Value error, one of INFO, LOW, MEDIUM, HIGH, CRITICAL"),
        ({"alerts": {"digest_hour": -1}}, "alerts.digest_hour: Input should be greater than or equal to 0"),
        ({"alerts": {"digest_hour": 24}}, "alerts.digest_hour: Input should be less than or equal to 23"),
        ({"alerts": {"escalate_after_hours": 0}}, "alerts.escalate_after_hours: Input should be greater than"),
        ({"alerts": {"escalate_after_hours": 721}}, "alerts.escalate_after_hours: Input should be less than"),
        ({"alerts": {"escalate_to": "web"}}, "alerts.escalate_to: there is no channel 'web'"),
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
        (
            channels(web={"accounts": [ACCOUNT], "slack": {"workspace": "T0123456"}}),
            "channels.web.slack.channel: Field",
        ),
        (
            channels(web={"accounts": [ACCOUNT], "slack": {"workspace": "t0", "channel": "C0123456"}}),
            "channels.web.slack.workspace: String should match pattern",
        ),
        ({"channels": {}}, "channels: 'default' is missing: it is told of what no other channel is"),
        (channels(Web={"accounts": [ACCOUNT]}), "channels.Web.[key]: String should match pattern"),
        (channels(web={"accounts": ["1111"]}), "channels.web.accounts.0: String should match pattern"),
        (channels(web={"accounts": ["१" * 12]}), "channels.web.accounts.0: String should match pattern"),
        (channels(web={"tags": {"": "x"}}), "channels.web.tags..[key]: String should have at least 1 character"),
        (
            channels(web={"organizational_units": ["o-1234567890"]}),
            "channels.web.organizational_units.0: String should",
        ),
        (
            channels(web={"webhook_secret": SECRET[:-7]}),
            "channels.web.webhook_secret: the whole ARN of a Secrets Manager secret is expected",
        ),
        (
            channels(web={"emails": ["a@example.com"]}),
            "channels.web: is told of nothing: it needs accounts or tags or organizational_units",
        ),
        (
            {"channels": {"default": {"accounts": [ACCOUNT], "tags": {"team": "web"}}}},
            "channels.default: takes no accounts and no tags: it is told of what no other is",
        ),
        (
            channels(web={"accounts": [ACCOUNT]}, shop={"accounts": [OTHER, ACCOUNT]}),
            f"channels.shop.accounts: {ACCOUNT} is named by 'web' already",
        ),
        (
            channels(web={"tags": {"team": "{web}"}}, shop={"tags": {"team": "{web}"}}),
            "channels.shop.tags: team={web} is named by 'web' already",
        ),
        (
            channels(web={"organizational_units": ["r-ab12"]}, shop={"organizational_units": ["r-ab12"]}),
            "channels.shop.organizational_units: r-ab12 is named by 'web' already",
        ),
        ({"severities": {"Stale key": "HIGH"}}, "severities.Stale key.[key]: String should match pattern"),
        ({"severities": {"unused-role": "high"}}, "severities.unused-role: Value error, one of INFO, LOW, MEDIUM"),
        ({"limits": {"owned_kinds": ["user"]}}, "limits.owned_kinds.0: Input should be 'User', 'Group' or 'Role'"),
        (
            {"overrides": [{"limits": {"key_age": 30}}]},
            "overrides.0: is of nobody: it needs accounts or organizational_units",
        ),
        (overrides({"key_age": 0}), "overrides.0.limits.key_age: Value error, a whole number of days from 1 to 3650"),
        (overrides({"keyage": 9}), "overrides.0.limits.keyage: Extra inputs are not permitted (given: 9)"),
        (overrides({"password_length": 129}), "overrides.0.limits.password_length: Input should be less than or equal"),
        (
            {"overrides": [{"accounts": [ACCOUNT]}, {"accounts": [OTHER, ACCOUNT]}]},
            f"overrides.1.accounts: {ACCOUNT} is named by overrides.0 already",
        ),
        (
            {"overrides": [{"organizational_units": ["r-ab12", "r-ab12"]}]},
            "overrides.0.organizational_units: r-ab12 is named by overrides.0 already",
        ),
        ({"overrides": [{"accounts": [ACCOUNT], "severity": {}}]}, "overrides.0.severity: Extra inputs are not"),
        (scopes(manager="shop"), "scopes.shop.manager: String should match pattern"),
        (scopes(manager=f"arn:aws:sts::{ACCOUNT}:role/x"), "scopes.shop.manager: String should match pattern"),
        (scopes(manager=f"arn:aws:iam::{ACCOUNT}:group/x"), "scopes.shop.manager: String should match pattern"),
        (scopes(manager=f"arn:aws:iam::{ACCOUNT}:role/*"), "scopes.shop.manager: String should match pattern"),
        (scopes(entities=[]), "scopes.shop: Value error, it needs entities"),
        (scopes(entities=[{}]), "scopes.shop.entities.0: Value error, it needs paths or names or tags"),
        (scopes(entities=[{"paths": ["shop"]}]), "scopes.shop.entities.0.paths.0: String should match pattern"),
        (scopes(entities=[{"paths": ["/shop"]}]), "scopes.shop.entities.0.paths.0: String should match pattern"),
        (scopes(entities=[{"names": [""]}]), "scopes.shop.entities.0.names.0: String should have at least 1 character"),
        ({"scopes": {"The shop": scopes()["scopes"]["shop"]}}, "scopes.The shop.[key]: String should match pattern"),
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


def test_webhook_s_url_in_place_of_its_secret_is_not_repeated() -> None:
    url = "https://hooks.slack.com/services/T0/B0/x"
    with pytest.raises(SettingsError, match="the whole ARN of a Secrets Manager secret is expected") as error:
        validated(Deployment, channels(web={"accounts": [ACCOUNT], "webhook_secret": url}))
    assert url not in str(error.value)


def test_webhook_s_secret_is_named_in_any_partition() -> None:
    given = validated(Deployment, channels(web={"accounts": [ACCOUNT], "webhook_secret": SECRET}))
    assert given.channels["web"].webhook_secret == SECRET


def test_news_find_the_channel_that_the_settings_name() -> None:
    unit = "ou-ab12-11111111"
    routes = validated(
        Deployment,
        channels(web={"accounts": [ACCOUNT]}, shop={"tags": {"team": "shop"}, "organizational_units": [unit]}),
    ).routes()
    assert [it.name for it in routes] == ["default", "web", "shop"]
    owner, other = Owner(account=ACCOUNT, partition="aws"), Owner(account=OTHER, partition="aws")
    assert route(routes, owner, Membership(name="", tags={"team": "shop"})) == "web"
    assert route(routes, other, Membership(name="", tags={"team": "shop"})) == "shop"
    assert route(routes, other, Membership(name="", path=("r-ab12", unit))) == "shop"
    assert route(routes, other, None) == "default"


@pytest.mark.parametrize("severity", list(Severity))
def test_severity_is_given_by_its_name(severity: Severity) -> None:
    assert validated(Deployment, {"alerts": {"immediate": severity.name}}).alert_at() is severity


def carried(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """Let the asset carry `text` as its settings."""
    (folder / "deployment.json").write_text(text, encoding="utf-8")
    monkeypatch.setattr(settings, "DEPLOYED", folder / "deployment.json")


def test_settings_reach_the_functions_through_the_asset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = validated(
        Deployment,
        {
            "timezone": "Europe/Berlin",
            "limits": {"key_age": 30, "password_length": 16},
            "alerts": {"immediate": "LOW", "escalate_to": "web"},
            **channels(web={"emails": ["a@example.com"], "tags": {"team": "wéb"}, "webhook_secret": SECRET}),
        },
    )
    carried(monkeypatch, tmp_path, deployment_json(given))
    assert deployment() == given
    assert deployment().standards().limits == Limits(key_age=timedelta(days=30), password_length=16)
    assert deployment().alert_at() is Severity.LOW
    assert deployment().routes() == given.routes()


def test_what_accounts_are_judged_by_reaches_the_functions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unit = "ou-ab12-11111111"
    given = {
        "limits": {"owned_kinds": ["Role"]},
        "severities": {"unused-role": "HIGH"},
        "overrides": [
            {"accounts": [ACCOUNT], "limits": {"key_age": 30, "password_length": 20}},
            {"organizational_units": [unit], "severities": {"unused-role": "INFO"}},
        ],
        **scopes(entities=[{"paths": ["/shop/*"], "tags": {"team": "shop"}}, {"names": ["shop-*"]}]),
    }
    carried(monkeypatch, tmp_path, deployment_json(validated(Deployment, given)))
    assert deployment().standards() == Standards(
        limits=Limits(owned_kinds=("Role",)),
        severities={"unused-role": Severity.HIGH},
        overrides=(
            Override(accounts=frozenset({ACCOUNT}), limits={"key_age": timedelta(days=30), "password_length": 20}),
            Override(units=frozenset({unit}), severities={"unused-role": Severity.INFO}),
        ),
        scopes=(
            Scope(
                name="shop",
                manager=MANAGER,
                selectors=(Selector(paths=("/shop/*",), tags={"team": "shop"}), Selector(names=("shop-*",))),
            ),
        ),
    )


def test_functions_outside_of_an_asset_have_the_defaults() -> None:
    assert deployment() == Deployment()


def test_wrong_settings_in_the_asset_are_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    carried(monkeypatch, tmp_path, '{"limits": {"key_age": 0}}')
    with pytest.raises(SettingsError, match=r"^limits\.key_age: "):
        deployment()


@pytest.mark.parametrize("shape", [AuditSettings, NotifySettings, TellSettings])
def test_what_the_stack_made_reaches_its_function_through_the_environment(
    monkeypatch: pytest.MonkeyPatch, shape: type[AuditSettings | NotifySettings | TellSettings]
) -> None:
    names = {field: f"the {field}" for field in shape.model_fields}
    for name, value in environment(shape, names).items():
        monkeypatch.setenv(name, value)
    assert from_environment(shape).model_dump() == names


def test_environment_is_named_like_the_fields_in_capitals() -> None:
    values = dict.fromkeys(AuditSettings.model_fields, "x")
    assert sorted(environment(AuditSettings, values)) == ["EVIDENCE_BUCKET", "TABLE_NAME"]


def test_every_missing_variable_gets_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUS_NAME", "bus")
    with pytest.raises(SettingsError) as error:
        from_environment(NotifySettings)
    lines = str(error.value).splitlines()
    assert [line.partition(": ")[0].upper() for line in lines] == ["TABLE_NAME", "EVENTS_TOPIC_ARN"]
    assert all(": Field required" in line for line in lines)


def test_line_of_a_missing_variable_names_the_variable_and_nothing_else() -> None:
    with pytest.raises(SettingsError) as error:
        from_environment(NotifySettings)
    assert str(error.value).splitlines()[0] == "TABLE_NAME: Field required"


@time_machine.travel("2026-11-20T08:00:00.987654+02:00", tick=False)
def test_clock_is_in_utc_and_whole_seconds() -> None:
    assert settings.now() == datetime(2026, 11, 20, 6, tzinfo=UTC)
    assert settings.now().utcoffset() == timedelta(0)
