"""What only documents of one kind can be wrong about: sizes, and the rules of an organization's policies."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from auditor.policy.actions import database
from auditor.policy.lint_codes import Remark, shown
from auditor.policy.written import Kind, Written

QUOTAS: Mapping[Kind, int] = {
    Kind.IDENTITY: 6144,
    Kind.BOUNDARY: 6144,
    Kind.TRUST: 2048,
    Kind.SCP: 5120,
    Kind.RCP: 5120,
}
"""Characters without white space. A trust's can be raised to 4,096. Those of a resource are its service's."""

INLINE_QUOTAS: Mapping[str, int] = {"user": 2048, "role": 10240, "group": 5120}
"""Characters of all inline policies of one user, role or group together."""

OVERFULL: Mapping[Kind, str] = {
    Kind.IDENTITY: "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
    Kind.BOUNDARY: "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
    Kind.TRUST: "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA",
    Kind.SCP: "POLICY_SIZE_EXCEEDS_SCP_QUOTA",
    Kind.RCP: "POLICY_SIZE_EXCEEDS_RCP_QUOTA",
    Kind.RESOURCE: "POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA",
}
PRINCIPAL_KEYS = "aws:principalorgid aws:principalorgpaths aws:principalaccount aws:principalarn".split()
SERVICE_KEYS = "aws:sourceorgid aws:sourceorgpaths aws:sourceaccount aws:sourcearn".split()
BY_SERVICE = "aws:principalisawsservice"


def size(document: Mapping[str, Any]) -> int:
    """The characters of a document without the white space between them."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def of_size(document: Mapping[str, Any], kind: Kind, quota: int | None) -> Iterator[Remark]:
    """Whether the document is longer than it can be; `quota` instead of that of its kind."""
    most = quota or QUOTAS.get(kind)
    long = size(document)
    if most and long > most:
        yield Remark(OVERFULL[kind], f"{long:,} characters without white space, of which {most:,} are the most", ())


def resource_control(it: Written) -> Iterator[Remark]:
    """The rules of resource control policies."""
    if it.kind is not Kind.RCP:
        return
    if "NotAction" in it.raw:
        message = "a resource control policy has no NotAction"
        yield Remark("RCP_SYNTAX_ERROR_NOTACTION", message, (*it.path, "NotAction"))
    if it.allow and not _is_the_default(it):
        message = "a resource control policy that allows is about everything, everybody and has no condition"
        yield Remark("RCP_SYNTAX_ERROR_ALLOW", message, (*it.path, "Effect"))
    for text, place in it.actions:
        prefix = text.partition(":")[0]
        if not it.allow and prefix not in database().resource_controlled:
            message = f"resource control policies do not bind {shown(prefix)}"
            yield Remark("RCP_SYNTAX_ERROR_ACTION", message, place)
    yield from _services_spared(it)


def _is_the_default(it: Written) -> bool:
    everything = [it.raw.get(name) in ("*", ["*"]) for name in ("Principal", "Resource")]
    return all(everything) and "Condition" not in it.raw


def _services_spared(it: Written) -> Iterator[Remark]:
    """Denials that also meet AWS's services, or everybody but them, though their keys are not theirs."""
    tests = {test.key.lower(): test for test in it.tests if not it.allow}
    whose = next((test for test in it.tests if test.key.lower() == BY_SERVICE), None)
    said = {str(value).lower() for value, _ in whose.values} if whose else set()
    for key, test in tests.items():
        if key in PRINCIPAL_KEYS and "false" not in said:
            message = f"services have no {shown(test.key)}, and are denied too; ask for {BY_SERVICE} false"
            yield Remark("RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY", message, test.path)
        if key in SERVICE_KEYS and test.negated and "true" not in said:
            message = f"people have no {shown(test.key)}, and are denied too; ask for {BY_SERVICE} true"
            yield Remark("RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY", message, test.path)
    orgs = [test for key, test in tests.items() if key in {"aws:sourceorgid", "aws:sourceorgpaths"} and test.negated]
    nulls = {test.key.lower() for test in it.tests if test.operator == "null"}
    if orgs and not nulls & {"aws:sourceaccount", "aws:sourcearn"}:
        message = f'some calls of services have no {shown(orgs[0].key)}; add "Null": {{"aws:SourceAccount": "false"}}'
        yield Remark("RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK", message, orgs[0].path)


STATEMENT: tuple[Callable[[Written], Iterator[Remark]], ...] = (resource_control,)
