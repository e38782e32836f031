from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.policy.callers import Zone, caller, everybody, known
from auditor.policy.document import Party, Statement, decode, statements

EVERYBODY = Party(kind="*", value="*")
ACCOUNT = "444455556666"


def saying(effect: str, condition: dict[str, Any]) -> Statement:
    said = {"Effect": effect, "Action": "*", "Condition": condition}
    (statement,) = statements(decode({"Version": "2012-10-17", "Statement": said}))
    return statement


def settled(effect: str, key: str, condition: dict[str, Any]) -> bool:
    """Whether the key is known of a stranger's request that suits the statement."""
    stranger, _ = everybody(EVERYBODY, Zone())[0]
    return key.lower() in known(stranger, saying(effect, condition))


@pytest.mark.parametrize(
    ("effect", "operator", "value", "is_settled"),
    [
        ("Allow", "ArnLike", "arn:aws:iam::*:role/deploy", False),
        ("Allow", "ArnLike", "arn:aws:iam::*:role/*", True),
        ("Allow", "ArnLike", f"arn:aws:iam::{ACCOUNT}:role/*", True),
        ("Allow", "StringEquals", "arn:aws:iam::*:role/deploy", True),
        ("Allow", "ArnNotLike", "arn:aws:iam::*:role/deploy", True),
        ("Deny", "ArnNotLike", "arn:aws:iam::*:role/deploy", False),
        ("Deny", "ArnLike", "arn:aws:iam::*:role/deploy", True),
        ("Deny", "ArnNotLike", f"arn:aws:iam::{ACCOUNT}:role/*", True),
    ],
)
def test_name_that_a_stranger_may_choose_is_not_settled(
    effect: str, operator: str, value: str, *, is_settled: bool
) -> None:
    assert settled(effect, "aws:PrincipalArn", {operator: {"aws:PrincipalArn": value}}) is is_settled


def test_all_demands_of_an_allow_and_one_of_a_denial_are_enough() -> None:
    both = {
        "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"},
        "StringLike": {"aws:PrincipalArn": f"*:{ACCOUNT}:*"},
    }
    denied = {"Null": {"aws:PrincipalArn": "false"}, "ArnNotLike": both["ArnLike"]}
    assert settled("Deny", "aws:PrincipalArn", denied) is False
    twice = {**both, "StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/deploy"}}
    assert settled("Allow", "aws:PrincipalArn", twice) is True


@pytest.mark.parametrize(
    ("zone", "facts"),
    [
        (Zone(), {}),
        (Zone(account="1", organization=""), {"aws:resourceaccount": ("1",), "aws:resourceorgid": ()}),
        (Zone(organization="o-1"), {"aws:resourceorgid": ("o-1",)}),
        (
            Zone(now=datetime(2026, 11, 20, 6, tzinfo=UTC)),
            {"aws:currenttime": ("2026-11-20T06:00:00+00:00",), "aws:epochtime": ("1795154400",)},
        ),
    ],
)
def test_zone_knows_what_every_request_for_its_resource_has(zone: Zone, facts: dict[str, tuple[str, ...]]) -> None:
    assert zone.facts == facts


def test_organization_is_known_of_the_own_account_only() -> None:
    zone = Zone(account="111122223333", organization="o-1")
    own, other = (caller(Party(kind="AWS", value=it), zone).usual for it in ("111122223333", ACCOUNT))
    assert (own["aws:principalorgid"], "aws:principalorgid" in other) == (("o-1",), False)
