"""The findings table as the stack defines it, on moto and on AWS's own DynamoDB Local."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import pytest
from moto import mock_aws

from tests.aws import dynamodb_local, quick_moto
from tests.aws.template import TableDefinition, create_table, synthesized
from tests.aws.wire import new_session

quick_moto.install()

NUMBERS = itertools.count()
OWN_CREDENTIALS: Any = {"core": {"mock_credentials": False}}
"""For moto beside DynamoDB Local, which has a database for each access key. Not inside of another moto, which would
then leave its credentials behind."""


@pytest.fixture(scope="session")
def table_definition(tmp_path_factory: pytest.TempPathFactory) -> TableDefinition:
    return synthesized(tmp_path_factory.mktemp("synth"))


def new_resource(endpoint: str | None) -> Any:
    return new_session().resource("dynamodb", endpoint_url=endpoint)


shared_resource = cache(new_resource)


@dataclass(kw_only=True)
class Store:
    """A new, empty findings table. `one_at_a_time` is held around each call where the backend needs that."""

    endpoint: str | None
    name: str
    one_at_a_time: AbstractContextManager[Any] = field(default_factory=nullcontext)

    @property
    def is_moto(self) -> bool:
        return self.endpoint is None

    def connect(self) -> Any:
        """A boto3 Table to listen to, or for a thread: boto3's resources are not for two."""
        return new_resource(self.endpoint).Table(self.name)

    @cached_property
    def table(self) -> Any:
        """The one for whoever needs none of its own."""
        return shared_resource(self.endpoint).Table(self.name)

    def items(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Everything in the table by key."""
        pages = self.table.meta.client.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True)
        return {(it["pk"], it["sk"]): it for page in pages for it in page["Items"]}


@pytest.fixture(scope="session")
def dynamodb_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dynamodb_local.running(tmp_path_factory.mktemp("dynamodb") / "log") as endpoint:
        yield endpoint


NewStore = Callable[[], Store]


def new_store_at(endpoint: str, definition: TableDefinition) -> Store:
    """An empty table on a DynamoDB Local."""
    store = Store(endpoint=endpoint, name=f"findings-{next(NUMBERS)}")
    create_table(store.table.meta.client, store.name, definition)
    return store


@pytest.fixture(params=["moto", "dynamodb-local"])
def new_store(request: pytest.FixtureRequest, table_definition: TableDefinition) -> Iterator[NewStore]:
    """Makes empty tables on one of the two. What holds for both is what the program may rely on."""
    in_moto = request.param == "moto"
    endpoint = None if in_moto else request.getfixturevalue("dynamodb_endpoint")

    def new() -> Store:
        lock = threading.Lock() if in_moto else nullcontext()
        store = Store(endpoint=endpoint, name=f"findings-{next(NUMBERS)}", one_at_a_time=lock)
        create_table(store.table.meta.client, store.name, table_definition)
        return store

    with mock_aws() if in_moto else nullcontext():
        yield new


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store()


@pytest.fixture
def office(store: Store) -> Iterator[Any]:
    """The store with all that tells of it; SNS and EventBridge are moto's also where DynamoDB Local is the store."""
    from tests.aws.office import Office  # noqa: PLC0415  (it needs `Store`)

    with nullcontext() if store.is_moto else mock_aws(config=OWN_CREDENTIALS):
        yield Office(store=store)
