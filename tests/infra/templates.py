"""What the tests of templates share: how they are made, and how they are read."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk.assertions import Template
from cfnlint.api import lint_all

from auditor.settings import Deployment, validated
from infra.bundle import BundleFor
from infra.stack import AuditorStack

ROOT = Path(__file__).parents[2]
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:slack-a1B2c3"
AUDIT_ACCOUNT = "111122223333"
LISTED = {"audit_account": AUDIT_ACCOUNT, "external_id": "0a1b2c3d4e5f", "listed": ["444455556666"]}
ORGANIZATION = {"audit_account": AUDIT_ACCOUNT, "external_id": "0a1b2c3d4e5f", "organization": "o-a1b2c3d4e5"}


def synthesised(**settings: Any) -> Template:
    stack = AuditorStack(
        cdk.App(), "AccountAuditor", deployment=validated(Deployment, settings), bundle_for=BundleFor.HERE
    )
    return Template.from_stack(stack)


def run_app(output: Path, context: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CDK_OUTDIR": str(output), "CDK_CONTEXT_JSON": context}
    command = [sys.executable, "app.py"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)


def faults(template: str) -> list[str]:
    """What cfn-lint has against a template; that the CDK repeats in DependsOn what a reference says is nothing."""
    found = [it for it in lint_all(template) if it.rule.id[0] in "EW" and it.rule.id != "W3005"]
    return [f"{it.rule.id}: {it.message}" for it in found]


def of_type(template: Template, kind: str) -> list[Any]:
    return [resource.get("Properties", {}) for resource in template.find_resources(kind).values()]


def statements_of(template: Template, role: str) -> dict[str, Any]:
    """What the role of that logical id is granted, by statement id."""
    (policy,) = [it for it in of_type(template, "AWS::IAM::Policy") if {"Ref": role} in it["Roles"]]
    return {it["Sid"]: it for it in policy["PolicyDocument"]["Statement"]}


def granted(template: Template) -> dict[str, Any]:
    """What the roles are granted, by statement id; the same statement in several roles once."""
    statements = [
        statement
        for policy in of_type(template, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    return {statement["Sid"]: statement for statement in statements if "Sid" in statement}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(resolved: Any) -> str:
    """A text of a template with ``<name>`` for each reference."""
    match resolved:
        case {"Fn::Join": ["", parts]}:
            return "".join(map(text, parts))
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Ref": name}:
            return f"<{name}>"
        case str():
            return resolved
    raise AssertionError(json.dumps(resolved))
