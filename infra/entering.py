"""The way into other accounts."""

import aws_cdk as cdk

from auditor.aws.entering import ACTIONS
from auditor.settings.accounts import AccountsSettings
from infra.acknowledge import acknowledge_stars
from infra.function import AuditorFunction


def may_enter(function: AuditorFunction, accounts: AccountsSettings) -> None:
    """Let `function` become the auditor's role in other accounts, if there are any."""
    if accounts.others:
        roles = f"arn:{cdk.Aws.PARTITION}:iam::*:role/{accounts.role}"
        function.allow("EnterAccounts", ACTIONS, [roles])
        acknowledge_stars(function.role, "every account has its own role, and decides who may enter", roles)
