"""What the organization's policies keep an account from, judged on their documents."""

from collections.abc import Mapping
from typing import Any

import pytest

from auditor.core.model import GLOBAL, Facts, Observed, Subject, Unavailable
from auditor.core.subjects.organization import (
    Affiliation,
    AttachedPolicy,
    GuardrailLevel,
    Guardrails,
    OrganizationMember,
    OrganizationRoot,
)
from auditor.policy.derive import derive
from auditor.policy.document import MalformedPolicyError
from auditor.policy.guardrails import RESOURCE_CONTROL, SERVICE_CONTROL, denies_root, guarding, left_open
from tests.build import ACCOUNT, OWNER, affiliation, allowing, observed

ROOT, UNIT = "r-ab12", "ou-ab12-workload"
FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
RCP_FULL = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}


def denying(action: Any = "*", condition: Mapping[str, Any] | None = None, **elements: Any) -> dict[str, Any]:
    """A document of one Deny statement."""
    statement = {"Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition or {}, **elements}
    return {"Statement": {name: it for name, it in statement.items() if it is not ...}}


def outside(*regions: str, operator: str = "StringNotEquals", **elements: Any) -> dict[str, Any]:
    """A document that denies everything outside of these Regions."""
    others = elements.pop("others", {})
    return denying(condition={operator: {"aws:RequestedRegion": list(regions)}, **others}, **elements)


def attached(*documents: Mapping[str, Any]) -> list[AttachedPolicy]:
    return [AttachedPolicy(name=str(number), document=it) for number, it in enumerate(documents)]


# Which policies guard anything.


@pytest.mark.parametrize(
    ("documents", "names"),
    [
        ([FULL], []),
        ([RCP_FULL], []),
        # Their union allows everything all the same.
        ([FULL, allowing("s3:*")], []),
        ([FULL, denying("organizations:LeaveOrganization")], ["1"]),
        ([denying("organizations:LeaveOrganization"), FULL], ["0"]),
        # A level that allows a list only.
        ([allowing("s3:*"), allowing("ec2:*")], ["0", "1"]),
        ([allowing(Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})], ["0"]),
        # AWS lets nobody detach the last policy: a level without any was not seen as it is.
        ([], []),
    ],
)
def test_policies_that_deny_or_leave_out_anything_guard(documents: list[Any], names: list[str]) -> None:
    assert list(guarding(attached(*documents))) == names


# Which Regions are left open.


@pytest.mark.parametrize(
    "document",
    [
        outside("eu-west-1"),
        outside("eu-west-1", action=..., NotAction=["iam:*", "sts:*"]),
        outside("eu-west-1", operator="StringNotEqualsIgnoreCase"),
        outside("eu-west-1", operator="StringNotLike"),
        outside("eu-west-1", operator="ForAnyValue:StringNotEqualsIfExists"),
        denying(condition={"StringNotEquals": {"AWS:REQUESTEDREGION": "eu-west-1"}}),
        outside("eu-west-1", others={"ArnNotLike": {"aws:PrincipalARN": "arn:*:iam::*:role/breakglass"}}),
        outside("eu-west-1", others={"Bool": {"aws:PrincipalIsAWSService": False}}),
        outside("eu-west-1", others={"BoolIfExists": {"aws:ViaAWSService": "false"}}),
        {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, outside("eu-west-1")["Statement"]]},
    ],
)
def test_deny_outside_a_list_of_regions_closes_the_others(document: Mapping[str, Any]) -> None:
    assert left_open([FULL, document]) == ("eu-west-1",)


@pytest.mark.parametrize(
    "document",
    [
        FULL,
        denying("organizations:LeaveOrganization"),
        outside("eu-west-1", action="ec2:*"),
        outside("eu-west-1", action=["ec2:*", "s3:*"]),
        outside("eu-west-1", action=..., NotAction="*"),
        outside("eu-west-1", Resource="arn:aws:s3:::ledger/*"),
        outside("eu-west-1", Resource=..., NotResource="arn:aws:s3:::ledger/*"),
        # Denies the Regions on the list, and no other.
        outside("eu-west-1", operator="StringEquals"),
        # Denies only those who have the tag, who are AWS's services, who are one role, or who are nobody.
        outside("eu-west-1", others={"StringEquals": {"aws:PrincipalTag/team": "red"}}),
        outside("eu-west-1", others={"Bool": {"aws:PrincipalIsAWSService": "true"}}),
        outside("eu-west-1", others={"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:role/ana"}}),
        outside("eu-west-1", others={"StringNotLike": {"aws:PrincipalArn": "*"}}),
        {"Statement": {**outside("eu-west-1")["Statement"], "Effect": "Allow"}},
    ],
)
def test_other_statements_close_no_region(document: Mapping[str, Any]) -> None:
    assert left_open([FULL, document]) is None


def test_what_two_policies_leave_open_is_what_both_do() -> None:
    assert left_open([outside("eu-west-1", "us-east-1"), outside("us-east-1", "sa-east-1")]) == ("us-east-1",)
    assert left_open([outside("eu-west-1"), outside("us-east-1")]) == ()
    assert left_open([outside("eu-*", operator="StringNotLike"), outside("eu-west-1")]) == ("eu-west-1",)
    # Both at once leave less open than one of them: the answer errs on the open side.
    assert left_open([outside("eu-*", operator="StringNotLike"), outside("*-1", operator="StringNotLike")]) == ("eu-*",)


# Whether the root user is denied everything.


FOR_ROOT = {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}}


def for_root(arn: Any = "arn:*:iam::*:root", operator: str = "ArnLike", **elements: Any) -> dict[str, Any]:
    return denying(condition={operator: {"aws:PrincipalArn": arn}}, **elements)


@pytest.mark.parametrize(
    "document",
    [
        for_root(),
        for_root(operator="StringLike"),
        for_root(operator="ArnEquals"),
        for_root(["arn:aws:iam::*:user/ana", "arn:aws:iam::*:root"]),
        for_root(f"arn:aws:iam::{ACCOUNT}:root", operator="StringEquals"),
        for_root(f"arn:aws:iam::{ACCOUNT[:-1]}?:root"),
        denying(),
        {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, for_root()["Statement"]]},
    ],
)
def test_deny_of_everything_to_the_root_user_denies_it_everything(document: Mapping[str, Any]) -> None:
    assert denies_root(document, OWNER.root_arn)


@pytest.mark.parametrize(
    "document",
    [
        FULL,
        for_root("arn:aws:iam::999988887777:root"),
        for_root("arn:aws-cn:iam::*:root"),
        # StringEquals knows no wildcard.
        for_root(operator="StringEquals"),
        for_root(operator="ArnNotLike"),
        for_root(action="s3:*"),
        for_root(action=..., NotAction="iam:*"),
        for_root(Resource="arn:aws:s3:::ledger"),
        denying(condition={**FOR_ROOT, "Bool": {"aws:SecureTransport": "false"}}),
        denying(condition={"StringLike": {"aws:userid": "arn:*:iam::*:root"}}),
        allowing(Condition=FOR_ROOT),
    ],
)
def test_deny_of_less_or_to_others_does_not(document: Mapping[str, Any]) -> None:
    assert not denies_root(document, OWNER.root_arn)


def test_pattern_is_no_regular_expression() -> None:
    assert not denies_root(for_root("arn:aws:iam::[0-9]+:root"), OWNER.root_arn)


# From the levels to what binds the account.


def level(target: str, *documents: Mapping[str, Any], kind: str = SERVICE_CONTROL) -> GuardrailLevel:
    policies = tuple(AttachedPolicy(name=f"{target}/{number}", document=it) for number, it in enumerate(documents))
    return GuardrailLevel(resource=target, uid=f"{target}/{kind}", type=kind, policies=policies)


MEMBER = OrganizationMember(resource=ACCOUNT, uid=ACCOUNT, name="payments", path=(ROOT, UNIT))


def facts(
    *levels: GuardrailLevel, types: tuple[str, ...] = (SERVICE_CONTROL,), **fields: Any
) -> dict[type[Subject], Observed[Subject] | Unavailable]:
    root = OrganizationRoot(resource=ROOT, uid=ROOT, policy_types=types)
    return {
        Affiliation: observed(affiliation(**fields)),
        OrganizationRoot: observed(root),
        OrganizationMember: observed(MEMBER),
        GuardrailLevel: observed(*levels),
    }


def derived(known: Facts) -> Observed[Subject]:
    found = derive(known)[Guardrails]
    assert isinstance(found, Observed), found
    return found


def test_every_level_binds() -> None:
    levels = (level(ROOT, FULL), level(UNIT, FULL, outside("eu-west-1")), level(ACCOUNT, FULL, for_root()))
    (bound,) = derived(facts(*levels)).subjects
    assert bound == Guardrails(
        resource=ACCOUNT,
        uid="account",
        service_control=(f"{UNIT}/1", f"{ACCOUNT}/1"),
        resource_control=(),
        open_regions=("eu-west-1",),
        root_denied=True,
    )


def test_resource_control_policies_bind_no_principal() -> None:
    kinds = (SERVICE_CONTROL, RESOURCE_CONTROL)
    service = [level(it, FULL) for it in (ROOT, UNIT, ACCOUNT)]
    resource = [level(it, RCP_FULL, for_root(Principal="*"), kind=RESOURCE_CONTROL) for it in (ROOT, UNIT, ACCOUNT)]
    (bound,) = derived(facts(*service, *resource, types=kinds)).subjects
    assert isinstance(bound, Guardrails)
    assert (bound.service_control, bound.root_denied) == ((), False)
    assert bound.resource_control == (f"{ROOT}/1", f"{UNIT}/1", f"{ACCOUNT}/1")


def test_level_that_was_not_seen_is_a_gap() -> None:
    found = derived(facts(level(ROOT, FULL), level(ACCOUNT, FULL)))
    assert found.subjects == ()
    assert found.gaps == {GLOBAL: Unavailable(reason=f"the evidence lacks the policies of {UNIT}")}


def test_policy_that_cannot_be_read_is_a_gap() -> None:
    found = derived(facts(level(ROOT, FULL), level(UNIT, {"Version": "2012-10-17"}), level(ACCOUNT, FULL)))
    assert found.subjects == ()
    reason = "a policy of the organization cannot be read: the document has no Statement"
    assert found.gaps == {GLOBAL: Unavailable(reason=reason)}


def test_document_that_is_none_is_refused() -> None:
    with pytest.raises(MalformedPolicyError, match="no Statement"):
        left_open([{}])


def test_management_account_is_never_bound() -> None:
    levels = [level(it, FULL, for_root()) for it in (ROOT, UNIT, ACCOUNT)]
    found = derived(facts(*levels, management=ACCOUNT))
    assert found.subjects == ()
    assert found.gaps[GLOBAL].inapplicable


def test_what_the_organization_did_not_tell_is_no_lack_of_guardrails() -> None:
    why = Unavailable(reason="members may not ask", inapplicable=True)
    unseen = facts() | {OrganizationRoot: observed(gaps={GLOBAL: why}), GuardrailLevel: observed(gaps={GLOBAL: why})}
    assert (derived(unseen).subjects, derived(unseen).gaps) == ((), {GLOBAL: why})
