"""From `cdk.json` to a cloud assembly."""

import sys

import aws_cdk as cdk
import cdk_nag

from auditor.settings import Deployment, SettingsError, validated
from infra.bundle import BundleFor
from infra.stack import AuditorStack


def composed(app: cdk.App) -> AuditorStack:
    """Put the stack into `app` as its context says, and cdk-nag over it. Raises SettingsError for a wrong setting."""
    deployment = validated(Deployment, app.node.try_get_context("auditor") or {})
    bundle_for = BundleFor(app.node.try_get_context("bundle-for") or BundleFor.LAMBDA)
    stack = AuditorStack(app, "AccountAuditor", deployment=deployment, bundle_for=bundle_for)
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    return stack


def synthesise() -> None:
    """Write the assembly; a wrong setting or a finding of cdk-nag stops it, and so the deployment."""
    app = cdk.App()
    try:
        composed(app)
    except SettingsError as error:
        sys.exit("\n".join(f"cdk.json: auditor: {line}" for line in str(error).splitlines()))
    app.synth()
