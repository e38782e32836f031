"""The functions' code: one asset, made without Docker, the same bytes from the same sources."""

import hashlib
import platform
import shutil
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

from auditor.aws import exceptions_file, own_checks
from auditor.settings import DEPLOYED, Deployment, deployment_json

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "lambdas" / "auditor"
REQUIREMENTS = ROOT / "lambdas" / "requirements.txt"
EXCEPTIONS = ROOT / exceptions_file.FILE
CHECKS = ROOT / "infra" / "checks"
CACHE = ROOT / ".venv" / "bundles"
LEFT_OUT = shutil.ignore_patterns(
    *("cli", "*.tsv", "controls.py", "promises.py", "own_checks_review.py", "__pycache__"),
    *("paths_*.py", "grounds.py", "clauses.py", "markup.py"),
)
"""What only the command and the synthesis need."""

OF_THE_RUNTIME = shutil.ignore_patterns("tests", "urllib3", "urllib3-*")
"""What is not shipped of the dependencies. The runtime's boto3 keeps the urllib3 that AWS brings with it: the asset
comes first on the path, and would give it another. What needs urllib3 here takes any version of these years."""


class BundleFor(StrEnum):
    """Where the code will run: in Lambda, or on this machine under an emulator's interpreter."""

    LAMBDA = "lambda"
    HERE = "here"


def asset(bundle_for: BundleFor, deployment: Deployment) -> lambda_.Code:
    """The package with its settings and its pinned dependencies; boto3 and urllib3 are the Lambda runtime's own."""
    local = Bundling(bundle_for, deployment)
    image = cdk.DockerImage.from_registry("never-pulled")
    bundling = cdk.BundlingOptions(image=image, local=local)  # type: ignore[arg-type]  # jsii passes options as one
    return lambda_.Code.from_asset(str(PACKAGE.parent), bundling=bundling, asset_hash_type=cdk.AssetHashType.OUTPUT)


@jsii.implements(cdk.ILocalBundling)
class Bundling:
    """Bundling by this process instead of a container."""

    def __init__(self, bundle_for: BundleFor, deployment: Deployment) -> None:
        """Bundle for the given place."""
        self.bundle_for = bundle_for
        self.deployment = deployment

    def try_bundle(self, output_dir: str, _options: Any) -> bool:
        """Fill the asset's folder."""
        fill(Path(output_dir), self.bundle_for, self.deployment)
        return True


def fill(output: Path, bundle_for: BundleFor, deployment: Deployment) -> None:
    """Put the package, what it depends on and what it is told into the existing folder `output`."""
    shutil.copytree(dependencies(bundle_for), output, ignore=OF_THE_RUNTIME, dirs_exist_ok=True)
    package = shutil.copytree(PACKAGE, output / PACKAGE.name, ignore=LEFT_OUT)
    (package / DEPLOYED.name).write_text(deployment_json(deployment), encoding="utf-8")
    if EXCEPTIONS.exists():
        shutil.copy(EXCEPTIONS, package / exceptions_file.SHIPPED.name)
    for family in own_checks.families(CHECKS):
        (package / own_checks.SHIPPED.name).mkdir(exist_ok=True)
        shutil.copy(family, package / own_checks.SHIPPED.name)


def dependencies(bundle_for: BundleFor) -> Path:
    """The installed dependencies, from wheels only, checked against their hashes; installed once for each lock file."""
    here = ["--python", sys.executable]
    there = ["--python-platform", "aarch64-manylinux_2_28", "--python-version", "3.13"]
    target = there if bundle_for is BundleFor.LAMBDA else here
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + f"{target}{platform.machine()}".encode()).hexdigest()[:16]
    folder = CACHE / f"{bundle_for}-{digest}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=CACHE) as making:
            made = _installed(Path(making) / "made", target)
            _put(made, folder)
    return folder


def _put(made: Path, folder: Path) -> None:
    """Rename `made` to `folder`, unless another process has put the same there meanwhile."""
    try:
        made.rename(folder)
    except OSError:
        if not folder.exists():
            raise


def _installed(made: Path, target: list[str]) -> Path:
    """The dependencies in the new folder `made`, for a `target` as uv names it."""
    strict = ["--only-binary", ":all:", "--require-hashes", "--no-installer-metadata", "--no-compile-bytecode"]
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(made), *target, *strict]
    subprocess.run([*command, "--requirements", str(REQUIREMENTS)], check=True)  # noqa: S603  (all our own words)
    shutil.rmtree(made / "bin", ignore_errors=True)
    (made / ".lock").unlink(missing_ok=True)
    return made


if __name__ == "__main__":
    dependencies(BundleFor.LAMBDA)
