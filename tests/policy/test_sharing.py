from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auditor.policy.callers import Zone
from auditor.policy.conditions import Known, judge
from auditor.policy.document import MalformedPolicyError, Statement, decode, statements
from auditor.policy.sharing import Entry, Who, sharing

OURS, THEIRS, PARTNER = "111122223333", "444455556666", "777788889999"
ZONE = Zone(account=OURS, organization="o-ours123456", known=frozenset({PARTNER}))
GET = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::ledger/*"}
DENY = {**GET, "Effect": "Deny", "Action": "s3:*", "Resource": "*"}


def entries(*said: dict[str, Any], zone: Zone = ZONE, **elements: Any) -> list[Entry]:
    return list(sharing({"Version": "2012-10-17", "Statement": [*said] or [{**GET, **elements}]}, zone))


def shared(*said: dict[str, Any], **elements: Any) -> list[tuple[str, str]]:
    return [(it.who.value, it.party.value) for it in entries(*said, **elements)]


def if_(operator: str, **keys: Any) -> dict[str, Any]:
    return {operator: {f"aws:{key}": value for key, value in keys.items()}}


@pytest.mark.parametrize(
    ("principal", "who"),
    [
        ("*", "public"),
        ({"AWS": "*"}, "public"),
        ({"Service": "*"}, "public"),
        ({"AWS": THEIRS}, "account"),
        ({"AWS": f"arn:aws:iam::{THEIRS}:role/a"}, "account"),
        ({"AWS": f"arn:aws:sts::{THEIRS}:assumed-role/a/b"}, "account"),
        ({"AWS": PARTNER}, "known"),
        ({"AWS": f"arn:aws:iam::{OURS}:root"}, "own"),
        ({"AWS": "AROA1EXAMPLEEXAMPLE12"}, "nobody"),
        ({"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}, "service"),
        ({"CanonicalUser": "79a59df900b949e5"}, "account"),
        ({"Service": "cloudtrail.amazonaws.com"}, "service"),
        ({"Federated": "accounts.google.com"}, "federated"),
    ],
)
def test_party_is_who_it_is_to_the_account(principal: Any, who: str) -> None:
    assert [kind for kind, _ in shared(Principal=principal)] == [who]


@pytest.mark.parametrize(
    "condition",
    [
        if_("StringLike", PrincipalOrgID="*"),
        if_("StringLike", PrincipalAccount="????????????"),
        if_("StringEqualsIfExists", PrincipalOrgID="o-ours123456"),
        if_("StringEqualsIfExists", SourceAccount=OURS),
        if_("ArnLikeIfExists", SourceArn=f"arn:aws:sns:*:{OURS}:*"),
        if_("ForAllValues:StringEquals", PrincipalOrgPaths="o-ours123456/r-1/"),
        if_("StringNotEquals", PrincipalOrgID="o-ours123456"),
        if_("StringNotEquals", PrincipalAccount=[OURS, THEIRS]),
        if_("Null", PrincipalOrgID="true"),
        if_("Null", PrincipalOrgID="false"),
        if_("Null", SourceAccount="true"),
        if_("ArnLike", PrincipalArn="arn:aws:iam::*:role/*"),
        if_("Bool", PrincipalIsAWSService="true"),
        if_("IpAddress", SourceIp=["0.0.0.0/0", "::/0"]),
        if_("NotIpAddress", SourceIp="203.0.113.0/24"),
        if_("StringEquals", PrincipalAccount="${aws:PrincipalAccount}"),
    ],
)
def test_condition_that_others_meet_too_is_none(condition: dict[str, Any]) -> None:
    (entry,) = entries(Condition=condition)
    assert (entry.who, entry.conditions) == (Who.PUBLIC, ())


@pytest.mark.parametrize(
    "condition",
    [
        if_("IpAddress", SourceIp="203.0.113.0/24"),
        if_("StringEquals", SourceVpce="vpce-1"),
        if_("StringLike", PrincipalAccount="4444*"),
        if_("ArnLike", PrincipalArn="arn:aws:iam::*:role/deploy"),
        if_("ArnLike", SourceArn="arn:aws:s3:*:*:*"),
        if_("StringEquals", Referer="secret"),
        if_("Strange", Referer="secret"),
    ],
)
def test_condition_that_a_stranger_can_meet_is_told(condition: dict[str, Any]) -> None:
    (entry,) = entries(Condition=condition)
    assert (entry.who, entry.proviso) == (Who.PUBLIC, f" if {next(iter(*condition.values()))} is met")


@pytest.mark.parametrize(
    ("condition", "those"),
    [
        (if_("StringEquals", PrincipalAccount=[THEIRS, OURS]), [("account", THEIRS), ("own", OURS)]),
        (if_("StringEquals", SourceOwner=OURS), [("own", OURS)]),
        ({"StringEquals": {"kms:CallerAccount": OURS}}, [("own", OURS)]),
        (if_("StringEquals", SourceAccount=THEIRS), [("account", THEIRS)]),
        (
            if_("ArnLike", SourceArn=f"arn:aws:sns:*:{THEIRS}:topic"),
            [("account", f"arn:aws:sns:*:{THEIRS}:topic")],
        ),
        (if_("StringEquals", PrincipalOrgID="o-ours123456"), [("known", "o-ours123456")]),
        (if_("StringEquals", PrincipalOrgID="o-theirs"), [("organization", "o-theirs")]),
        (if_("StringEquals", SourceOrgID="o-theirs"), [("organization", "o-theirs")]),
        (if_("ForAnyValue:StringLike", PrincipalOrgPaths="o-theirs/r-1/*"), [("organization", "o-theirs")]),
        (if_("StringEquals", PrincipalOrgID="o-theirs", PrincipalAccount=THEIRS), [("account", THEIRS)]),
        (if_("StringEquals", PrincipalServiceName="a.amazonaws.com"), [("service", "a.amazonaws.com")]),
        (if_("StringLike", userid="AROA1EXAMPLEEXAMPLE12:*"), [("nobody", "AROA1EXAMPLEEXAMPLE12")]),
        (if_("StringEquals", PrincipalOrgID="${aws:ResourceOrgID}"), [("known", "o-ours123456")]),
        (if_("StringEquals", PrincipalAccount="${aws:ResourceAccount}"), [("own", OURS)]),
        # Nobody: no such organization, no such account, no such value.
        (if_("StringEquals", PrincipalOrgID="o-*"), []),
        (if_("StringEquals", PrincipalAccount="*"), []),
        ({**if_("StringEquals", PrincipalAccount=THEIRS), **if_("Null", PrincipalAccount="true")}, []),
        ({**if_("StringEquals", PrincipalAccount=THEIRS), **if_("StringNotEquals", PrincipalAccount=THEIRS)}, []),
        (if_("StringEquals", PrincipalAccount=[]), []),
        (if_("ArnLike", SourceArn="arn:aws:s3:::ledger"), []),
    ],
)
def test_everybody_that_a_condition_narrows_is_those_whom_it_names(
    condition: dict[str, Any], those: list[tuple[str, str]]
) -> None:
    assert shared(Condition=condition) == those


@pytest.mark.parametrize(
    ("denial", "those"),
    [
        ({**DENY}, []),
        ({**DENY, "Principal": {"AWS": THEIRS}}, [("public", "*")]),
        ({**DENY, "Action": "s3:PutObject"}, [("public", "*")]),
        ({**DENY, "Resource": "arn:aws:s3:::ledger/secret/*"}, [("public", "*")]),
        ({**DENY, "Condition": if_("StringNotEquals", PrincipalOrgID="o-theirs")}, [("organization", "o-theirs")]),
        ({**DENY, "Condition": if_("StringNotEqualsIfExists", PrincipalAccount=OURS)}, [("own", OURS)]),
        # A wildcard is none where texts have to be the same: it spares nobody.
        ({**DENY, "Condition": if_("StringNotEquals", PrincipalAccount="1*")}, []),
        ({**DENY, "Condition": if_("StringNotLike", PrincipalAccount="1*")}, [("public", "*")]),
        ({**DENY, "Condition": if_("Bool", SecureTransport="false")}, [("public", "*")]),
        ({**DENY, "Condition": if_("NotIpAddress", SourceIp="203.0.113.0/24")}, [("public", "*")]),
        ({**DENY, "Condition": if_("ArnNotLike", PrincipalArn="arn:aws:iam::*:role/a")}, [("public", "*")]),
        (
            {
                **DENY,
                "Condition": {
                    **if_("StringNotEquals", PrincipalAccount=OURS),
                    **if_("BoolIfExists", PrincipalIsAWSService="false"),
                },
            },
            [("public", "*")],
        ),
    ],
)
def test_denial_takes_from_those_whom_it_is_certainly_about(
    denial: dict[str, Any], those: list[tuple[str, str]]
) -> None:
    assert shared(GET, denial) == those


def test_denial_of_an_accounts_roles_leaves_its_users() -> None:
    admitted = {**GET, "Principal": {"AWS": THEIRS}}
    roles, every = ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{THEIRS}:{it}"}} for it in ("role/*", "*"))
    assert shared(admitted, {**DENY, "Condition": roles}) == [("account", THEIRS)]
    assert shared(admitted, {**DENY, "Condition": every}) == []


def test_denial_of_everybody_but_some_leaves_those() -> None:
    spared = {**{key: DENY[key] for key in ("Effect", "Action", "Resource")}, "NotPrincipal": {"AWS": [THEIRS, OURS]}}
    assert shared(GET, spared) == [("account", THEIRS), ("own", OURS)]


def test_allowing_everybody_but_some_is_public() -> None:
    (entry,) = entries({"Effect": "Allow", "NotPrincipal": {"AWS": THEIRS}, "Action": "*", "Resource": "*"})
    assert entry.who is Who.PUBLIC


def test_party_is_told_whatever_else_is_demanded_of_it() -> None:
    (entry,) = entries(Principal={"AWS": THEIRS}, Condition=if_("Bool", MultiFactorAuthPresent="true"))
    assert entry.conditions == ("aws:MultiFactorAuthPresent",)


@pytest.mark.parametrize(
    "condition",
    [
        if_("StringEquals", PrincipalAccount=PARTNER),
        if_("ArnLike", PrincipalArn=f"arn:aws:iam::{PARTNER}:*"),
        if_("StringNotLike", PrincipalArn=f"arn:aws:iam::{THEIRS}:role/a"),
    ],
)
def test_party_that_cannot_meet_the_conditions_is_not_admitted(condition: dict[str, Any]) -> None:
    assert shared(Principal={"AWS": f"arn:aws:iam::{THEIRS}:role/a"}, Condition=condition) == []


def test_actions_that_a_denial_takes_are_not_shared() -> None:
    both = {**GET, "Action": ["s3:GetObject", "s3:PutObject"]}
    assert [it.actions for it in entries(both, {**DENY, "Action": "s3:Put*"})] == [("s3:GetObject",)]
    excluding = {key: it for key, it in {**GET, "NotAction": "s3:Get*"}.items() if key != "Action"}
    assert [it.actions for it in entries(excluding)] == [("*",)]


def test_each_statement_is_judged_by_itself() -> None:
    narrowed = {**GET, "Condition": if_("StringEquals", PrincipalAccount=THEIRS)}
    other = {**GET, "Condition": if_("StringEquals", PrincipalAccount=PARTNER)}
    assert shared(narrowed, other) == [("account", THEIRS), ("known", PARTNER)]


def test_everybody_without_credentials_comes_in_where_none_are_needed() -> None:
    lacking = if_("Null", PrincipalAccount="true", SourceAccount="true")
    assert shared(Condition=lacking) == [("public", "*")]
    assert shared(Condition=lacking, Action="sts:AssumeRole") == []
    assert shared(Condition=lacking, Action="sts:AssumeRoleWithSAML") == [("public", "*")]


def test_malformed_policy_is_no_silence() -> None:
    with pytest.raises(MalformedPolicyError):
        list(sharing({"Statement": [GET, {"Effect": "Perhaps"}]}, ZONE))


# Whoever gets in is told, whatever the policy: by callers of whom everything is known.

ORGANIZATIONS = {OURS: "o-ours123456", THEIRS: "o-theirs", PARTNER: "", "999900001111": "o-others"}


def signed(account: str, organization: str, name: str, address: str = "203.0.113.7") -> dict[str, tuple[str, ...]]:
    return {
        "aws:principalaccount": (account,),
        "aws:principalarn": (f"arn:aws:iam::{account}:{name}",),
        "aws:principalorgid": (organization,) if organization else (),
        "aws:principalorgpaths": (f"{organization}/r-1/ou-1/",) if organization else (),
        "aws:sourceaccount": (),
        "aws:sourceip": (address,),
    }


CALLERS = tuple(
    signed(account, organization, name)
    for account, organization in ORGANIZATIONS.items()
    for name in ("role/deploy", "user/ana")
)
NO_SOURCE_AND_ONE: tuple[tuple[str, ...], ...] = ((), ("999900001112",))
STRANGERS: tuple[dict[str, tuple[str, ...]], ...] = (
    *(
        {**signed("999900001112", organization, name, address), "aws:principalorgpaths": path}
        for organization in ("o-strangers", "")
        for path in (((f"{organization}/r-1/ou-1/",), (f"{organization}/r-2/",)) if organization else ((),))
        for name in ("role/deploy", "user/ana")
        for address in ("203.0.113.7", "192.0.2.1")
    ),
    *(
        {**dict.fromkeys(signed("", "", ""), ()), "aws:sourceaccount": source, "aws:sourceip": (address,)}
        for source in NO_SOURCE_AND_ONE
        for address in ("203.0.113.7", "192.0.2.1")
    ),
)
KEYS = {
    "aws:PrincipalAccount": (*ORGANIZATIONS, "*", "4444*", "????????????", "${aws:ResourceAccount}"),
    "aws:PrincipalOrgID": ("o-ours123456", "o-theirs", "o-*", "${aws:ResourceOrgID}"),
    "aws:PrincipalOrgPaths": ("o-theirs/*", "o-*/r-1/*", "o-theirs/r-1/ou-1/"),
    "aws:PrincipalArn": (f"arn:aws:iam::{THEIRS}:role/*", "arn:aws:iam::*:role/deploy", "*"),
    "aws:SourceAccount": (OURS, "*"),
    "aws:SourceIp": ("203.0.113.0/24", "0.0.0.0/0", "198.51.100.0/24"),
}
OPERATORS = [
    f"{quantifier}{operator}{suffix}"
    for operator in ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "ArnLike", "ArnNotLike")
    for quantifier, suffix in (("", ""), ("", "IfExists"), ("ForAnyValue:", ""), ("ForAllValues:", ""))
]
PARTIES = st.sampled_from(
    [{"AWS": "*"}, {"AWS": THEIRS}, {"AWS": f"arn:aws:iam::{THEIRS}:role/deploy"}, {"AWS": [OURS, PARTNER]}]
)


@st.composite
def clauses(draw: st.DrawFn) -> dict[str, Any]:
    key = draw(st.sampled_from(sorted(KEYS)))
    if draw(st.integers(0, 7)) == 0:
        return {"Null": {key: draw(st.sampled_from(["true", "false"]))}}
    addresses = ["IpAddress", "NotIpAddress", "IpAddressIfExists"]
    operator = draw(st.sampled_from(addresses if key == "aws:SourceIp" else OPERATORS))
    return {operator: {key: draw(st.lists(st.sampled_from(KEYS[key]), min_size=1, max_size=2))}}


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    said = []
    for effect in draw(st.lists(st.sampled_from(["Allow", "Allow", "Deny"]), min_size=1, max_size=3)):
        condition: dict[str, Any] = {}
        for clause in draw(st.lists(clauses(), max_size=2)):
            condition |= clause
        parties = {draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"])): draw(PARTIES)}
        said.append({"Effect": effect, **parties, "Action": "s3:GetObject", "Resource": "*", "Condition": condition})
    return {"Version": "2012-10-17", "Statement": said}


def about(statement: Statement, who: Known) -> bool:
    """Whether a statement speaks of the caller: by the account, or by the ARN."""
    names = ("*", *who["aws:principalaccount"], *who["aws:principalarn"])
    named = [it.value in names for it in statement.parties or statement.not_parties or ()]
    return any(named) if statement.parties is not None else not any(named)


def gets_in(policy: dict[str, Any], who: Known) -> bool:
    known = {**who, "aws:resourceaccount": (OURS,), "aws:resourceorgid": (ORGANIZATIONS[OURS],)}
    met = [it.allow for it in statements(decode(policy)) if about(it, who) and judge(it.clauses, known, variables=True)]
    return bool(met) and all(met)


def tells(entry: Entry, who: Known) -> bool:
    (account,) = who["aws:principalaccount"]
    organization = (entry.party.value,) == who["aws:principalorgid"]
    return entry.who is Who.PUBLIC or entry.account == account or organization


@given(policies(), st.sampled_from(CALLERS))
def test_whoever_gets_in_is_told(policy: dict[str, Any], who: Known) -> None:
    assume(gets_in(policy, who))
    assert any(tells(it, who) for it in sharing(policy, ZONE))


@given(policies())
def test_everybody_is_told_only_where_a_stranger_gets_in(policy: dict[str, Any]) -> None:
    """What a caller chooses for a denial may not suit the Allow: that is not weighed, so denials are left out."""
    policy = {**policy, "Statement": [it for it in policy["Statement"] if it["Effect"] == "Allow"]}
    everybody = [it for it in sharing(policy, ZONE) if it.who is Who.PUBLIC and not it.conditions]
    assume(everybody)
    assert any(gets_in(policy, it) for it in STRANGERS)
