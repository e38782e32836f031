from typing import Any

from auditor.checks.managed import (
    managed_user_without_mfa,
    manager_with_stored_credentials,
    missing_manager,
    overreaching_manager,
    self_managing_manager,
    unowned_entity,
    wildcard_in_managed_policy,
)
from auditor.core.case import Case
from auditor.core.check import Limits
from auditor.core.model import Subject
from auditor.core.scopes import Scope, Selector
from auditor.core.subjects.entities import Principal
from auditor.core.subjects.managed import HeldPolicy, Roster
from tests.build import ACCOUNT, ADMINISTRATOR, allowing, arn, policy, principal, role, user

MANAGER = arn("role/shop-manager")
SHOP = Scope(name="shop", manager=MANAGER, selectors=(Selector(paths=("/shop/*",)), Selector(names=("shop-*",))))
TAGGED = Scope(name="till", manager=arn("user/ana"), selectors=(Selector(tags={"team": "till*"}),))
ELSEWHERE = Scope(name="far", manager="arn:aws:iam::999999999999:role/far", selectors=(Selector(names=("far-*",)),))
SCOPES = (SHOP, TAGGED, ELSEWHERE)
OUTSIDE, INSIDE = arn("role/ledger"), arn("role/shop/till")
WITHIN = "StringEquals"


def manager(*documents: Any, **fields: Any) -> Principal:
    return principal(name="shop-manager", documents=documents, **fields)


def till(*documents: Any, **fields: Any) -> Principal:
    return principal("User", "ana", documents=documents, **fields)


def tagged(value: Any, operator: str = WITHIN, key: str = "aws:ResourceTag/team") -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


def document(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def statement(action: Any, resource: Any = "*", effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **elements}


def held(document: Any, holder: str = INSIDE, tags: Any = None, **fields: Any) -> HeldPolicy:
    made = policy(document, attached_to=(holder,), **fields)
    return HeldPolicy(**vars(made), held_by={holder: tags})


def roster(*entities: str, account: str = ACCOUNT) -> Roster:
    return Roster(resource=account, uid="account", entities=frozenset(entities))


BEYOND = "shop-manager manages scope shop and has rights beyond: "
ITSELF = "shop-manager can change its own rights: "
EVERYTHING = statement("iam:*")
KEYED = {"password_enabled": False, "active_keys": 1, "mfa_active": False}

CONDITIONS = (
    tagged(["till", "ledger"]),
    tagged([]),
    tagged("till", "StringEqualsIfExists"),
    tagged("till", "StringNotEquals"),
    tagged("till", key="aws:RequestTag/team"),
    tagged("till", key="aws:ResourceTag/site"),
)
UNKEPT: dict[Subject, str] = {
    till(allowing("iam:*", "*", **condition)): "ana manages scope till and has rights beyond: iam:* on *"
    for condition in CONDITIONS
}
"""Rights with a condition that does not keep them within the scope."""

CASES = (
    Case(
        overreaching_manager,
        scopes=SCOPES,
        fails=UNKEPT
        | {
            manager(ADMINISTRATOR, administrator=True): "shop-manager manages scope shop and is an administrator",
            # A boundary takes the administrator's rights, and what the policies say stays.
            manager(ADMINISTRATOR): f"{BEYOND}* on *",
            manager(allowing("iam:*")): f"{BEYOND}iam:* on *",
            manager(allowing("IAM:Put*", OUTSIDE)): f"{BEYOND}IAM:Put* on {OUTSIDE}",
            manager(allowing("iam:PassRole", [INSIDE, "*"])): f"{BEYOND}iam:PassRole on *",
            manager(allowing("iam:PutRolePolicy", arn("role/*"))): f"{BEYOND}iam:PutRolePolicy on {arn('role/*')}",
            manager(allowing("iam:PutRolePolicy", arn("*/shop/*"))): f"{BEYOND}iam:PutRolePolicy on {arn('*/shop/*')}",
            manager(allowing("iam:CreateRole", arn("role/sho?-x"))): f"{BEYOND}iam:CreateRole on {arn('role/sho?-x')}",
            manager(allowing("*", "arn:aws:s3:::ledger")): f"{BEYOND}* on arn:aws:s3:::ledger",
            manager(allowing(["iam:Tag*", "iam:Add*", "iam:Set*", "iam:Put*"])): (
                f"{BEYOND}iam:Add* on *, iam:Put* on *, iam:Set* on * and 1 more"
            ),
            manager(
                allowing(["iam:Tag*", "iam:Add*", "iam:Put*"])
            ): f"{BEYOND}iam:Add* on *, iam:Put* on *, iam:Tag* on *",
            manager({"Statement": [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}]}): (
                f"{BEYOND}everything but s3:* on *"
            ),
            manager({"Statement": {"Effect": "Allow", "Action": "iam:*", "NotResource": OUTSIDE}}): (
                f"{BEYOND}iam:* on everything but {OUTSIDE}"
            ),
            # A Deny bites only for certain, and only where it is.
            manager(document(EVERYTHING, statement("iam:*", effect="Deny", **tagged("x")))): f"{BEYOND}iam:* on *",
            manager(document(EVERYTHING, statement("iam:Put*", effect="Deny"))): f"{BEYOND}iam:* on *",
            manager(document(EVERYTHING, statement("iam:*", OUTSIDE, "Deny"))): f"{BEYOND}iam:* on *",
            # A scope of tags is kept to by a condition that demands one of its tags, of whatever is changed.
            till(allowing("iam:*", INSIDE)): f"ana manages scope till and has rights beyond: iam:* on {INSIDE}",
        },
        passes=(
            manager(),
            manager(allowing("iam:*", [INSIDE, arn("user/shop/*"), arn("policy/shop-*")])),
            manager(allowing("iam:*", "arn:aws:iam::*:role/shop-*")),
            manager(allowing(["iam:Get*", "iam:List*", "iam:GenerateCredentialReport"])),
            manager(allowing("s3:*")),
            manager(allowing("iam:*", "arn:aws:s3:::ledger")),
            manager({"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}}),
            manager({"Statement": {"Effect": "Allow", "NotAction": "s3:*", "Resource": INSIDE}}),
            manager(document(EVERYTHING, statement("iam:*", effect="Deny"))),
            manager(document(EVERYTHING, {"Effect": "Deny", "Action": "iam:*", "NotResource": arn("role/shop/*")})),
            till(allowing("iam:*", "*", **tagged("till"))),
            till(allowing("iam:*", "*", **tagged(["till", "till-*"], "StringLike", "iam:resourcetag/team"))),
            principal(name="ledger", documents=(ADMINISTRATOR,), administrator=True),
        ),
    ),
    Case(
        self_managing_manager,
        scopes=SCOPES,
        fails={
            manager(allowing("iam:*", MANAGER)): (
                f"{ITSELF}iam:PutRolePolicy, iam:AttachRolePolicy, iam:UpdateAssumeRolePolicy and 4 more"
            ),
            manager(allowing("iam:putrolepolicy", arn("role/shop-*"))): f"{ITSELF}iam:PutRolePolicy",
            manager(allowing("iam:PutRolePolicy", "*", **tagged("x"))): (
                f"{ITSELF}iam:PutRolePolicy if aws:ResourceTag/team is met"
            ),
            manager(allowing("iam:CreatePolicyVersion", arn("policy/*")), attached=(arn("policy/own"),)): (
                f"{ITSELF}iam:CreatePolicyVersion on {arn('policy/own')}"
            ),
            manager(allowing("iam:SetDefaultPolicyVersion"), boundary=arn("policy/edge")): (
                f"{ITSELF}iam:SetDefaultPolicyVersion on {arn('policy/edge')}"
            ),
            till(allowing("iam:PutUserPolicy", arn("user/${aws:username}"))): (
                "ana can change its own rights: iam:PutUserPolicy"
            ),
            till({"Statement": {"Effect": "Allow", "NotAction": ["iam:A*", "iam:D*", "iam:C*"], "NotResource": "x"}}): (
                "ana can change its own rights: iam:PutUserPolicy, iam:PutUserPermissionsBoundary"
            ),
        },
        passes=(
            manager(),
            manager(allowing("iam:*", INSIDE), attached=(arn("policy/own"),)),
            manager(allowing("iam:CreatePolicyVersion"), attached=("arn:aws:iam::aws:policy/IAMReadOnlyAccess",)),
            manager(document(EVERYTHING, statement("iam:*", MANAGER, "Deny"))),
            # A session of a role has no such name.
            manager(allowing("iam:PutRolePolicy", arn("role/${aws:username}"))),
            principal(documents=(allowing("iam:*"),)),
        ),
    ),
    Case(
        manager_with_stored_credentials,
        scopes=SCOPES,
        fails={
            user(): "ana manages scope till and has a password",
            user(active_keys=2): "ana manages scope till and has a password and 2 active access keys",
            user(password_enabled=False, active_keys=1): "ana manages scope till and has 1 active access key",
        },
        passes=(user(password_enabled=False), user(resource=arn("user/bo"))),
    ),
    Case(
        missing_manager,
        scopes=SCOPES,
        fails={
            roster(arn("user/ana")): f"{MANAGER} manages scope shop and does not exist",
            roster(MANAGER, arn("role/ana")): f"{arn('user/ana')} manages scope till and does not exist",
        },
        passes=(roster(MANAGER, arn("user/ana")), roster(account="222222222222")),
    ),
    Case(
        managed_user_without_mfa,
        scopes=SCOPES,
        fails={
            user(**KEYED, resource=arn("user/shop/eva"), name="eva"): (
                "eva of scope shop has 1 active access key and no second factor"
            ),
            user(**KEYED | {"active_keys": 2}, tags={"team": "till-2"}): (
                "ana of scope till has 2 active access keys and no second factor"
            ),
            user(**KEYED, resource=arn("user/shop-eva"), tags={"team": "till"}): (
                "ana of scopes shop, till has 1 active access key and no second factor"
            ),
        },
        passes=(
            user(**KEYED),
            user(**KEYED, tags=None),
            user(**KEYED | {"mfa_active": True}, resource=arn("user/shop/eva")),
            user(**KEYED | {"active_keys": 0}, resource=arn("user/shop/eva")),
            # console-without-mfa tells it.
            user(**KEYED | {"password_enabled": True}, resource=arn("user/shop/eva")),
        ),
    ),
    Case(
        unowned_entity,
        scopes=SCOPES,
        limits=Limits(owned_kinds=("Role", "Group")),
        fails={
            principal(): "role deploy is in no managed scope",
            principal("Group", "staff"): "group staff is in no managed scope",
            principal(tags={"team": "ledger"}): "role deploy is in no managed scope",
        },
        passes=(
            principal(name="shop-deploy"),
            principal("Group", "shop-staff"),
            principal(tags={"team": "till"}),
            principal("User", "bo"),
            principal(aws_owned=True),
        ),
    ),
    Case(
        unowned_entity,
        limits=Limits(owned_kinds=("User",)),
        fails={principal("User", "bo"): "user bo is in no managed scope"},
        passes=(principal(),),
    ),
    Case(
        wildcard_in_managed_policy,
        scopes=SCOPES,
        fails={
            held(allowing("s3:Get*", "arn:aws:s3:::ledger")): "everything of scope shop allows s3:Get*",
            held(allowing("s3:GetObject", "arn:aws:s3:::ledger/?")): (
                "everything of scope shop allows arn:aws:s3:::ledger/?"
            ),
            held(allowing("s3:Get*", "*"), arn("role/till"), {"team": "till"}): (
                "everything of scope till allows *, s3:Get*"
            ),
            held(allowing("ec2:*"), arn("role/x"), resource=arn("policy/shop/everything")): (
                "everything of scope shop allows *, ec2:*"
            ),
            held(
                {"Statement": [{"Effect": "Allow", "NotAction": "iam:PassRole", "NotResource": ["a", "b"]}]},
            ): "everything of scope shop allows everything but a, b, everything but iam:PassRole",
        },
        passes=(
            held(allowing("s3:GetObject", "arn:aws:s3:::ledger")),
            held({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}),
            held(allowing("s3:*"), arn("role/till")),
        ),
        left_out=(
            policy(allowing("s3:*"), attached_to=(), boundary_of=(arn("role/shop/till"),)),
            policy(allowing("s3:*"), resource="arn:aws:iam::aws:policy/AmazonS3FullAccess"),
            role(),
        ),
    ),
)
