"""What other accounts are asked for: one role, and who may become it."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from auditor.aws import sources
from auditor.settings import SettingsError, validated
from auditor.settings.accounts import MOST_LISTED, AccountsSettings
from infra.app import composed
from infra.member import MemberStack
from infra.members import MembersStack
from tests.infra.templates import LISTED, ORGANIZATION, of_type, text

LONGEST_TEMPLATE = 51_200
"""Bytes that CloudFormation takes without a bucket, in a StackSet's body too."""

LONGEST_INLINE = 10_240
"""Characters of all inline policies of a role, white space aside."""

UNIT = "ou-a1b2-c3d4e5f6"


def accounts(given: dict[str, Any]) -> AccountsSettings:
    return validated(AccountsSettings, given)


def member_of(given: dict[str, Any]) -> Template:
    return Template.from_stack(MemberStack(cdk.App(), accounts(given)))


def members_of(given: dict[str, Any]) -> Template:
    return Template.from_stack(MembersStack(cdk.App(), accounts(given)))


@pytest.fixture(scope="module")
def member() -> Template:
    return member_of(ORGANIZATION)


@pytest.fixture(scope="module")
def members() -> Template:
    return members_of(ORGANIZATION | {"organizational_units": [UNIT]})


def role_of(template: Template) -> Any:
    (role,) = of_type(template, "AWS::IAM::Role")
    return role


def test_member_is_one_role_that_needs_nothing_around_it(member: Template) -> None:
    template = member.to_json()
    assert set(template) == {"Description", "Resources"}
    assert [it["Type"] for it in template["Resources"].values()] == ["AWS::IAM::Role"]
    role = role_of(member)
    assert (role["RoleName"], role["MaxSessionDuration"]) == ("account-auditor", 3600)
    assert "ManagedPolicyArns" not in role


def test_member_may_what_the_sources_ask_for_and_nothing_else(member: Template) -> None:
    (policy,) = role_of(member)["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")
    assert tuple(sorted(statement["Action"])) == sources.ACTIONS
    assert len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) <= LONGEST_INLINE


@pytest.mark.parametrize(
    ("given", "of_the_organization"), [(ORGANIZATION, {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}), (LISTED, {})]
)
def test_member_trusts_two_roles_of_the_audit_account_on_every_condition(
    given: dict[str, Any], of_the_organization: dict[str, str], audited: Template
) -> None:
    document = role_of(member_of(given))["AssumeRolePolicyDocument"]
    (statement,) = document["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")
    assert {kind: text(it) for kind, it in statement["Principal"].items()} == {
        "AWS": "arn:<AWS::Partition>:iam::111122223333:root"
    }
    condition = statement["Condition"]
    assert set(condition) == {"StringEquals", "ArnEquals"}
    assert condition["StringEquals"] == {"sts:ExternalId": "0a1b2c3d4e5f", **of_the_organization}
    assert set(condition["ArnEquals"]) == {"aws:PrincipalArn"}
    made = {it["RoleName"] for it in of_type(audited, "AWS::IAM::Role") if "RoleName" in it}
    assert {text(it) for it in condition["ArnEquals"]["aws:PrincipalArn"]} == {
        f"arn:<AWS::Partition>:iam::111122223333:role/{name}" for name in made
    }
    assert made == {"AccountAuditor-audit", "AccountAuditor-plan"}


def test_stack_set_brings_the_same_template_to_every_account_and_to_new_ones(
    member: Template, members: Template
) -> None:
    (made,) = of_type(members, "AWS::CloudFormation::StackSet")
    assert json.loads(made["TemplateBody"]) == member.to_json()
    assert made["PermissionModel"] == "SERVICE_MANAGED"
    assert made["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": False}
    assert made["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert made["CallAs"] == {"Ref": "CallAs"}
    assert made["StackInstancesGroup"] == [
        {"Regions": [{"Ref": "AWS::Region"}], "DeploymentTargets": {"OrganizationalUnitIds": [UNIT]}}
    ]
    assert set(members.find_parameters("*")) == {"CallAs"}


def test_whole_organization_needs_its_root_s_id() -> None:
    members = members_of(ORGANIZATION)
    (made,) = of_type(members, "AWS::CloudFormation::StackSet")
    assert made["StackInstancesGroup"][0]["DeploymentTargets"] == {"OrganizationalUnitIds": {"Ref": "Targets"}}
    parameters = members.find_parameters("*")
    assert set(parameters) == {"CallAs", "Targets"}
    assert "Default" not in parameters["Targets"]


def test_templates_of_other_accounts_need_no_bucket_and_no_partition(member: Template, members: Template) -> None:
    for template in (member, members):
        written = json.dumps(template.to_json(), indent=1)
        assert len(written.encode()) <= LONGEST_TEMPLATE
        assert "arn:aws:" not in written


@pytest.mark.parametrize(
    ("given", "stacks"),
    [
        ({}, {"AccountAuditor"}),
        (LISTED, {"AccountAuditor", "AccountAuditorMember"}),
        (ORGANIZATION, {"AccountAuditor", "AccountAuditorMember", "AccountAuditorMembers"}),
    ],
)
def test_other_accounts_stacks_are_there_if_there_are_other_accounts(given: dict[str, Any], stacks: set[str]) -> None:
    app = cdk.App(context={"bundle-for": "here", "auditor": {"accounts": given}})
    composed(app)
    assert {it.node.id for it in app.node.children if isinstance(it, cdk.Stack)} == stacks


def test_deployment_of_other_accounts_is_for_the_audit_account_only() -> None:
    def account(given: dict[str, Any]) -> str:
        stack = composed(cdk.App(context={"bundle-for": "here", "auditor": {"accounts": given}}))
        return stack.account

    assert account(ORGANIZATION) == "111122223333"
    assert cdk.Token.is_unresolved(account({}))


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"listed": ["444455556666", "444455556666"]}, "accounts.listed: named more than once: 444455556666"),
        ({"listed": ["44445555666"]}, "accounts.listed.0: "),
        ({"organization": "o-1"}, "accounts.organization: "),
        ({"organizational_units": ["ou-1"]}, "accounts.organizational_units.0: "),
        (
            {"organization": None, "organizational_units": [UNIT]},
            "accounts.organizational_units: organization is missing",
        ),
        ({"listed": [f"{number:012d}" for number in range(MOST_LISTED + 1)]}, "accounts.listed: 10,001 accounts"),
        ({"external_id": None}, "accounts.external_id: is missing"),
        ({"audit_account": None}, "accounts.audit_account: is missing"),
        ({"excluded": {"777788889999": "x"}}, "accounts.excluded.777788889999: "),
        ({"role": "a role"}, "accounts.role: "),
        ({"at_once": 0}, "accounts.at_once: "),
        ({"everything": True}, "accounts.everything: "),
    ],
)
def test_wrong_accounts_stop_the_synthesis_with_a_line_that_names_them(wrong: dict[str, Any], line: str) -> None:
    with pytest.raises(SettingsError) as stopped:
        composed(cdk.App(context={"auditor": {"accounts": ORGANIZATION | wrong}}))
    assert [it[: len(line)] for it in str(stopped.value).splitlines()] == [line]
