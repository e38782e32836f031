"""Judging on a laptop as a deployment does: its settings, its scopes, its own checks."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.aws.test_own_checks import CASES, FAMILY
from tests.aws.test_own_checks import folder as own_folder
from tests.build import ACCOUNT, arn
from tests.cli.conftest import Auditor
from tests.cli.evidence import ROLE, details, ordinary, user, write

SHOP = {"manager": "arn:*:iam::*:role/tools/manager", "entities": [{"names": ["dep*"]}, {"tags": {"team": "shop"}}]}
ALL = {"manager": "arn:*:iam::*:role/deploy", "entities": [{"paths": ["/*"]}]}


def settings(tmp_path: Path, given: Any, name: str = "settings.json") -> Path:
    (tmp_path / name).write_text(given if isinstance(given, str) else json.dumps(given))
    return tmp_path / name


def found(auditor: Auditor, *arguments: object) -> dict[str, dict[str, Any]]:
    """Findings by check and resource's last part."""
    result = auditor("audit", "--format", "json", *arguments)
    assert result.code == 0, result.err
    return {f"{it['check']} {it['resource'].rpartition('/')[2]}": it for it in json.loads(result.out)["findings"]}


@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: {"app": "x", "context": {"auditor": it}}])
def test_laptop_judges_as_the_deployment_does(auditor: Auditor, folder: Path, tmp_path: Path, wrap: Any) -> None:
    given = {
        "limits": {"role_idle": 400},
        "severities": {"stale-access-key": "INFO"},
        "overrides": [{"accounts": [ACCOUNT], "limits": {"key_age": 90}, "severities": {"idle-access-key": "LOW"}}],
    }
    path = settings(tmp_path, wrap(given))
    seen = found(auditor, "--evidence", folder, "--settings", path)
    assert "unused-role deploy" not in seen
    assert (seen["stale-access-key AKIA1"]["severity"], seen["idle-access-key AKIA1"]["severity"]) == ("INFO", "LOW")


def test_settings_of_the_repository_are_the_defaults(auditor: Auditor, folder: Path) -> None:
    shipped = Path(__file__).parents[2] / "cdk.json"
    assert found(auditor, "--evidence", folder, "--settings", shipped) == found(auditor, "--evidence", folder)


def test_units_that_are_not_known_are_noted(auditor: Auditor, folder: Path, tmp_path: Path) -> None:
    path = settings(tmp_path, {"overrides": [{"organizational_units": ["r-ab12"], "limits": {"key_age": 9}}]})
    result = auditor("audit", "--evidence", folder, "--settings", path)
    assert "no organizational unit's overrides hold" in result.err


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ({"limits": {"key_age": 0}, "x": 1}, ["limits.key_age: Value error, a whole", "x: Extra inputs"]),
        (
            {"overrides": [{"accounts": [ACCOUNT], "severities": {"unused-rule": "LOW"}}]},
            ["overrides.0.severities.unused-rule: is no check: is 'unused-role' meant?"],
        ),
        ({"context": {"auditor": {"overrides": [{}]}}}, ["overrides.0: is of nobody"]),
    ],
)
def test_wrong_setting_is_one_line_with_its_place(
    auditor: Auditor, folder: Path, tmp_path: Path, given: Any, lines: list[str]
) -> None:
    path = settings(tmp_path, given)
    result = auditor("audit", "--evidence", folder, "--settings", path)
    assert (result.code, result.out) == (2, "")
    said = result.err.splitlines()
    assert len(said) == len(lines)
    assert all(it.startswith(f"auditor: {path}: {line}") for it, line in zip(said, lines, strict=True))


@pytest.mark.parametrize("text", ['{"limits": ', "[]", '{"context": {"auditor": []}}', "\udcff", "[" * 100_000])
def test_file_that_is_no_settings_is_one_line(auditor: Auditor, folder: Path, tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    line = auditor("audit", "--evidence", folder, "--settings", path).says_why_in_one_line()
    assert line.startswith(f"auditor: --settings: {path}: ")


def test_absent_settings_are_one_line(auditor: Auditor, folder: Path, tmp_path: Path) -> None:
    line = auditor("audit", "--evidence", folder, "--settings", tmp_path / "absent").says_why_in_one_line()
    assert line == f"auditor: --settings: {tmp_path / 'absent'} is not a file"


# Scopes.


def test_scope_shows_its_findings_only(auditor: Auditor, folder: Path, tmp_path: Path) -> None:
    path = settings(tmp_path, {"scopes": {"shop": SHOP, "all": ALL}})
    everything = found(auditor, "--evidence", folder, "--settings", path)
    of_shop = found(auditor, "--evidence", folder, "--settings", path, "--scope", "shop")
    assert set(of_shop) == {f"missing-manager {ACCOUNT}", "role-without-policy deploy", "unused-role deploy"}
    assert everything["unused-role deploy"]["scopes"] == ["all", "shop"]
    assert everything["stale-access-key AKIA1"]["scopes"] == ["all"]
    assert everything["unattached-administrator-policy everything"]["scopes"] == ["all"]
    assert everything["short-passwords 111122223333"]["scopes"] == []


@pytest.mark.parametrize(
    ("scopes", "name", "line"),
    [
        ({}, "shop", "--scope: there are no scopes: --settings names a file that has some"),
        ({"shop": SHOP}, "shp", "--scope: 'shp' is unknown; did you mean 'shop'?"),
        (
            {"none": SHOP | {"entities": [{"paths": ["/none/"]}]}},
            "none",
            "--scope: none matches nothing in the evidence",
        ),
    ],
)
def test_scope_that_there_is_not_is_one_line(
    auditor: Auditor, folder: Path, tmp_path: Path, scopes: Any, name: str, line: str
) -> None:
    path = settings(tmp_path, {"scopes": scopes})
    result = auditor("audit", "--evidence", folder, "--settings", path, "--scope", name)
    assert result.says_why_in_one_line() == f"auditor: {line}"


def test_scope_of_other_accounts_is_none_of_this_one(auditor: Auditor, folder: Path, tmp_path: Path) -> None:
    path = settings(tmp_path, {"overrides": [{"accounts": ["999999999999"], "scopes": {"shop": SHOP}}]})
    result = auditor("audit", "--evidence", folder, "--settings", path, "--scope", "shop")
    assert (result.code, result.err.splitlines()[-1]) == (2, "auditor: --scope: shop is none of account 111122223333's")


def test_scope_that_nobody_could_look_for_is_not_said_to_be_empty(auditor: Auditor, tmp_path: Path) -> None:
    blind = write(tmp_path / "blind", ordinary() | {"authorization-details.json": b""})
    path = settings(tmp_path, {"scopes": {"shop": SHOP}})
    line = auditor("audit", "--evidence", blind, "--settings", path, "--scope", "shop").err.splitlines()[-1]
    assert line.startswith("auditor: --scope: shop is not known to match anything: authorization-details: ")


def test_fail_on_counts_the_scope_s_findings(auditor: Auditor, folder: Path, tmp_path: Path) -> None:
    path = settings(tmp_path, {"scopes": {"shop": SHOP}})
    scoped = ("audit", "--evidence", folder, "--settings", path, "--scope", "shop", "--fail-on")
    assert [auditor(*scoped, level).code for level in ("high", "medium")] == [0, 1]


# Own checks.


def team(tmp_path: Path) -> Path:
    files = ordinary() | {"authorization-details.json": details(user("team-web"), RoleDetailList=[ROLE])}
    tmp_path.mkdir(exist_ok=True)
    return write(tmp_path / "team", files)


def test_own_checks_are_asked_and_listed(auditor: Auditor, tmp_path: Path) -> None:
    own = own_folder(tmp_path / "own")
    seen = found(auditor, "--evidence", team(tmp_path), "--checks", own, "--check", "shared-user")
    assert seen["shared-user team-web"]["resource"] == arn("user/team-web")
    assert "shared-user" in auditor("checks", "--checks", own).out
    assert "own/people-4" in auditor("explain", "shared-user", "--checks", own).out
    document = auditor("checks", "--checks", own, "--format", "markdown").out
    assert "- the organization's own: `own/people-4`" in document
    raised = settings(tmp_path, {"severities": {"shared-user": "CRITICAL"}})
    result = found(auditor, "--evidence", team(tmp_path / "x"), "--checks", own, "--settings", raised)
    assert result["shared-user team-web"]["severity"] == "CRITICAL"


def test_bad_own_check_is_one_line_with_its_place(auditor: Auditor, folder: Path, tmp_path: Path) -> None:
    own = own_folder(tmp_path / "own", shared_users="import os\n", cases_shared_users="CASES = ()\n")
    line = auditor("audit", "--evidence", folder, "--checks", own).says_why_in_one_line()
    assert line.startswith(f"auditor: {own / FAMILY}: imports os: ")
    assert auditor("checks", "--checks", own).code == 2
    own_folder(own, cases_shared_users=None)
    (own / CASES).unlink()
    assert auditor("checks", "--checks", own).code == 2


def test_folder_of_checks_that_is_none_is_one_line(auditor: Auditor, folder: Path, tmp_path: Path) -> None:
    line = auditor("audit", "--evidence", folder, "--checks", tmp_path / "absent").says_why_in_one_line()
    assert line == f"auditor: --checks: {tmp_path / 'absent'} is not a folder"
