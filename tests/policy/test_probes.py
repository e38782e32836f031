"""Every probe of the language, and what cannot be judged."""

import re
from collections import Counter
from typing import Any

import pytest

from auditor.policy.access import Decision, Held, Request, Standing, decide
from auditor.policy.conditions import judge, unmet
from auditor.policy.document import MalformedPolicyError, statements
from tests.policy.probes import PROBES, ROWS
from tests.policy.probes.probe import ALL, OBJECT, USER, Probe, Row, allow, deny, doc

LAYERS = ("identity", "boundary", "session", "service control", "resource control", "resource policy")

each_probe = pytest.mark.parametrize("probe", [pytest.param(it, id=it.id) for it in PROBES])
each_row = pytest.mark.parametrize("row", [pytest.param(it, id=it.id) for it in ROWS])


def held(documents: tuple[dict[str, Any], ...], name: str) -> tuple[Held, ...]:
    return tuple(Held(name=f"{name} {number}", document=it) for number, it in enumerate(documents, start=1))


def one(document: dict[str, Any] | None, name: str) -> Held | None:
    return Held(name=name, document=document) if document else None


def decided(probe: Probe) -> Decision:
    standing = Standing(
        arn=probe.arn,
        identity=held(probe.identity, "policy"),
        boundary=one(probe.boundary, "boundary"),
        session=one(probe.session, "session"),
        service_control=tuple(held(it, f"SCP at level {number},") for number, it in enumerate(probe.levels)),
        resource_control=tuple(held(it, f"RCP at level {number},") for number, it in enumerate(probe.resource_levels)),
        known=probe.own,
    )
    request = Request(action=probe.action, resource=probe.resource, known=probe.known)
    return decide(standing, request, one(probe.policy, "bucket"), owner=probe.owner)


def told(decision: Decision) -> set[str]:
    """The conditions of a decision; AWS compares the keys without their case."""
    return {it.lower() for it in decision.conditions}


def asked(*identity: dict[str, Any], **known: tuple[str, ...]) -> Decision:
    """What a user with these documents is told of reading the object."""
    request = Request(action="s3:GetObject", resource=OBJECT, known=known)
    return decide(Standing(arn=USER, identity=held(identity, "policy")), request)


@each_probe
def test_decision_is_that_of_aws(probe: Probe) -> None:
    assert decided(probe).allowed is probe.allowed, f"{probe.claim}: {probe.page}"


@pytest.mark.parametrize(
    "probe", [pytest.param(it, id=it.id) for it in PROBES if it.conditions is not None and it.allowed]
)
def test_what_remains_to_be_met_is_told(probe: Probe) -> None:
    assert frozenset(told(decided(probe))) == probe.conditions, probe.claim


@pytest.mark.parametrize("probe", [pytest.param(it, id=it.id) for it in PROBES if it.decides])
def test_what_decides_is_told(probe: Probe) -> None:
    assert probe.decides
    layer, number = probe.decides
    assert any(it.layer.startswith(layer) and it.statement == number for it in decided(probe).grounds), probe.claim


@each_probe
def test_grounds_of_a_denial_are_of_one_layer_and_those_of_an_allow_name_statements(probe: Probe) -> None:
    decision = decided(probe)
    assert decision.grounds
    assert all(it.layer.startswith(LAYERS) for it in decision.grounds)
    if decision.allowed:
        assert all(it.statement and it.policy for it in decision.grounds), decision.grounds
    else:
        assert len({it.layer for it in decision.grounds}) == 1


@each_row
def test_condition_is_met_as_aws_says(row: Row) -> None:
    (statement,) = statements(doc(allow(Condition=row.condition)))
    assert judge(statement.clauses, row.known, variables=True) is row.met, f"{row.claim}: {row.page}"
    if row.met is None:
        assert {it.lower() for it in unmet(statement.clauses, row.known, variables=True)} == row.unmet


@each_row
def test_allow_under_a_condition_lets_through_unless_it_is_certainly_not_met(row: Row) -> None:
    decision = asked(doc(allow(Condition=row.condition)), **row.known)
    assert decision.allowed is (row.met is not False), f"{row.claim}: {row.page}"
    assert told(decision) == row.unmet


@each_row
def test_deny_under_a_condition_bites_only_if_it_is_certainly_met(row: Row) -> None:
    decision = asked(doc(allow(), deny(Condition=row.condition)), **row.known)
    assert decision.allowed is (row.met is not True), f"{row.claim}: {row.page}"
    assert told(decision) == {f"unless {it}" for it in row.unmet}


def test_every_probe_has_a_name_a_claim_and_a_page_of_aws() -> None:
    everything: tuple[Probe | Row, ...] = (*PROBES, *ROWS)
    for it in everything:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", it.id)
        assert re.match(r"https://docs\.aws\.amazon\.com/[\w./-]+\.html(#[\w-]+)?$", it.page), it.id
        assert it.claim[0].isupper(), it.id
    assert [it for it, count in Counter(it.id for it in everything).items() if count > 1] == []


def test_every_operator_is_probed_met_not_met_and_absent() -> None:
    """Alone, negated where there is a negation, with IfExists and with both qualifiers."""
    operators = {
        *"StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike".split(),
        *"StringNotLike NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals".split(),
        *"NumericGreaterThan NumericGreaterThanEquals DateEquals DateNotEquals DateLessThan".split(),
        *"DateLessThanEquals DateGreaterThan DateGreaterThanEquals Bool BinaryEquals IpAddress".split(),
        *"NotIpAddress ArnEquals ArnNotEquals ArnLike ArnNotLike Null".split(),
    }
    probed = {(operator, it.met) for it in ROWS for operator in it.condition if len(it.condition) == 1}
    assert {(it, met) for it in operators for met in (True, False)} <= probed
    assert {it for it, _ in probed if it.startswith("ForA")}
    assert {it for it, _ in probed if it.endswith("IfExists")}


# Who holds what, in the answer.


def test_policy_of_a_group_is_told_with_its_group() -> None:
    group = "arn:aws:iam::111122223333:group/staff"
    standing = Standing(arn=USER, identity=(Held(name="AdministratorAccess", document=ALL, via=group),))
    (ground,) = decide(standing, Request(action="iam:CreateUser", resource=USER)).grounds
    assert (ground.layer, ground.policy, ground.via, ground.statement) == ("identity", "AdministratorAccess", group, 1)


def test_statement_is_told_with_its_sid() -> None:
    decision = asked(doc(allow(), deny("iam:*"), deny("s3:*", Sid="NoObjects")))
    (ground,) = decision.grounds
    assert (decision.allowed, ground.policy, ground.statement, ground.sid) == (False, "policy 1", 3, "NoObjects")


def test_every_layer_that_allows_is_told() -> None:
    standing = Standing(
        arn=USER,
        identity=held((ALL,), "policy"),
        boundary=Held(name="limits", document=ALL),
        service_control=(held((ALL,), "root"), held((ALL,), "account")),
    )
    grounds = decide(standing, Request(action="s3:GetObject", resource=OBJECT)).grounds
    assert {"policy 1", "limits", "root 1", "account 1"} <= {it.policy for it in grounds}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/x"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1"),
    ],
)
def test_policy_that_has_to_allow_and_was_not_seen_lets_through_and_is_told(action: str, resource: str) -> None:
    decision = decide(Standing(arn=USER, identity=held((ALL,), "policy")), Request(action=action, resource=resource))
    assert decision.allowed
    assert len(decision.conditions) == 1


# What cannot be judged.


@pytest.mark.parametrize(
    "broken",
    [
        {"Effect": "Perhaps", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": 1, "Resource": "*"},
        allow(Condition={"Bool": "true"}),
        allow(Condition={"StringEquals": {"aws:username": {"Ref": "x"}}}),
        "Allow",
        None,
    ],
)
@pytest.mark.parametrize("layer", ["identity", "boundary", "session", "service_control", "resource_control"])
def test_malformed_statement_is_named_and_never_read_as_harmless(layer: str, broken: Any) -> None:
    held_by = Held(name="odd", document={"Version": "2012-10-17", "Statement": [allow(), broken]})
    one_of = {"boundary": held_by, "session": held_by, "identity": (held_by,)}
    given: Any = {layer: one_of.get(layer, ((held_by,),))}
    standing = Standing(**{"arn": USER, "identity": held((ALL,), "policy"), **given})
    with pytest.raises(MalformedPolicyError, match="statement 2"):
        decide(standing, Request(action="s3:GetObject", resource=OBJECT))


def test_malformed_policy_of_a_resource_is_named() -> None:
    policy = Held(name="bucket", document={"Statement": [{**deny(), "Principal": "somebody"}]})
    standing = Standing(arn=USER, identity=held((ALL,), "policy"))
    with pytest.raises(MalformedPolicyError, match="statement 1"):
        decide(standing, Request(action="s3:GetObject", resource=OBJECT), policy)


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("NumericEquals", "ten"),
        ("NumericLessThan", "nan"),
        ("NumericEquals", "1_0"),
        ("DateLessThan", "tomorrow"),
        ("IpAddress", "somewhere"),
        ("IpAddress", "203.0.113.0/99"),
        ("Bool", "perhaps"),
        ("Null", "perhaps"),
        ("BinaryEquals", "no base 64!"),
        ("ArnLike", "no ARN"),
    ],
)
def test_value_that_is_none_of_its_kind_is_never_met(operator: str, value: str) -> None:
    """Neither does it break the judgement of anything else."""
    condition = {"Condition": {operator: {"demo:key": value}}}
    (statement,) = statements(doc(allow(**condition)))
    for had in ("10", "true", "2026-11-20", "203.0.113.7", "arn:aws:a:b:c:d"):
        known = {"demo:key": (had,)}
        assert judge(statement.clauses, known, variables=True) is not True
        assert asked(doc(deny(**condition), allow()), **known).allowed
