"""The search's answers are those of one decision after the other."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.policy.access import Held, Request, Standing, decide
from auditor.policy.document import decode
from auditor.policy.powers import Compiled, Powers
from auditor.policy.universe import Universe, members

ACCOUNT = "111122223333"
ANA = f"arn:aws:iam::{ACCOUNT}:user/ana"
DEPLOY = f"arn:aws:iam::{ACCOUNT}:role/app/deploy"
TARGETS = (ANA, f"arn:aws:iam::{ACCOUNT}:user/bob", DEPLOY, f"arn:aws:iam::{ACCOUNT}:role/app/build")
ACTIONS = ("iam:passrole", "iam:putuserpolicy", "sts:assumerole")
AROUND = {"aws:principalorgid": ("o-1",), "aws:viaawsservice": ("false",)}
FACTS = [{"iam:resourcetag/": (), "iam:resourcetag/team": (team,)} for team in ("red", "blue", "red", "blue")]

PATTERNS = st.lists(
    st.sampled_from(
        [
            *("*", "arn:aws:iam::*", ANA, DEPLOY),
            *(f"arn:aws:iam::{ACCOUNT}:role/app/*", f"arn:aws:iam::{ACCOUNT}:u???/*"),
            *(f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}", "arn:aws:iam::*:*/${aws:PrincipalTag/team, 'ana'}"),
        ]
    ),
    min_size=1,
    max_size=3,
)
CONDITIONS = st.dictionaries(
    st.sampled_from(["StringEquals", "StringLikeIfExists", "StringNotEquals", "ForAllValues:StringLike"]),
    st.dictionaries(
        st.sampled_from(
            ["aws:PrincipalArn", "aws:PrincipalOrgID", "aws:SourceVpc", "iam:ResourceTag/team", "iam:PassedToService"]
        ),
        st.lists(st.sampled_from([ANA, "o-1", "red", "lambda.amazonaws.com", "*"]), min_size=1, max_size=2),
        min_size=1,
        max_size=2,
    ),
    max_size=2,
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    effect = draw(st.sampled_from(["Allow", "Allow", "Deny"]))
    action = draw(st.sampled_from(["Action", "Action", "NotAction"]))
    on = draw(st.sampled_from(["Resource", "Resource", "NotResource"]))
    named = draw(
        st.lists(st.sampled_from(["*", "iam:*", "IAM:Pass?ole", "sts:Assume*", "s3:*"]), min_size=1, max_size=2)
    )
    made = {"Effect": effect, action: named, on: draw(PATTERNS), "Condition": draw(CONDITIONS)}
    return {key: value for key, value in made.items() if value}


DOCUMENTS = st.lists(statements(), min_size=1, max_size=3).map(
    lambda them: decode({"Version": "2012-10-17", "Statement": them})
)
LAYERS = st.lists(DOCUMENTS.map(lambda it: Held(name="p", document=it)), min_size=1, max_size=2).map(tuple)
STANDINGS = st.builds(
    Standing,
    arn=st.sampled_from([ANA, DEPLOY]),
    identity=LAYERS,
    boundary=st.none() | DOCUMENTS.map(lambda it: Held(name="b", document=it)),
    service_control=st.lists(LAYERS, max_size=2).map(tuple),
    known=st.sampled_from(
        [
            {**AROUND, "aws:username": ("ana",), "aws:principalarn": (ANA,), "aws:principaltag/": ()},
            {**AROUND, "aws:principalarn": (DEPLOY,), "aws:principaltag/team": ("red",)},
        ]
    ),
)


@settings(max_examples=300, deadline=None)
@given(STANDINGS, st.sampled_from(ACTIONS), st.sampled_from([(), ("lambda.amazonaws.com",)]))
def test_a_set_of_targets_is_what_is_decided_for_each(
    standing: Standing, action: str, service: tuple[str, ...]
) -> None:
    among = Universe(TARGETS, FACTS)
    powers = Powers(Compiled(ACTIONS), AROUND)
    request = {"iam:passedtoservice": service if action == "iam:passrole" else ()}
    found = set(members(powers.on(standing, action, among, request)))
    # Within the account, the trust policy of a role that leaves it to identity policies.
    trust = Held(name="t", document=decode(_trust()))
    for at, target in enumerate(TARGETS):
        asked = Request(action=action, resource=target, known={**FACTS[at], **request})
        expected = decide(standing, asked, trust if action == "sts:assumerole" else None)
        assert (at in found) is expected.allowed, target


def _trust() -> dict[str, Any]:
    account = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": account}],
    }


def _standing(*statements: dict[str, Any]) -> Standing:
    document = decode({"Version": "2012-10-17", "Statement": list(statements)})
    return Standing(arn=ANA, identity=(Held(name="p", document=document),), known=AROUND)


def _anywhere(standing: Standing, *actions: str) -> bool:
    return Powers(Compiled(actions), AROUND).anywhere(standing, actions, {})


def test_two_actions_on_one_new_resource_need_one_that_both_allow() -> None:
    def functions(create: str, invoke: str) -> Standing:
        on = "arn:aws:lambda:*:*:function:{}"
        pair = (("lambda:CreateFunction", create), ("lambda:InvokeFunction", invoke))
        return _standing(*({"Effect": "Allow", "Action": it, "Resource": on.format(name)} for it, name in pair))

    both = ("lambda:createfunction", "lambda:invokefunction")
    assert _anywhere(functions("dev-*", "dev-*"), *both)
    assert _anywhere(functions("dev-*", "*"), *both)
    assert not _anywhere(functions("dev-*", "live-*"), *both)


def test_a_denial_of_every_resource_leaves_none() -> None:
    allow = {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "lambda:CreateFunction", "Resource": "arn:aws:lambda:*:*:function:*"}
    assert _anywhere(_standing(allow), "lambda:createfunction")
    assert not _anywhere(_standing(allow, deny), "lambda:createfunction")
    assert _anywhere(
        _standing(allow, {**deny, "Resource": "arn:aws:lambda:*:*:function:live"}), "lambda:createfunction"
    )


def test_an_action_without_resources_is_granted_on_everything_only() -> None:
    some = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "arn:aws:cloudformation:*:*:stack/x/*"}
    assert not _anywhere(_standing(some), "cloudformation:validatetemplate")
    assert _anywhere(_standing({**some, "Resource": "*"}), "cloudformation:validatetemplate")


def test_a_pattern_of_another_type_of_resource_is_no_resource_of_the_action() -> None:
    layers = {"Effect": "Allow", "Action": "lambda:*", "Resource": "arn:aws:lambda:*:*:layer:*"}
    assert not _anywhere(_standing(layers), "lambda:createfunction")


def test_what_was_not_tried_is_not_denied() -> None:
    """More resources than are tried: it is not known that the denials leave none."""
    names = [f"arn:aws:s3:::bucket-{at}/x" for at in range(1000)]
    allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": names}
    denied = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": names[:-1]}
    few = decide(_standing({**allowed, "Resource": names[:9]}, denied), Request(action="s3:GetObject"))
    many = decide(_standing(allowed, denied), Request(action="s3:GetObject"))
    assert not few.allowed
    assert many.allowed
    assert many.conditions == ("one of more than 256 resources that its policies name",)
