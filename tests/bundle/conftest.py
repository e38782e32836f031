"""The assets as they are deployed, and what Lambda puts beside them."""

from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from auditor.settings import Deployment
from infra.bundle import BundleFor, fill
from tests.aws.template import TableDefinition, synthesized


@pytest.fixture(scope="session")
def table_definition(tmp_path_factory: pytest.TempPathFactory) -> TableDefinition:
    return synthesized(tmp_path_factory.mktemp("synth"))


def filled(folder: Path, bundle_for: BundleFor) -> Path:
    folder.mkdir()
    fill(folder, bundle_for, Deployment())
    return folder


@pytest.fixture(scope="session")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The asset with this machine's wheels."""
    return filled(tmp_path_factory.mktemp("here") / "asset", BundleFor.HERE)


@pytest.fixture(scope="session")
def lambda_asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The asset that is deployed."""
    return filled(tmp_path_factory.mktemp("lambda") / "asset", BundleFor.LAMBDA)


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """boto3, the runtime client and what they need: all that Lambda's Python brings besides Python."""
    folder = tmp_path_factory.mktemp("runtime")
    for source in sorted(set(_files("boto3")) | set(_files("awslambdaric"))):
        (folder / source.name).symlink_to(source)
    return folder


def _files(name: str) -> Iterator[Path]:
    """The top-level modules and packages of a distribution and of those it requires."""
    found = distribution(name)
    tops = {file.parts[0] for file in found.files or () if file.parts[0] != ".." and "__pycache__" not in file.parts}
    yield from (Path(str(found.locate_file(top))) for top in tops)
    for line in found.requires or ():
        required = Requirement(line)
        if required.marker is None or required.marker.evaluate({"extra": ""}):
            yield from _files(required.name)
