"""What decides a request, in words."""

from typing import Any

import pytest

from auditor.policy.access import Held, Request, Standing, decide
from auditor.policy.document import Clause, Statement
from auditor.render.clauses import in_words, not_met
from auditor.render.grounds import Decided, conditions, why
from tests.build import allowing, arn

EVERYTHING = Held(name="FullAWSAccess of r-ab12", document=allowing())


def held(name: str, *statements: dict[str, Any], via: str = "") -> Held:
    return Held(name=name, document={"Version": "2012-10-17", "Statement": list(statements)}, via=via)


def allow(action: str = "*", resource: str = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action: str = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*", **elements}


NEARLY = allow(Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})


def decided(action: str = "ec2:RunInstances", resource_policy: Held | None = None, **layers: Any) -> Decided:
    own = {"identity": (held("own", allow()),), **layers}
    standing = Standing(arn=arn("user/ana"), **own)
    request = Request(action=action)
    return Decided(
        standing=standing,
        request=request,
        decision=decide(standing, request, resource_policy),
        resource_policy=resource_policy,
    )


def test_each_layer_is_named_the_identitys_first() -> None:
    found = decided(
        identity=(held("ops", allow("s3:*"), allow("ec2:*", Sid="Compute"), via=arn("group/staff")),),
        boundary=held("limit", allow()),
        service_control=((EVERYTHING,),),
    )
    assert why(found) == (
        "statement 2 (Compute) of ops of group/staff",
        "statement 1 of service control policy FullAWSAccess of r-ab12",
        "statement 1 of permissions boundary limit",
    )


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ({"identity": ()}, "no statement of its policies allows it"),
        ({"boundary": held("limit", allow("s3:*"))}, "no statement of permissions boundary (limit) allows it"),
        (
            {"service_control": ((EVERYTHING,), (held("only-s3 of ou-1", allow("s3:*")),))},
            "no statement of service control level 2 (only-s3 of ou-1) allows it",
        ),
        ({"service_control": ((EVERYTHING,), ())}, "no statement of service control level 2 allows it"),
        (
            {"service_control": ((EVERYTHING, held("no-ec2 of ou-1", deny("ec2:*", Sid="No"))),)},
            "denied by statement 1 (No) of service control policy no-ec2 of ou-1",
        ),
        ({"session": held("scope", allow("s3:*"))}, "no statement of session policy (scope) allows it"),
        ({"identity": (held("own", allow(), deny("ec2:Run*")),)}, "denied by statement 2 of own"),
    ],
)
def test_what_denies_is_named(layers: dict[str, Any], said: str) -> None:
    found = decided(**layers)
    assert not found.decision.allowed
    assert why(found) == (said,)


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ({"identity": (held("own", NEARLY),)}, "no statement of its policies allows it: statement 1 of own would"),
        (
            {"boundary": held("limit", NEARLY)},
            "no statement of permissions boundary (limit) allows it: statement 1 of permissions boundary limit would",
        ),
        (
            {"service_control": ((held("scp", NEARLY),),)},
            "no statement of service control level 1 (scp) allows it: statement 1 of service control policy scp would",
        ),
    ],
)
def test_statement_that_would_but_for_a_condition_is_named(layers: dict[str, Any], said: str) -> None:
    assert why(decided(known={"aws:requestedregion": ("us-east-1",)}, **layers)) == (
        f"{said}, but aws:RequestedRegion is not eu-west-1",
    )


@pytest.mark.parametrize(
    ("operator", "values", "words"),
    [
        ("bool", ["true"], "aws:K is not true"),
        ("notipaddress", ["10.0.0.0/8"], "aws:K is in 10.0.0.0/8"),
        ("null", ["true"], "aws:K is present"),
        ("numericlessthan", ["3600"], "aws:K is not below 3600"),
        ("datelessthanequals", ["2027-01-01"], "aws:K is after 2027-01-01"),
        ("forallvalues:stringequals", ["a"], "it is not so that each value of aws:K is a"),
        ("nonsense", ["a"], "aws:K does not meet nonsense, which is no operator"),
    ],
)
def test_contrary_of_every_operator_has_words(operator: str, values: list[str], words: str) -> None:
    clause = Clause(operator=operator, key="aws:k", values=tuple(values))
    assert not_met(clause, Statement(sid=None, allow=True, conditions=("aws:K",))) == words


def test_policy_that_was_not_seen_is_a_condition() -> None:
    standing = Standing(arn=arn("user/ana"), identity=(held("own", allow()),))
    request = Request(action="s3:GetObject", resource="arn:aws:sqs:eu-west-1:444455556666:queue")
    found = Decided(standing=standing, request=request, decision=decide(standing, request))
    assert why(found)[-1] == "the resource's own policy, which was not seen"
    assert conditions(found) == ("the resource's own policy, which was not seen, allows it",)


def test_deny_is_told_with_all_that_it_takes() -> None:
    clauses = {
        "StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]},
        "BoolIfExists": {"aws:MultiFactorAuthPresent": "false"},
    }
    found = decided(service_control=((EVERYTHING, held("regions of ou-1", deny(Condition=clauses))),))
    (told,) = conditions(found)
    region, _, factor = told.partition(" and ")
    assert region == "unless aws:RequestedRegion is not eu-west-1 or eu-central-1"
    assert factor == "aws:MultiFactorAuthPresent is false, or is absent"


def test_deny_about_something_else_is_no_condition() -> None:
    other = deny("s3:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})
    assert conditions(decided(identity=(held("own", allow(), other),))) == ()


def test_variable_that_is_unknown_is_told() -> None:
    own = held("own", allow("s3:GetObject", "arn:aws:s3:::home/${aws:PrincipalTag/team}/*"))
    found = decided("s3:GetObject", identity=(own,))
    assert found.decision.allowed
    assert all("aws:PrincipalTag/team" in it for it in conditions(found))


@pytest.mark.parametrize(
    ("operator", "values", "words"),
    [
        ("stringequals", ["a"], "aws:K is a"),
        ("stringnotlike", ["a*", "b*"], "aws:K is not like a* or b*"),
        ("arnequals", ["a", "b", "c", "d", "e"], "aws:K is like a, b, c or one of 2 more"),
        ("null", ["true"], "aws:K is absent"),
        ("null", ["false"], "aws:K is present"),
        ("bool", ["true"], "aws:K is true"),
        ("notipaddress", ["10.0.0.0/8"], "aws:K is not in 10.0.0.0/8"),
        ("numericlessthan", ["3600"], "aws:K is below 3600"),
        ("dategreaterthanequals", ["2027-01-01"], "aws:K is not before 2027-01-01"),
        ("forallvalues:stringequals", ["a"], "each value of aws:K is a"),
        ("foranyvalue:stringlikeifexists", ["a"], "a value of aws:K is like a, or is absent"),
        ("stringequals", [], "aws:K is nothing"),
        ("nonsense", ["a"], "aws:K meets nonsense, which is no operator"),
    ],
)
def test_every_operator_has_words(operator: str, values: list[str], words: str) -> None:
    clause = Clause(operator=operator, key="aws:k", values=tuple(values))
    assert in_words(clause, Statement(sid=None, allow=True, conditions=("aws:K",))) == words
