"""An empty findings table for the command, with the keys and the indexes that the code knows."""

from typing import Any

from auditor.aws.schema import INDEXES, PROJECTED, Index


def make_table(client: Any, name: str) -> None:
    """`client` is one of DynamoDB's."""
    keys = {"pk", "sk", *(key for index in INDEXES for key in index.keys)}
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=_schema("pk", "sk"),
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in sorted(keys)],
        GlobalSecondaryIndexes=[
            {"IndexName": index.name, "KeySchema": _schema(*index.keys), "Projection": _projection(index)}
            for index in INDEXES
        ],
    )


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def _projection(index: Index) -> dict[str, Any]:
    if index.keys_only:
        return {"ProjectionType": "KEYS_ONLY"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": [it for it in PROJECTED if it not in index.keys]}
