"""What holds for every test: no credentials that could be anybody's, and examples that are the same in each run."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

import infra  # noqa: F401  (chooses the Node that the CDK runs on, before anything imports the CDK)

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=3000)  # --hypothesis-profile thorough
hypothesis.settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes share the tests, a file's go together; the crashes and faults are long, and go one by one."""
    for item in items:
        alone = item.path.name == "test_survives.py"
        item.add_marker(pytest.mark.xdist_group(item.nodeid if alone else str(item.path)))


NOBODY = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
}


@pytest.fixture(scope="session", autouse=True)
def _nobodys_credentials() -> Iterator[None]:
    """Of the session, so that it is in force before any other fixture, whatever its scope."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in NOBODY.items():
            patch.setenv(name, value)
        yield
