"""How much work a call does, in lines: the same on every machine and every day, which its seconds are not."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def lines(call: Callable[[], object]) -> int:
    """The lines of the policy reasoning that a call runs."""
    ran = 0

    def count(frame: FrameType, event: str, _: object) -> Any:
        nonlocal ran
        ran += event == "line"
        return count if frame.f_globals.get("__name__", "").startswith("auditor.policy") else None

    before = sys.gettrace()
    sys.settrace(count)
    try:
        call()
    finally:
        sys.settrace(before)
    return ran
