"""Whom a role's trust admits is what is decided for each role."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.core.subjects.entities import Principal
from auditor.policy.access import Held, Request, Standing, decide
from auditor.policy.document import decode
from auditor.policy.landscape import Landscape, Seen
from auditor.policy.powers import Compiled, Powers
from auditor.policy.standing import Standings
from auditor.policy.trusting import Trusting
from auditor.policy.universe import members
from tests.build import ACCOUNT, ago
from tests.work import lines

ANA, BOB = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("ana", "bob"))
DEPLOY, BUILD = (f"arn:aws:iam::{ACCOUNT}:role/app/{name}" for name in ("deploy", "build"))
AROUND = {"aws:principalorgid": ("o-1",)}

PARTIES = st.sampled_from(
    [
        *("*", {"AWS": "*"}, {"AWS": ACCOUNT}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"AWS": [ANA, DEPLOY]}),
        *({"AWS": ["*", DEPLOY]}, {"AWS": [ACCOUNT, BUILD]}, {"Service": "ec2.amazonaws.com"}, {"AWS": "999988887777"}),
        {"AWS": [f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/session", BOB]},
    ]
)
KEYS = (
    "aws:PrincipalArn",
    "aws:PrincipalTag/team",
    "aws:MultiFactorAuthPresent",
    "aws:ResourceTag/team",
    "sts:External",
)
VALUES = (ANA, DEPLOY, f"arn:aws:iam::{ACCOUNT}:role/app/*", "arn:aws:iam::*:user/a?a", "red", "r", "re*", "*", "true")
OPERATORS = ("StringEquals", "StringLike", "ArnLike", "StringNotLike", "StringLikeIfExists", "Bool", "Null")
CONDITIONS = st.dictionaries(
    st.sampled_from([*OPERATORS, "ForAnyValue:StringEquals", "StringEqualsIgnoreCase", "Nonsense"]),
    st.dictionaries(
        st.sampled_from(KEYS),
        st.lists(
            st.sampled_from([*VALUES, "${aws:PrincipalTag/team}", "r${aws:username, 'ed'}"]), min_size=1, max_size=2
        ),
        min_size=1,
        max_size=2,
    ),
    max_size=2,
)
LIKELY = st.sampled_from(
    [
        {"ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:role/app/*", f"arn:aws:iam::{ACCOUNT}:user/a*"]}},
        {"StringEquals": {"aws:PrincipalArn": [ANA, DEPLOY]}, "Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"StringEquals": {"aws:PrincipalTag/team": ["red", "r"]}},
        {"StringLike": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}},
        {"ForAnyValue:StringEquals": {"aws:PrincipalTag/team": "r${aws:username, 'ed'}"}},
    ]
)


@st.composite
def trust_statements(draw: st.DrawFn) -> dict[str, Any]:
    effect = draw(st.sampled_from(["Allow", "Allow", "Deny"]))
    naming = draw(st.sampled_from(["Principal", "Principal", "Principal", "NotPrincipal"]))
    action = draw(st.sampled_from(["sts:AssumeRole", "sts:*", ["sts:TagSession", "STS:assume*"], "sts:TagSession"]))
    made = {
        "Effect": effect,
        "Action": action,
        naming: draw(PARTIES),
        "Condition": draw(LIKELY | st.just({}) | CONDITIONS),
    }
    if draw(st.integers(0, 9)) == 0:
        made["Resource"] = draw(st.sampled_from(["*", DEPLOY, "arn:aws:iam::*:role/app/${aws:username}"]))
    return {key: value for key, value in made.items() if value}


def document(*statements: Any) -> dict[str, Any]:
    return decode({"Version": "2012-10-17", "Statement": list(statements)})


TRUSTS = st.lists(trust_statements(), min_size=1, max_size=3).map(lambda it: document(*it))
IDENTITY = st.sampled_from(
    [
        document({"Effect": "Allow", "Action": "*", "Resource": "*"}),
        document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": DEPLOY}),
        document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}),
        document(
            {"Effect": "Allow", "Action": "sts:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "sts:*", "Resource": BUILD},
        ),
        document(
            {
                "Effect": "Allow",
                "Action": "sts:*",
                "Resource": "*",
                "Condition": {"Null": {"iam:PassedToService": True}},
            }
        ),
    ]
).map(lambda it: Held(name="p", document=it))
KNOWN = st.fixed_dictionaries(
    {},
    optional={
        "aws:principaltag/team": st.sampled_from([(), ("red",), ("r",), ("blue", "red")]),
        "aws:multifactorauthpresent": st.sampled_from([(), ("true",)]),
        "aws:username": st.sampled_from([(), ("ed",)]),
    },
)
PERSON = st.tuples(st.sampled_from([ANA, BOB, DEPLOY, BUILD]), IDENTITY, st.none() | IDENTITY, KNOWN)
PEOPLE = st.lists(PERSON, min_size=1, max_size=3)


def role(arn: str, trust: Any, **fields: Any) -> Principal:
    name = arn.rpartition("/")[2]
    return Principal(
        resource=arn,
        uid=name,
        kind="Role",
        name=name,
        created=ago(400),
        path="/app/",
        documents=(),
        trust=trust,
        **fields,
    )


def trusting(*roles: Principal) -> Trusting:
    trusts = {it.resource: Held(name="trust policy", document=it.trust) for it in roles}
    by_arn = {arn: Standing(arn=arn, known=AROUND) for arn in trusts}
    land = Landscape(Seen(principals=roles, groups=(), policies=()), Standings(by_arn=by_arn, trusts=trusts))
    return Trusting(land, Powers(Compiled(["sts:AssumeRole"])))


@settings(max_examples=600, deadline=None)
@given(TRUSTS, TRUSTS, PEOPLE, st.none() | IDENTITY)
def test_roles_that_can_be_assumed_are_those_of_which_it_is_decided(
    one: Any, other: Any, people: list[tuple[str, Held, Held | None, Any]], level: Held | None
) -> None:
    roles = (role(BUILD, one, tags={"team": "red"}), role(DEPLOY, other, tags=None))
    asked = trusting(*roles)
    land = asked.land
    for arn, identity, boundary, known in people:
        standing = Standing(
            arn=arn,
            identity=(identity,),
            boundary=boundary,
            service_control=((level,),) if level else (),
            known={**AROUND, "aws:principalarn": (arn,), **known},
        )
        found = set(members(asked.assumable(standing)))
        for at, target in enumerate(land.principals.arns):
            request = Request(action="sts:AssumeRole", resource=target, known=land.principals.facts[at])
            expected = decide(standing, request, land.standings.trusts[target])
            assert (at in found) is expected.allowed, (standing.arn, target)


SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/session"
TAGGED = {"StringLike": {"aws:PrincipalTag/team": ["blue", "re*"]}}
NOTHING = document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})


def said(whom: Any, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "sts:AssumeRole", "Principal": {"AWS": whom}, **more}


def of_deploy(*statements: Any, team: str = "red", boundary: Any = NOTHING) -> bool:
    """Whether the role deploy, whose policies allow nothing of that, can assume the role build of that trust."""
    known = {"aws:principalarn": (DEPLOY,), "aws:principaltag/team": (team,)}
    bound = Held(name="b", document=boundary)
    standing = Standing(arn=DEPLOY, identity=(Held(name="p", document=NOTHING),), boundary=bound, known=known)
    return bool(trusting(role(BUILD, document(*statements))).assumable(standing))


def test_a_session_that_is_named_may_be_the_role_s_and_is_not_for_certain() -> None:
    assert of_deploy(said(SESSION))
    assert of_deploy(said("*"), said(SESSION, "Deny"))
    assert not of_deploy(said("*"), said(DEPLOY, "Deny"))


def test_a_boundary_limits_a_role_by_being_silent_unless_more_than_the_role_is_named() -> None:
    assert of_deploy(said("*"))
    assert not of_deploy(said(DEPLOY))
    assert not of_deploy(said(ACCOUNT))


def test_what_a_value_begins_with_finds_the_trusts_that_demand_it() -> None:
    assert of_deploy(said("*", Condition=TAGGED))
    assert of_deploy(said("*", Condition=TAGGED), team="blue")
    assert not of_deploy(said("*", Condition=TAGGED), team="r")
    assert not of_deploy(said("*"), said("*", "Deny", Condition=TAGGED))


def assumed_by_each(size: int) -> None:
    """As many principals as trusts that ask for MFA, and as trusts that ask for one of them."""
    demands: list[Any] = [{"Bool": {"aws:MultiFactorAuthPresent": "true"}}] * size
    demands += [{"ArnLike": {"aws:PrincipalArn": f"{ANA}{at}-*"}} for at in range(size)]
    roles = [role(f"{BUILD}{at}", document(said(ACCOUNT, Condition=it))) for at, it in enumerate(demands)]
    asked = trusting(*roles)
    everything = Held(name="p", document=document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    arns = [f"{ANA}{at}-x" for at in range(size)]
    people = [Standing(arn=it, identity=(everything,), known={"aws:principalarn": (it,)}) for it in arns]
    assert {asked.assumable(it).bit_count() for it in people} == {size + 1}


def test_trusts_that_ask_about_the_principal_are_judged_once_and_not_for_each_of_them() -> None:
    assert lines(lambda: assumed_by_each(400)) < 2.2 * lines(lambda: assumed_by_each(200))
