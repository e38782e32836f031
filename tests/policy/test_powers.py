"""The search's answers are those of one decision after the other."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.policy.access import Held, Request, Standing, decide
from auditor.policy.document import decode
from auditor.policy.match import matches, overlap, whole
from auditor.policy.powers import Compiled, Powers
from auditor.policy.samples import meet
from auditor.policy.universe import Universe, members
from tests.work import lines

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
    powers = Powers(Compiled(ACTIONS))
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


def _held(*statements: dict[str, Any]) -> Held:
    return Held(name="p", document=decode({"Version": "2012-10-17", "Statement": list(statements)}))


def _standing(*statements: dict[str, Any]) -> Standing:
    return Standing(arn=ANA, identity=(_held(*statements),), known=AROUND)


def _anywhere(standing: Standing, *actions: str) -> bool:
    return Powers(Compiled(actions)).anywhere(standing, actions, {})


def test_two_actions_on_one_new_resource_need_one_that_both_allow() -> None:
    def functions(create: str, invoke: str) -> Standing:
        on = "arn:aws:lambda:*:*:function:{}"
        pair = (("lambda:CreateFunction", create), ("lambda:InvokeFunction", invoke))
        return _standing(*({"Effect": "Allow", "Action": it, "Resource": on.format(name)} for it, name in pair))

    both = ("lambda:createfunction", "lambda:invokefunction")
    assert _anywhere(functions("dev-*", "dev-*"), *both)
    assert _anywhere(functions("dev-*", "*"), *both)
    assert not _anywhere(functions("dev-*", "live-*"), *both)


def _of(action: str, *resources: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": [FUNCTION.format(it) for it in resources], **more}


FUNCTION = "arn:aws:lambda:*:*:function:{}"
CREATE, INVOKE = "lambda:CreateFunction", "lambda:InvokeFunction"
BOTH = (CREATE.lower(), INVOKE.lower())


def test_patterns_that_overlap_without_one_holding_the_other_are_met_where_they_do() -> None:
    assert _anywhere(_standing(_of(CREATE, "dev-*"), _of(INVOKE, "*-live")), *BOTH)
    assert _anywhere(_standing(_of(CREATE, "a*b*c"), _of(INVOKE, "*bb*")), *BOTH)
    assert not _anywhere(_standing(_of(CREATE, "dev-*"), _of(INVOKE, "live*-live")), *BOTH)
    three = replace(_standing(_of(CREATE, "dev-*"), _of(INVOKE, "*-live")), boundary=_held(_of("lambda:*", "*api*")))
    assert _anywhere(three, *BOTH)


def test_what_is_too_much_to_try_is_reported() -> None:
    many = [f"{at}-*" for at in range(300)]
    ends = [f"*-{at}" for at in range(300)]
    assert _anywhere(_standing(_of(CREATE, *many), _of(INVOKE, "299-x")), *BOTH)
    assert _anywhere(_standing(_of(CREATE, *many), _of(INVOKE, *ends)), *BOTH)
    assert not _anywhere(_standing(_of(CREATE, *many), _of(INVOKE, "x")), *BOTH)
    denied = {"Effect": "Deny", "Action": CREATE, "Resource": FUNCTION.format("*")}
    assert not _anywhere(_standing(_of(CREATE, *many), _of(INVOKE, *ends), denied), *BOTH)
    assert _anywhere(_standing(_of(CREATE, "?dev-*"), _of(INVOKE, "a*?-live")), *BOTH)


def test_names_that_both_lists_have_are_found_however_many_there_are() -> None:
    names = [f"f{at}" for at in range(1000)]
    assert _anywhere(_standing(_of(CREATE, *names), _of(INVOKE, "none", names[-1])), *BOTH)
    assert not _anywhere(_standing(_of(CREATE, *names), _of(INVOKE, *(f"{it}-x" for it in names))), *BOTH)


def test_a_denial_of_all_but_some_leaves_these() -> None:
    everything = {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "lambda:*", "NotResource": FUNCTION.format("dev-*")}
    assert _anywhere(_standing(everything, deny), *BOTH)
    assert _anywhere(replace(_standing(everything), service_control=((_held(everything, deny),),)), *BOTH)
    assert not _anywhere(_standing(_of("lambda:*", "live"), deny), *BOTH)
    assert not _anywhere(_standing(everything, deny, {**deny, "NotResource": FUNCTION.format("live-*")}), *BOTH)


@given(st.lists(st.text("ab*", min_size=1, max_size=4), min_size=1, max_size=3).map(tuple), st.text("ab*", min_size=1))
def test_what_patterns_have_in_common_is_admitted_by_both_and_there_if_they_overlap(
    ones: tuple[str, ...], other: str
) -> None:
    for one in ones:
        both = meet(one, other)
        assert (both is not None) is overlap(one, other) or not both
        assert both is None or (matches(whole(one), both) and matches(whole(other), both))


@given(st.lists(st.sampled_from(["red", "blue", "r*d", "*", "${aws:PrincipalTag/team}"]), min_size=1, max_size=2))
def test_tags_of_targets_are_met_by_a_look_at_the_few_that_have_them(values: list[str]) -> None:
    facts: list[Any] = [{"aws:resourcetag/": (), "aws:resourcetag/team": (it,)} for it in ("red", "blue", "*")]
    among = Universe(TARGETS, [*facts, {}])
    for effect, operator in product(("Allow", "Deny"), ("StringEquals", "StringLike", "ForAnyValue:StringEquals")):
        said = {"Effect": effect, "Action": "iam:*", "Resource": "*"}
        asks = {**said, "Condition": {operator: {"aws:ResourceTag/team": values}}}
        for team in (("red",), ("*",), (), ("red", "blue"), None):
            known = AROUND if team is None else {**AROUND, "aws:principaltag/team": team}
            standing = replace(_standing({**said, "Effect": "Allow"}) if effect == "Deny" else _standing(), known=known)
            standing = replace(standing, identity=(*standing.identity, _held(asks)))
            found = set(members(Powers(Compiled(ACTIONS)).on(standing, "iam:putuserpolicy", among, {})))
            each = enumerate(zip(TARGETS, among.facts, strict=True))
            asked = ((at, Request(action="iam:PutUserPolicy", resource=arn, known=known)) for at, (arn, known) in each)
            assert found == {at for at, it in asked if decide(standing, it).allowed}


def each_reaches_its_own(size: int) -> None:
    """As many teams as there are roles with the tag of a team."""
    arns = [f"arn:aws:iam::{ACCOUNT}:role/r{at}" for at in range(size)]
    among = Universe(arns, [{"aws:resourcetag/": (), "aws:resourcetag/team": (f"t{at}",)} for at in range(size)])
    own = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    standing = _standing({"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": own})
    powers = Powers(Compiled(ACTIONS))
    for at in range(size):
        mine = replace(standing, known={**AROUND, "aws:principaltag/team": (f"t{at}",)})
        assert powers.on(mine, "iam:passrole", among, {}) == 1 << at


def test_teams_that_each_reach_their_own_are_told_apart_without_a_look_at_all_the_others() -> None:
    assert lines(lambda: each_reaches_its_own(400)) < 2.2 * lines(lambda: each_reaches_its_own(200))


@pytest.mark.parametrize(("partition", "region"), [("aws", "us-east-1"), ("aws-cn", "cn-north-1")])
def test_requests_to_iam_are_made_to_the_one_region_where_it_is(partition: str, region: str) -> None:
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": region}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": elsewhere}
    at_home = {**deny, "Condition": {"StringEquals": {"aws:RequestedRegion": region}}}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for denied, allowed in ((deny, True), (at_home, False)):
        standing = replace(_standing(allow, denied), arn=ANA.replace("arn:aws:", f"arn:{partition}:"))
        target = standing.arn.replace("ana", "bob")
        decision = decide(standing, Request(action="iam:PutUserPolicy", resource=target))
        assert (decision.allowed, decision.conditions) == (allowed, ())
        powers = Powers(Compiled([*ACTIONS, CREATE]))
        assert bool(powers.on(standing, "iam:putuserpolicy", Universe([target]), {})) is allowed
        assert powers.anywhere(standing, ("iam:putuserpolicy",), {}) is allowed
        assert decide(standing, Request(action=CREATE)).conditions == ("unless aws:RequestedRegion",)
        assert powers.anywhere(standing, (CREATE.lower(),), {})


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
