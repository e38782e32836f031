"""The values that conditions compare with: dates, numbers, addresses, and wildcards where they say nothing."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from auditor.policy.lint_codes import Path, Remark, shown
from auditor.policy.written import Comparison

DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
LONGEST = 64
"""Characters of a date or number; longer ones are none."""

INSIDE = "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 127.0.0.0/8 169.254.0.0/16 100.64.0.0/10 fc00::/7 fe80::/10"
PRIVATE = tuple(map(ip_network, INSIDE.split()))
"""Ranges of addresses that are not seen from outside."""

IDENTIFIERS = {
    *("aws:principalaccount", "aws:principalorgid", "aws:resourceaccount", "aws:resourceorgid", "aws:sourceaccount"),
    *("aws:sourceorgid", "aws:sourcevpc", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid"),
}
"""Keys whose values have no common part that would mean anything."""

VPC = {
    "aws:sourcevpc": ("INVALID_VPC_FORMAT", re.compile(r"vpc-([0-9a-z]{8}|[0-9a-z]{17})")),
    "aws:sourcevpce": ("INVALID_VPCE_FORMAT", re.compile(r"vpce-([0-9a-z]{8}|[0-9a-z]{17})")),
}
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}")


def _numbers(test: Comparison) -> Iterator[Remark]:
    for value, place in _plain(test):
        if not (len(value) <= LONGEST and NUMBER.fullmatch(value)):
            yield Remark("TYPE_MISMATCH_NUMBER", f"{shown(value)} is no number", place)
    if len(test.values) > 1 and ("less" in test.operator or "greater" in test.operator):
        which = "greatest" if "less" in test.operator else "least"
        message = f"of several values only the {which} counts"
        yield Remark("REDUNDANT_CONDITION_VALUE_NUM", message, test.path)


def _dates(test: Comparison) -> Iterator[Remark]:
    for value, place in _plain(test):
        if len(value) <= LONGEST and value.isdigit():
            yield Remark("INVALID_DATE_VALUE", f"{value} is a number of seconds; write the date as YYYY-MM-DD", place)
        elif not _is_date(value):
            yield Remark("TYPE_MISMATCH_DATE", f"{shown(value)} is no date such as 2026-11-20", place)


def _is_date(text: str) -> bool:
    found = DATE.fullmatch(text) if len(text) <= LONGEST else None
    try:
        return found is not None and bool(date.fromisoformat(found[1]))
    except ValueError:
        return False


def _booleans(test: Comparison) -> Iterator[Remark]:
    for value, place in _plain(test):
        if value.lower() not in {"true", "false"}:
            yield Remark("TYPE_MISMATCH_BOOLEAN", f"{shown(value)} is neither true nor false", place)
    if len(test.values) > 1:
        message = f"{shown(test.key)} is compared with several Booleans; one is enough"
        yield Remark("INVALID_CONDITION_MULTIPLE_BOOLEAN", message, test.path)


def _binary(test: Comparison) -> Iterator[Remark]:
    for value, place in _plain(test):
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            yield Remark("TYPE_MISMATCH_STRING", f"{shown(value)} is not encoded as base64", place)


def _plain(test: Comparison) -> list[tuple[str, Path]]:
    """The values as text, without those that hold variables, lists or objects."""
    simple = [(it, place) for it, place in test.values if isinstance(it, str | int | float)]
    texts = [(_text(it), place) for it, place in simple]
    return [(it, place) for it, place in texts if "${" not in it]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _addresses(test: Comparison) -> Iterator[Remark]:
    networks = []
    for value, place in _plain(test):
        network = _network(value)
        if network is None:
            yield Remark(
                "TYPE_MISMATCH_IP_RANGE", f"{shown(value)} is no address or range such as 203.0.113.0/24", place
            )
        else:
            networks.append(network)
            if (
                not value.lower().startswith(str(network.network_address).lower())
                and "/" in value
                and "::" not in value
            ):
                message = f"{shown(value)} is the range {network}: what follows is ignored"
                yield Remark("IMPROVE_IP_RANGE", message, place)
    if networks and test.key.lower() == "aws:sourceip":
        yield from _private(test, [any(_within(it, other) for other in PRIVATE) for it in networks])


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False) if len(text) <= LONGEST else None
    except ValueError:
        return None


def _within(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    if isinstance(one, IPv4Network):
        return isinstance(other, IPv4Network) and one.subnet_of(other)
    return isinstance(other, IPv6Network) and one.subnet_of(other)


def _private(test: Comparison, private: list[bool]) -> Iterator[Remark]:
    name = "PRIVATE_NOT_IP_ADDRESS" if test.negated else "PRIVATE_IP_ADDRESS"
    message = "aws:SourceIp is a public address; for those inside a VPC there is aws:VpcSourceIp"
    if all(private):
        yield Remark(name, message, test.path)
    elif any(private):
        yield Remark(f"{name}_SUBSET", message, test.path)


def _formats(test: Comparison) -> Iterator[Remark]:
    """Values that the key never has."""
    key = test.key.lower()
    for value, place in test.texts:
        bare = value.replace("${*}", "")
        if "*" in bare or "?" in bare or "${" in value:
            yield from _open_ended(test, value, place)
        elif key in VPC and not VPC[key][1].fullmatch(value):
            yield Remark(VPC[key][0], f"{shown(value)} is not written like one for {test.key}", place)
        elif key == "aws:requestedregion" and not REGION.fullmatch(value):
            yield Remark("INVALID_REGION", f"{shown(value)} is no Region", place)


def _open_ended(test: Comparison, value: str, place: Path) -> Iterator[Remark]:
    if test.key.lower() not in IDENTIFIERS or not test.operator.endswith("like"):
        return
    if "${" in value:
        if not value.startswith("${aws:"):
            message = f"{shown(test.key)} is compared with what the caller may choose"
            yield Remark("VARIABLE_USAGE_TOO_PERMISSIVE", message, place)
    else:
        message = f"parts of {shown(test.key)} mean nothing: {shown(value)} admits strangers"
        yield Remark("WILDCARD_USAGE_TOO_PERMISSIVE", message, place)


def _everything(test: Comparison) -> Iterator[Remark]:
    """Comparisons with ``*``, which every value meets."""
    if not test.operator.endswith("like") or not any(text and not text.strip("*") for text, _ in test.texts):
        return
    if test.if_exists or test.qualifier == "forallvalues":
        if not test.negated:
            message = f"{shown(test.key)} is like * always; leave it out"
            yield Remark("REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", message, test.path)
    elif test.negated:
        message = f'only a request without {shown(test.key)} meets it; write "Null": {{"{shown(test.key)}": "true"}}'
        yield Remark("EQUIVALENT_TO_NULL_TRUE", message, test.path)
    else:
        message = f'any value of {shown(test.key)} meets it; write "Null": {{"{shown(test.key)}": "false"}}'
        yield Remark("EQUIVALENT_TO_NULL_FALSE", message, test.path)


VALUES: Mapping[str, tuple[Callable[[Comparison], Iterator[Remark]], ...]] = {
    "String": (_formats, _everything),
    "ARN": (_formats, _everything),
    "Numeric": (_numbers,),
    "Date": (_dates,),
    "Bool": (_booleans,),
    "Null": (_booleans,),
    "Binary": (_binary,),
    "IPAddress": (_addresses,),
}
"""The rules by what an operator compares."""
