from typing import Any

from auditor.checks.attachments import (
    bedrock_full_access,
    broad_aws_policy,
    cloudshell_full_access,
    forbidden_policy,
    missing_security_audit_role,
    missing_support_access,
    only_aws_policies,
    required_policy_not_in_use,
    role_without_required_policy,
    unused_policy,
)
from auditor.core.case import Case
from auditor.core.check import Limits
from auditor.core.subjects.entities import Attachments, Policy
from tests.build import ACCOUNT, ADMINISTRATOR, OWNER, ago, allowing, arn, policy, principal

READ = allowing("s3:GetObject", "arn:aws:s3:::ledger/*")


def of_aws(name: str) -> str:
    return f"arn:{OWNER.partition}:iam::aws:policy/{name}"


def theirs(name: str, *holders: str, **fields: Any) -> Policy:
    return policy(READ, name=name.rpartition("/")[2], resource=of_aws(name), attached_to=holders, **fields)


def own(**fields: Any) -> Policy:
    return policy(**{"document": READ, "attached_to": (), "changed": ago(91), **fields})


def attachments(*arns: str, roles: tuple[str, ...] = ()) -> Attachments:
    return Attachments(resource=ACCOUNT, uid="account", by_anyone=(*arns, *roles), by_roles=roles)


ANA, DEPLOY = arn("user/ana"), arn("role/deploy")

CASES = (
    Case(
        cloudshell_full_access,
        fails={theirs("AWSCloudShellFullAccess", ANA): "AWSCloudShellFullAccess is held by user/ana"},
        passes=(
            theirs("AWSCloudShellFullAccess"),
            theirs("job-function/ViewOnlyAccess", ANA),
            own(name="AWSCloudShellFullAccess", attached_to=(ANA,)),
        ),
    ),
    Case(
        bedrock_full_access,
        fails={
            theirs("AmazonBedrockFullAccess", ANA, DEPLOY): "AmazonBedrockFullAccess is held by user/ana, role/deploy"
        },
        passes=(
            theirs("AmazonBedrockFullAccess", ANA),
            theirs("AmazonBedrockReadOnly", DEPLOY),
            own(name="AmazonBedrockFullAccess", attached_to=(DEPLOY,)),
        ),
    ),
    Case(
        broad_aws_policy,
        fails={
            theirs("AmazonS3FullAccess", ANA): "AmazonS3FullAccess is held by user/ana",
            theirs("PowerUserAccess", DEPLOY): "PowerUserAccess is held by role/deploy",
            theirs("job-function/SystemAdministrator", ANA): "SystemAdministrator is held by user/ana",
            theirs("AmazonBedrockFullAccess", ANA): "AmazonBedrockFullAccess is held by user/ana",
        },
        passes=(
            theirs("AmazonS3FullAccess"),
            theirs("AmazonS3ReadOnlyAccess", ANA),
            theirs("AdministratorAccess", ANA),
            theirs("AWSCloudShellFullAccess", ANA),
            theirs("AmazonBedrockFullAccess", DEPLOY),
            own(name="OurFullAccess", attached_to=(ANA,)),
        ),
    ),
    Case(
        only_aws_policies,
        fails={
            principal(attached=(of_aws("ReadOnlyAccess"),)): (
                "deploy holds a policy of AWS and none of the account's own"
            ),
            principal("User", "ana", attached=(of_aws("A"),), inherited=(of_aws("A"), of_aws("B"))): (
                "ana holds 2 policies of AWS and none of the account's own"
            ),
        },
        passes=(
            principal(),
            principal(attached=(of_aws("A"), arn("policy/own"))),
            principal(attached=(of_aws("A"),), inline=("own",)),
            principal("User", "ana", attached=(of_aws("A"),), inherited=(arn("policy/own"),)),
            principal(attached=(of_aws("aws-service-role/X"),), aws_owned=True),
        ),
    ),
    Case(
        unused_policy,
        fails={
            own(): "everything is held by nobody and was not changed since 2026-08-21 (limit 90 days)",
            # A date that is missing makes nothing new.
            own(changed=None): "everything is held by nobody and was not changed (limit 90 days)",
        },
        passes=(
            own(changed=ago(90)),
            own(attached_to=(ANA,)),
            own(boundary_of=(ANA,)),
            own(document=ADMINISTRATOR),
            theirs("AmazonS3FullAccess", changed=ago(91)),
        ),
    ),
    Case(
        forbidden_policy,
        fails={
            theirs("AmazonS3FullAccess", ANA): "AmazonS3FullAccess is held by user/ana",
            own(attached_to=(DEPLOY,)): "everything is held by role/deploy",
        },
        passes=(
            theirs("AmazonS3FullAccess"),
            theirs("AmazonS3ReadOnlyAccess", ANA),
            own(owner=ANA, attached_to=(ANA,)),
        ),
        limits=Limits(forbidden_policies=(of_aws("AmazonS3FullAccess"), "everything")),
    ),
    Case(
        role_without_required_policy,
        fails={
            principal(): f"deploy lacks guard, {of_aws('A')}",
            principal(attached=(arn("policy/team/guard"),)): f"deploy lacks {of_aws('A')}",
        },
        passes=(
            principal(attached=(arn("policy/team/guard"), of_aws("A"))),
            principal("User", "ana"),
            principal(aws_owned=True),
        ),
        limits=Limits(required_role_policies=("guard", of_aws("A"))),
    ),
    Case(
        required_policy_not_in_use,
        fails={attachments(of_aws("A")): "nobody holds guard"},
        passes=(attachments(arn("policy/guard")), attachments(roles=(arn("policy/team/guard"),))),
        limits=Limits(required_policies=("guard",)),
    ),
    Case(
        missing_support_access,
        fails={
            attachments(of_aws("SecurityAudit")): "no user, group or role holds AWSSupportAccess",
            attachments(arn("policy/AWSSupportAccess")): "no user, group or role holds AWSSupportAccess",
        },
        passes=(attachments(of_aws("AWSSupportAccess")), attachments(roles=(of_aws("AWSSupportAccess"),))),
    ),
    Case(
        missing_security_audit_role,
        fails={
            attachments(): "no role holds SecurityAudit",
            attachments(of_aws("SecurityAudit")): "no role holds SecurityAudit",
        },
        passes=(attachments(roles=(of_aws("SecurityAudit"),)),),
    ),
)
