from typing import Any

from auditor.checks.lint import (
    policy_near_its_size_limit,
    policy_with_errors,
    policy_with_idle_parts,
    policy_with_redundancy,
    policy_with_unknown_actions,
    policy_with_weak_conditions,
    trust_with_errors,
)
from auditor.core.case import Case
from auditor.core.subjects.entities import Policy
from auditor.policy.lint_kinds import size
from tests.build import OWNER, arn, policy, role

AWS = {"resource": f"arn:{OWNER.partition}:iam::aws:policy/ReadOnlyAccess"}
IN_AWS_ROLE = {"owner": arn("role/aws-reserved/sso.amazonaws.com/x"), "resource": arn("role/aws-reserved/x")}
BOUNDARY = {"attached_to": (), "boundary_of": (arn("role/deploy"),)}
SHOP = "arn:aws:s3:::shop/*"


def reading(**elements: Any) -> dict[str, Any]:
    """A policy of which nothing is to be said, with other elements."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": SHOP, **elements}
    return {"Version": "2012-10-17", "Statement": [statement]}


def asking(operator: str, key: str, value: object, **elements: Any) -> dict[str, Any]:
    return reading(Condition={operator: {key: value}}, **elements)


def long(characters: int, owner: str = "") -> Policy:
    """A policy of so many characters without white space."""
    short = reading(Resource="arn:aws:s3:::")
    made = reading(Resource="arn:aws:s3:::" + "x" * (characters - size(short)))
    fields = {"owner": arn(owner), "resource": arn(owner)} if owner else {}
    return policy(made, **fields)


PRIVATE = asking("IpAddress", "aws:SourceIp", "10.0.0.0/8")
TWO = asking("IpAddress", "aws:SourceIp", "10.0.0.0/8", Sid="read only")
PUBLIC = "aws:SourceIp is a public address; for those inside a VPC there is aws:VpcSourceIp"
WRONG = {"Version": "2012-10-17", "Statement": [reading(Sid=f"no {at}")["Statement"][0] for at in range(21)]}
EVERY = asking("ForAllValues:StringEquals", "aws:userid", "a")
REFERER = asking("StringEquals", "aws:Referer", "https://shop.example")
MISSPELLED = reading(Action="s3:GetObjekt")
ELSEWHERE = reading(Action=["s3:GetObject", "iam:GetRole"])
TWICE = reading(Action=["s3:Get*", "s3:GetObject"])
MISMATCHED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithSAML", "Principal": {"AWS": arn("user/ana")}}],
}
TRUSTING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": arn("user/ana")}}],
}
EVERYBODY = {"Version": "2012-10-17", "Statement": [{**TRUSTING["Statement"][0], "Principal": "*"}]}  # type: ignore[dict-item]

CASES = (
    Case(
        policy_with_errors,
        fails={
            policy(PRIVATE): f"everything has 1 error: {PUBLIC}",
            policy(PRIVATE, **BOUNDARY): f"everything has 1 error: {PUBLIC}",
            policy(PRIVATE, owner=arn("user/ana")): f"everything has 1 error: {PUBLIC}",
            policy(TWO): "everything has 2 errors: Sid read only has other characters than letters and digits",
            policy(WRONG): "everything has 21 errors: Sid no 0 has other characters than letters and digits",
        },
        shows={
            policy(PRIVATE): {"remarks": ("PRIVATE_IP_ADDRESS Statement.0.Condition.IpAddress.aws:SourceIp",)},
            policy(WRONG): {"remarks": tuple(f"UNSUPPORTED_SID Statement.{at}.Sid" for at in range(20))},
        },
        passes=(
            policy(reading()),
            policy(PRIVATE, **AWS),
            policy(PRIVATE, **IN_AWS_ROLE),
            policy(REFERER),
            policy(MISSPELLED),
        ),
    ),
    Case(
        policy_with_weak_conditions,
        fails={
            policy(REFERER): "everything has 1 weak condition: aws:Referer is whatever the caller says it is",
            policy(EVERY): (
                "everything has 1 weak condition: ForAllValues is also met without aws:userid, which has one value;"
                " leave it out"
            ),
        },
        passes=(
            policy(reading()),
            policy(REFERER, **AWS),
            policy(REFERER, **IN_AWS_ROLE),
            policy(PRIVATE),
            policy(EVERY, **BOUNDARY),
        ),
    ),
    Case(
        policy_with_unknown_actions,
        fails={
            policy(MISSPELLED): (
                "everything has 1 unknown name: no action is called s3:GetObjekt; did you mean s3:GetObject?"
            ),
        },
        passes=(policy(reading()), policy(MISSPELLED, **AWS), policy(PRIVATE), policy(ELSEWHERE)),
    ),
    Case(
        policy_with_idle_parts,
        fails={
            policy(ELSEWHERE): "everything has 1 idle part: none of the resources is one that iam:GetRole is about",
        },
        passes=(policy(reading()), policy(ELSEWHERE, **AWS), policy(MISSPELLED), policy({"Statement": []})),
    ),
    Case(
        policy_with_redundancy,
        fails={policy(TWICE): "everything has 1 superfluous part: s3:GetObject is already in s3:get*"},
        passes=(
            policy(reading()),
            policy(TWICE, **AWS),
            policy(reading(Action="lambda:CreateFunction", Resource="*")),
            policy(ELSEWHERE),
        ),
    ),
    Case(
        policy_near_its_size_limit,
        fails={
            long(5837): "everything has 5,837 of 6,144 characters",
            long(1946, "user/ana"): "everything has 1,946 of 2,048 characters",
            long(9728, "role/deploy"): "everything has 9,728 of 10,240 characters",
            long(4864, "group/all"): "everything has 4,864 of 5,120 characters",
        },
        passes=(
            long(5836),
            long(1945, "user/team/ana"),
            long(9727, "role/deploy"),
            long(4863, "group/all"),
            policy(long(6144).document, **AWS),
            policy(long(10_240).document, **IN_AWS_ROLE),
        ),
    ),
    Case(
        trust_with_errors,
        fails={
            role(trust=MISMATCHED): (
                f"the trust of deploy has 1 error: {arn('user/ana')} cannot call sts:assumerolewithsaml"
            ),
        },
        passes=(
            role(trust=TRUSTING),
            role(trust=EVERYBODY),
            role(),
            role(trust=MISMATCHED, path="/aws-service-role/ec2.amazonaws.com/"),
        ),
    ),
)
