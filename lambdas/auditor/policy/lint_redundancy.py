"""What could be left out without anything changing."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from auditor.policy.covering import Cover
from auditor.policy.lint_codes import Remark, shown
from auditor.policy.written import At, Kind, Written


def lists(it: Written) -> Iterator[Remark]:
    """Actions and resources that others of the same list include."""
    for element, code in (("Action", "REDUNDANT_ACTION"), ("NotAction", "REDUNDANT_ACTION")):
        yield from _covered(it.texts(element), code, str.lower)
    for element in ("Resource", "NotResource"):
        yield from _covered(it.texts(element), "REDUNDANT_RESOURCE", str)


def _covered(texts: list[At], code: str, fold: Callable[[str], str]) -> Iterator[Remark]:
    if not texts[1:]:
        return
    cover = Cover(fold(text) for text, _ in texts)
    seen: set[str] = set()
    if not cover.wide and len(cover.literals) == len(texts):
        return
    for text, place in texts:
        wider = cover.over(fold(text))
        if fold(text) in seen or wider is not None:
            same = "stands here twice" if wider is None else f"is already in {shown(wider)}"
            yield Remark(code, f"{shown(text)} {same}", place)
        seen.add(fold(text))


def statements(written: list[Written]) -> Iterator[Remark]:
    """Statements that say what an earlier one says, or less than one that allows everything."""
    seen: dict[str, int] = {}
    everything = [at for at, it in enumerate(written) if it.allow and _allows_everything(it)]
    for at, it in enumerate(written if len(written) > 1 else ()):
        before = seen.setdefault(_meaning(it), at)
        if before != at:
            yield Remark("REDUNDANT_STATEMENT", f"statement {before + 1} says the same", it.path)
        elif everything and it.allow and at != everything[0] and it.kind is not Kind.RESOURCE:
            yield Remark("REDUNDANT_STATEMENT", f"statement {everything[0] + 1} allows everything already", it.path)


def _allows_everything(it: Written) -> bool:
    everywhere = any(text and not text.strip("*") for text, _ in it.resources)
    return everywhere and not it.raw.get("Condition") and any(text and not text.strip("*") for text, _ in it.actions)


def _meaning(it: Written) -> str:
    """The same text for statements that say the same: whatever their Sids, and the order of their lists."""
    return json.dumps({name: _sorted(value) for name, value in it.raw.items() if name != "Sid"}, sort_keys=True)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(member) for key, member in value.items()}
    if isinstance(value, list):
        if all(isinstance(member, str) for member in value):
            return sorted(value)
        return sorted((_sorted(member) for member in value), key=lambda it: json.dumps(it, sort_keys=True))
    return [value]


def sessions(it: Written) -> Iterator[Remark]:
    """Sessions of roles that a trust names as well."""
    if it.kind is not Kind.TRUST:
        return
    roles = {_role(value) for _, value, _ in it.parties if ":role/" in value}
    for _, value, place in it.parties:
        if ":assumed-role/" in value and _role(value) in roles:
            message = f"{shown(value)} is a session of a role that is named too"
            yield Remark("REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY", message, place)


def _role(arn: str) -> tuple[str, str]:
    """Account and name of the role that an ARN is of, or of a session of."""
    account, _, name = arn.partition(":assumed-role/") if ":assumed-role/" in arn else arn.partition(":role/")
    return account.rpartition(":")[2], name.split("/")[0] if ":assumed-role/" in arn else name.split("/")[-1]


STATEMENT: tuple[Callable[[Written], Iterator[Remark]], ...] = (lists, sessions)
DOCUMENT: tuple[Callable[[list[Written]], Iterator[Remark]], ...] = (statements,)
