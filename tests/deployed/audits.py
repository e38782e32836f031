"""What an audit says of what it could not see."""

import json
from collections.abc import Callable
from typing import Any

from auditor.aws import sources
from tests.deployed import drive
from tests.deployed.drive import Response
from tests.deployed.emulator import Emulator

SOURCE_NAMES = [it.name for it in sources.SOURCES]
WANTED = {it: [source.name for source in sources.SOURCES if it in source.actions] for it in sources.ACTIONS}
"""The sources that want each action."""


def looked_at_everything(answer: Response) -> bool:
    """A denied source is not an error of the run: it must then say what it could not see."""
    return not (answer.error or answer.payload["unavailable"] or answer.payload["skipped"])


def telling(emulator: Emulator, function: str, bucket: str, payload: object) -> Callable[[str], bool]:
    """Audit; returns whether the audit tells of an action that it lacked it, in each source that wants it."""
    answer = drive.invoke(emulator, function, payload)
    assert answer.error is None, answer.payload
    said = {name: answer.payload[name] for name in ("unavailable", "skipped")}
    reasons = _reasons(emulator, bucket, answer.payload["evidence"])
    return lambda action: _tells(action, said) and all(_tells(action, reasons[name]) for name in WANTED[action])


def _tells(action: str, said: object) -> bool:
    """Whether the operation stands there that the action allows."""
    return {"cloudformation:ListStacks": "DescribeStacks"}.get(action, action.partition(":")[2]) in json.dumps(said)


def _reasons(emulator: Emulator, bucket: str, evidence: str) -> dict[str, list[Any]]:
    """What the evidence under a prefix says of why each source, or some of it, was not seen."""
    kept = emulator.client("s3").get_object(Bucket=bucket, Key=f"{evidence}/account.json")
    account = json.loads(kept["Body"].read())
    return {name: [account["unavailable"].get(name), account["gaps"].get(name)] for name in SOURCE_NAMES}
