"""Resources and policy variables: how ARNs are written, and whether there are such."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from auditor.policy.actions import service
from auditor.policy.covering import WILDCARDS
from auditor.policy.lint_codes import Path, Remark, shown
from auditor.policy.match import ARN_FIELDS
from auditor.policy.written import Kind, Written

PARTITIONS = "aws aws-cn aws-us-gov aws-eusc aws-iso aws-iso-b aws-iso-e aws-iso-f".split()
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}|global|")
ACCOUNT = re.compile(r"\d{12}|[a-z][a-z-]*|")
"""An account, or a name of AWS's own such as ``aws`` or ``cloudfront``."""

VARIABLE = re.compile(r"\$\{[^{}]*\}")
ROOT = "root"
"""What stands for an account as a whole."""

OWN_ONLY = frozenset("dynamodb ecr ecs firehose iam kinesis kms lambda logs rds secretsmanager sns sqs states".split())
"""Services in which AWS has no resources of its own that customers name, without an account."""

REMEMBERED = 1 << 13
Said = tuple[str, str]
"""A code and a message, of what is the same wherever it stands."""

EXAMINED = 500
"""ARNs of a statement: more are not compared with what its actions are about."""


def arns(it: Written) -> Iterator[Remark]:
    """What is said of each ARN of Resource and NotResource."""
    if it.kind is Kind.TRUST:
        return
    for element in ("Resource", "NotResource"):
        for text, place in it.texts(element):
            for code, message in of_arn(_settled(text, it), text):
                yield Remark(code, message, place)


def _settled(arn: str, it: Written) -> str:
    """The ARN with a star where a variable is: its value may have any form."""
    return VARIABLE.sub("*", arn) if it.variables and "${" in arn else arn


@lru_cache(maxsize=REMEMBERED)
def of_arn(arn: str, text: str) -> tuple[Said, ...]:
    """What is said of an ARN; `text` is how it is written."""
    fields = arn.split(":", ARN_FIELDS - 1)
    if not WILDCARDS.sub("", arn):
        return ()
    if fields[0] != "arn" and not WILDCARDS.search(fields[0]):
        return (("INVALID_ARN_PREFIX", f"{shown(text)} does not begin with arn:"),)
    if len(fields) < ARN_FIELDS:
        short = ("MISSING_ARN_FIELD", f"{shown(text)} has fewer than {ARN_FIELDS} fields between colons")
        return () if fields[-1].endswith("*") else (short,)
    return tuple(_fields(fields)) or tuple(_typed(fields, text))


def _fields(fields: list[str]) -> Iterator[Said]:
    _, partition, name, region, account, _ = (None if WILDCARDS.search(it) else it for it in fields)
    if partition is not None and partition not in PARTITIONS:
        yield "INVALID_PARTITION", f"{shown(partition)} is no partition, as aws is"
    if name is not None and name != name.lower():
        yield "INVALID_ARN_SERVICE_CASE", f"{shown(name)} is written in lower case"
    if region is not None and not REGION.fullmatch(region):
        yield "INVALID_ARN_REGION", f"{shown(region)} is no Region"
    if account is not None and not ACCOUNT.fullmatch(account):
        yield "INVALID_ARN_ACCOUNT", f"{shown(account)} is no account: that has 12 digits"
    if name is None:
        yield "WILDCARD_IN_SERVICE_NAME", f"{shown(fields[2])} may stand for services that are not meant"


def _typed(fields: list[str], text: str) -> Iterator[Said]:
    """Whether the service has resources with such an ARN; of a service that is not known nothing is said."""
    forms = _forms(fields[2])
    alike = [form for form in forms if _meet(_head(form[5]), _head(fields[5]))]
    if forms and not alike and fields[5] != ROOT:
        yield "INVALID_ARN_RESOURCE", f"{shown(text)}: {fields[2]} has no such resources"
    for at, code, missing in ((3, "REGION", "a Region"), (4, "ACCOUNT", "an account")) if alike else ():
        if fields[at] == "" and fields[2] in OWN_ONLY and all(form[at] for form in alike):
            yield f"MISSING_ARN_{code}", f"{shown(text)}: such resources of {fields[2]} have {missing}"
        if fields[at].strip("*?") and not any(form[at] for form in alike):
            yield f"ARN_{code}_NOT_ALLOWED", f"{shown(text)}: such resources of {fields[2]} have none"


@lru_cache(maxsize=1024)
def _forms(name: str) -> tuple[tuple[str, ...], ...]:
    """The fields of the ARNs of all resources of a service; none where its ARNs are of another one."""
    found = service(name)
    fields = [tuple(it.pattern.split(":", ARN_FIELDS - 1)) for it in found.resources] if found else []
    return tuple(it for it in fields if len(it) == ARN_FIELDS and it[2] == name)


def _head(pattern: str) -> tuple[str, bool]:
    """The pattern up to its first wildcard, and whether that is all of it."""
    found = WILDCARDS.search(pattern)
    return (pattern[: found.start()], False) if found else (pattern, True)


def _meet(one: tuple[str, bool], other: tuple[str, bool]) -> bool:
    """Whether two patterns agree as far as both are literal: if not, no text is admitted by both."""
    if one[1] and other[1]:
        return one[0] == other[0]
    return (not other[1] and one[0].startswith(other[0])) or (not one[1] and other[0].startswith(one[0]))


Heads = tuple[tuple[str, bool], ...]


@lru_cache(maxsize=REMEMBERED)
def heads(arn: str) -> Heads:
    """What `meets` compares: how each field of an ARN pattern begins; first those that tell most apart."""
    fields = [_head(it) for it in arn.split(":", ARN_FIELDS - 1)]
    return (*fields[2:3], *fields[5:], *fields[:2], *fields[3:5]) if len(fields) == ARN_FIELDS else ()


def meets(arn: Heads, kind: Heads) -> bool:
    """Whether the resources of two ARN patterns may be the same: only what is certain is denied."""
    return all(map(_meet, arn, kind))


def variables(it: Written) -> Iterator[Remark]:
    """What is said of ``${…}`` in all elements."""
    for element, value in it.raw.items():
        for text, place in _strings(value, (*it.path, element)) if element != "Sid" else ():
            if "${" in text:
                yield from _variables(it, element, text, place)


def _strings(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(value, str):
        yield value, path
    elif isinstance(value, Mapping):
        for key, member in value.items():
            yield from _strings(member, (*path, key))
    elif isinstance(value, list):
        for at, member in enumerate(value):
            yield from _strings(member, (*path, at))


def _variables(it: Written, element: str, text: str, place: Path) -> Iterator[Remark]:
    if element not in {"Resource", "NotResource", "Condition"}:
        message = f"{element} has no policy variables; {shown(text)} is taken as it is written"
        yield Remark("VARIABLE_UNSUPPORTED_IN_ELEMENT", message, place)
    elif not it.variables:
        message = f"without Version 2012-10-17 {shown(text)} is taken as it is written"
        yield Remark("VARIABLE_UNSUPPORTED_IN_VERSION", message, place)
    else:
        problems = (_variable(part) for part in text.split("${")[1:])
        for code, message in [it for it in problems if it][:1]:
            yield Remark(code, f"{shown(text)}: {message}", place)


def _variable(part: str) -> Said | None:
    """What is wrong with a variable, of which the dollar and the brace are cut off."""
    inside, closed, _ = part.partition("}")
    name, comma, default = inside.partition(",")
    default = default.strip()
    if not closed:
        return "MISSING_BRACE_IN_VARIABLE", "a variable has no closing brace"
    if not name.strip():
        return "EMPTY_VARIABLE", "a variable has no name"
    if " " in name.rstrip() or name.startswith(" "):
        return "UNSUPPORTED_SPACE_IN_VARIABLE", "the name of a variable has a space"
    if comma and not (len(default) > 1 and default[0] == default[-1] == "'"):
        return "MISSING_QUOTE_IN_VARIABLE", "the default of a variable stands in single quotes"
    return None


STATEMENT: tuple[Callable[[Written], Iterator[Remark]], ...] = (arns, variables)
