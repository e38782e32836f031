"""The findings table as the stack defines it."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

TableDefinition = Mapping[str, Any]
"""A table's properties in a template."""


def synthesized(folder: Path) -> TableDefinition:
    """The definition in the template that the CDK writes into `folder`."""
    construct = import_module("infra.findings_table")  # before the CDK: it says which Node that starts
    cdk = import_module("aws_cdk")
    app = cdk.App(outdir=str(folder))
    construct.FindingsTable(cdk.Stack(app, "Table"))
    resources = app.synth().get_stack_by_name("Table").template["Resources"].values()
    (resource,) = [it for it in resources if it["Type"] == "AWS::DynamoDB::Table"]
    definition: TableDefinition = resource["Properties"]
    return definition


def create_table(client: Any, name: str, definition: TableDefinition) -> None:
    """The table, asked for as CloudFormation would."""
    same = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    stream = {**definition["StreamSpecification"], "StreamEnabled": True}
    client.create_table(TableName=name, StreamSpecification=stream, **{it: definition[it] for it in same})
    client.update_time_to_live(TableName=name, TimeToLiveSpecification=definition["TimeToLiveSpecification"])
