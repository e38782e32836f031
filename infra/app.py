"""From `cdk.json`, the reviewed exceptions and the organization's own checks to a cloud assembly."""

import sys

import aws_cdk as cdk
import cdk_nag

from auditor.aws import exceptions_file
from auditor.aws.exceptions_file import ExceptionsFileError
from auditor.aws.own_checks import OwnChecksError
from auditor.aws.own_checks_review import reviewed as reviewed_checks
from auditor.settings import Deployment, SettingsError, now, validated
from infra import bundle
from infra.bundle import BundleFor
from infra.member import MemberStack
from infra.members import MembersStack
from infra.stack import AuditorStack


def composed(app: cdk.App) -> AuditorStack:
    """Put the stack into `app` as its context says, and those of the other accounts, and cdk-nag over them.

    Raises SettingsError for a wrong setting, OwnChecksError for a wrong check of the organization.
    """
    deployment = validated(Deployment, app.node.try_get_context("auditor") or {})
    if faults := list(deployment.standards().faults(reviewed_checks(bundle.CHECKS))):
        raise SettingsError("\n".join(faults))
    bundle_for = BundleFor(app.node.try_get_context("bundle-for") or BundleFor.LAMBDA)
    stack = AuditorStack(app, "AccountAuditor", deployment=deployment, bundle_for=bundle_for)
    if deployment.accounts.others:
        MemberStack(app, deployment.accounts)
    if deployment.accounts.organization:
        MembersStack(app, deployment.accounts)
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    return stack


def reviewed() -> None:
    """Look at the reviewed exceptions before they are shipped: those that have ended are a warning on stderr.

    Raises ExceptionsFileError for any other fault, and OwnChecksError as `composed` does.
    """
    today = now().date()
    rules = exceptions_file.read(bundle.EXCEPTIONS, today, reviewed_checks(bundle.CHECKS))
    for rule in exceptions_file.ended(rules, today):
        sys.stderr.write(f"warning: {exceptions_file.of_an_end(rule)}\n")


def synthesise() -> None:
    """Write the assembly; a wrong setting, exception or check stops it, and so the deployment; so does cdk-nag."""
    app = cdk.App()
    try:
        reviewed()
        composed(app)
    except (ExceptionsFileError, OwnChecksError) as error:
        sys.exit(str(error))
    except SettingsError as error:
        sys.exit("\n".join(f"cdk.json: auditor: {line}" for line in str(error).splitlines()))
    app.synth()
