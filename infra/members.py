"""The role in every account of an organization, those that join later too."""

import json
import tempfile
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from auditor.settings.accounts import AccountsSettings
from infra.member import NAME, MemberStack

ON = cdk.CfnStackSet.AutoDeploymentProperty(enabled=True, retain_stacks_on_account_removal=False)
AT_ONCE = cdk.CfnStackSet.OperationPreferencesProperty(max_concurrent_percentage=100, failure_tolerance_percentage=100)
"""An account that takes no role holds up no other: the next run says which it could not enter."""


class MembersStack(cdk.Stack):
    """A StackSet of the member's template, for the management account or a delegated administrator of StackSets.

    StackSets leave out the management account itself: it takes the template alone.
    """

    def __init__(self, scope: Construct, accounts: AccountsSettings) -> None:
        """Compose the stack; without organizational units the parameter `Targets` has to name the root."""
        super().__init__(
            scope,
            "AccountAuditorMembers",
            description="Lets the account auditor read every account of the organization",
            synthesizer=cdk.BootstraplessSynthesizer(),
            analytics_reporting=False,
        )
        call_as = cdk.CfnParameter(
            self,
            "CallAs",
            default="SELF",
            allowed_values=["SELF", "DELEGATED_ADMIN"],
            description="SELF in the management account, DELEGATED_ADMIN in a delegated administrator's",
        )
        cdk.CfnStackSet(
            self,
            "Members",
            stack_set_name=NAME,
            permission_model="SERVICE_MANAGED",
            call_as=call_as.value_as_string,
            capabilities=["CAPABILITY_NAMED_IAM"],
            auto_deployment=ON,
            managed_execution={"Active": True},
            operation_preferences=AT_ONCE,
            stack_instances_group=[
                cdk.CfnStackSet.StackInstancesProperty(
                    regions=[cdk.Aws.REGION],
                    deployment_targets=cdk.CfnStackSet.DeploymentTargetsProperty(
                        organizational_unit_ids=self._targets(accounts)
                    ),
                )
            ],
            template_body=json.dumps(rendered(accounts), separators=(",", ":")),
        )

    def _targets(self, accounts: AccountsSettings) -> list[str]:
        if accounts.organizational_units:
            return accounts.organizational_units
        root = cdk.CfnParameter(
            self,
            "Targets",
            type="CommaDelimitedList",
            allowed_pattern="^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$",
            description="The id of the organization's root, r-…",
        )
        return root.value_as_list


def rendered(accounts: AccountsSettings) -> Any:
    """The member's template, as CloudFormation takes it."""
    with tempfile.TemporaryDirectory() as folder:
        app = cdk.App(outdir=folder, auto_synth=False, analytics_reporting=False)
        MemberStack(app, accounts)
        return app.synth().get_stack_by_name(NAME).template
