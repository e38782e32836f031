"""What another account needs so that it can be audited: one role."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from auditor.aws.sources import ACTIONS
from auditor.settings.accounts import AccountsSettings
from infra.acknowledge import acknowledge_stars
from infra.function import ENTERING

NAME = "AccountAuditorMember"


class MemberStack(cdk.Stack):
    """The role; its template needs no bootstrapped account and no bucket, and is the same for every account."""

    def __init__(self, scope: Construct, accounts: AccountsSettings) -> None:
        """Compose the stack for any account but that of the deployment."""
        super().__init__(
            scope,
            NAME,
            description="Lets the account auditor read this account's identities and policies",
            synthesizer=cdk.BootstraplessSynthesizer(),
            analytics_reporting=False,
        )
        reads = iam.PolicyStatement(sid="ReadTheAccount", actions=list(ACTIONS), resources=["*"])
        role = iam.Role(
            self,
            "Role",
            role_name=accounts.role,
            description="Read by the account auditor",
            assumed_by=trusted(accounts),
            inline_policies={"ReadTheAccount": iam.PolicyDocument(statements=[reads])},
            max_session_duration=cdk.Duration.hours(1),
        )
        acknowledge_stars(role, "the reads of the account know no resource beforehand", "*")


def trusted(accounts: AccountsSettings) -> iam.PrincipalBase:
    """Two roles of the audit account, if they know the external id and are of the organization.

    The roles are conditions: as principals they would have to exist, and be named again once they were made anew.
    """
    roles = [f"arn:{cdk.Aws.PARTITION}:iam::{accounts.audit_account}:role/{it}" for it in ENTERING.values()]
    equal = {"sts:ExternalId": accounts.external_id}
    if accounts.organization:
        equal["aws:PrincipalOrgID"] = accounts.organization
    conditions = {"StringEquals": equal, "ArnEquals": {"aws:PrincipalArn": roles}}
    return iam.AccountPrincipal(accounts.audit_account).with_conditions(conditions)
