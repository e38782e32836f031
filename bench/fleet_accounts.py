"""The accounts of a made-up organization: how large they are, and what AWS answers in one of each size.

Each size is gathered through real clients, which a script answers; all its other accounts are the same with their own
ids, and 2 % of their findings change when they are told to.
"""

import json
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from auditor.core.evaluate import Evaluation, Finding, finding_id
from auditor.core.evidence import Evidence
from auditor.core.model import Owner
from bench.accounts import ACCOUNT, NOW, evidence
from bench.fleet_organization import region_names
from tests.aws.answers import NO_DETAILS, job, service_entry
from tests.aws.test_gather import script
from tests.aws.wire import Params, Reply, always, in_turn, pages_of
from tests.aws.workload_answers import EMPTY

FAULTY = 10
"""One user, role and policy in so many is as `bench.accounts` makes them; the others are as they should be."""

CHANGING = 50
"""Of so many findings, one is mended or new each day on which something changes."""

DOCUMENTS = ("Document", "PolicyDocument", "AssumeRolePolicyDocument")

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Size:
    """A size of account, how many of a thousand have it, and how many findings of those that it would have are left."""

    name: str
    of_1000: int
    users: int
    with_key: int
    roles: int
    policies: int
    findings: int


SIZES = (
    Size(name="small", of_1000=400, users=3, with_key=1, roles=20, policies=5, findings=12),
    Size(name="median", of_1000=400, users=20, with_key=8, roles=60, policies=15, findings=24),
    Size(name="middling", of_1000=150, users=60, with_key=25, roles=150, policies=40, findings=60),
    Size(name="large", of_1000=38, users=200, with_key=80, roles=300, policies=80, findings=200),
    Size(name="largest", of_1000=12, users=500, with_key=200, roles=800, policies=150, findings=700),
)


def size_of(account: str) -> Size:
    """The size of an account: every stretch of a thousand numbers has all of them, well mixed."""
    place = int(account) * 383 % 1000
    for size in SIZES:
        place -= size.of_1000
        if place < 0:
            return size
    raise AssertionError(place)


def answers(size: Size) -> dict[str, Reply]:
    """What an account of that size answers. Its last credential report is a day old, and a new one takes a while."""
    counts = {"users": size.users, "with_key": size.with_key, "roles": size.roles, "policies": size.policies}
    files = evidence(**counts)
    keys: dict[str, list[Any]] = {}
    for key in json.loads(files["access-keys.json"])["AccessKeyMetadata"]:
        keys.setdefault(key["UserName"], []).append(key)
    details = list(pages_of(list(_entities(json.loads(files["authorization-details.json"]))), 1000))
    report = {"Content": files["credential-report.csv"]}
    old, new = ({**report, "GeneratedTime": NOW - timedelta(hours=it)} for it in (24, 0))
    started = {"State": "STARTED"}
    return script(
        GetCredentialReport=in_turn(old, new),
        GenerateCredentialReport=in_turn(started, started, {"State": "COMPLETE"}),
        GetAccountAuthorizationDetails=lambda asked: _details(details, asked),
        ListAccessKeys=lambda asked: {"AccessKeyMetadata": keys.get(asked["UserName"], []), "IsTruncated": False},
        DescribeRegions=always({"Regions": [{"RegionName": it, "OptInStatus": "opted-in"} for it in region_names()]}),
        GetServiceLastAccessedDetails=always(job(service_entry("s3", 1))),
        ListOpenIDConnectProviders=always({"OpenIDConnectProviderList": []}),
        ListSAMLProviders=always({"SAMLProviderList": []}),
        **{name: always(it) for name, it in EMPTY.items()},
    )


def _entities(details: Mapping[str, list[Any]]) -> Iterator[tuple[str, Any]]:
    for kind, them in details.items():
        for number, it in enumerate(them):
            yield kind, it if number % FAULTY == 0 else it | _mended(kind, it)


def _mended(kind: str, it: Mapping[str, Any]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    attached = {"AttachedManagedPolicies": it.get("AttachedManagedPolicies", [])[-1:]}
    match kind:
        case "UserDetailList":
            return {"UserPolicyList": [], "AttachedManagedPolicies": [], "GroupList": ["group-0"]}
        case "RoleDetailList":
            document = {"Version": "2012-10-17", "Statement": [trust]}
            used = {"RoleLastUsed": {"LastUsedDate": (NOW - timedelta(days=1)).isoformat()}}
            return attached | used | {"RolePolicyList": [], "AssumeRolePolicyDocument": document}
        case "GroupDetailList":
            return attached
        case _:
            statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket"}
            document = {"Version": "2012-10-17", "Statement": [statement]}
            return {"PolicyVersionList": [{"Document": document, "VersionId": "v1", "IsDefaultVersion": True}]}


def _details(pages: list[list[tuple[str, Any]]], asked: Params) -> dict[str, Any]:
    number = int(asked.get("Marker", 0))
    more = {"IsTruncated": True, "Marker": str(number + 1)} if number + 1 < len(pages) else {"IsTruncated": False}
    page = pages[number]
    return {name: [_sent(it) for kind, it in page if kind == name] for name in NO_DETAILS} | more


def _sent(value: Any) -> Any:
    """An entity as IAM sends it: its documents are text."""
    if isinstance(value, list):
        return [_sent(it) for it in value]
    if not isinstance(value, dict):
        return value
    return {key: json.dumps(it) if key in DOCUMENTS else _sent(it) for key, it in value.items()}


def renamed(value: T, before: str, after: str) -> T:
    """The same, where it is said of another account."""
    if isinstance(value, str):
        return value.replace(before, after)  # type: ignore[return-value]
    if isinstance(value, dict):
        return {key: renamed(it, before, after) for key, it in value.items()}  # type: ignore[return-value]
    if isinstance(value, list | tuple):
        return type(value)(renamed(it, before, after) for it in value)
    return value


def evidence_of(before: Evidence, owner: Owner, days: int) -> Evidence:
    """The evidence of another account of the same size, so many days later."""
    later = timedelta(days=days)
    text = {name: copy(it) for name, it in before.answers.items()}
    return replace(before, owner=owner, gathered_at=before.gathered_at + later, answers=text)


def seen_in(base: Evaluation, owner: Owner, days: int, *, changed: bool) -> Evaluation:
    """What another account of the same size shows, so many days later; `changed` if 2 % of it is not as before."""
    later, number = timedelta(days=days), int(owner.account)
    moved = (len(base.findings) + number % CHANGING) // CHANGING
    held, mended = (moved + number % 2) // 2, moved // 2
    findings = base.findings[mended:] if changed else base.findings[: len(base.findings) - held]
    return replace(
        base,
        owner=owner,
        evidence_at=base.evidence_at + later,
        findings=tuple(_finding_in(it, owner, later) for it in findings),
        examined={check: replace(it, as_of=it.as_of + later) for check, it in base.examined.items()},
    )


def _finding_in(it: Finding, owner: Owner, later: timedelta) -> Finding:
    told = {name: getattr(it, name) for name in ("uid", "resource", "principal", "reason", "evidence", "fix")}
    ours: dict[str, Any] = renamed(renamed(told, it.owner.account, owner.account), ACCOUNT, owner.account)
    key = finding_id(owner, it.check, it.uid, it.id)
    return replace(it, owner=owner, id=key, evidence_at=it.evidence_at + later, **ours)
