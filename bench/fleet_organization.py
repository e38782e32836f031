"""A made-up organization of any size: what AWS would say of it, page by page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.aws.answers import analyzer_entry, finding_entry
from tests.aws.wire import Params, Reply, always
from tests.build import ago

AUDIT_ACCOUNT = "123456789012"
ORGANIZATION, ROOT = "o-a1b2c3d4e5", "r-ab12"
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"

PAGE = 20
"""What ListAccountsForParent, ListTargetsForPolicy and their like give at once."""

FINDINGS_PAGE = 100
IN_A_UNIT = 40
"""Accounts in each organizational unit, all below the root."""

GUARDRAILS = 10
"""Service control policies of the organization's own; each is attached to every tenth unit."""

REGIONS = 17
WITH_FINDING = 100
"""One account in so many has something that the organization's analyzer of each Region found."""

DENY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:PutAccountPublicAccessBlock","Resource":"*"}]}'
)


def account_id(number: int) -> str:
    """Of a member; the audit account is none of these."""
    return f"{200_000_000_000 + number}"


@dataclass(kw_only=True)
class Organization:
    """An organization of `size` accounts, the one that audits it among them."""

    size: int
    units: list[str] = field(init=False)
    accounts: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        ids = [AUDIT_ACCOUNT, *map(account_id, range(1, self.size))]
        places = range(0, self.size, IN_A_UNIT)
        self.units = [f"ou-ab12-{number:08}" for number in range(len(places))]
        self.accounts = {unit: ids[at : at + IN_A_UNIT] for unit, at in zip(self.units, places, strict=True)}

    @property
    def ids(self) -> Iterator[str]:
        for some in self.accounts.values():
            yield from some

    @cached_property
    def targets(self) -> dict[str, list[dict[str, Any]]]:
        """What each policy is attached to: AWS's own two to everything."""
        everything = [ROOT, *self.units, *self.ids]
        attached = {"p-FullAWSAccess": everything, "p-RCPFullAWSAccess": everything}
        attached |= {f"p-guard{number:03}": self.units[number::GUARDRAILS] for number in range(GUARDRAILS)}
        return {name: [_target(it) for it in them] for name, them in attached.items()}

    @cached_property
    def findings(self) -> list[dict[str, Any]]:
        some = list(self.ids)[1::WITH_FINDING]
        return [finding_entry(number, resourceOwnerAccount=it) for number, it in enumerate(some)]

    def script(self) -> dict[str, Reply]:
        """What it answers, by operation."""
        described = {"Id": ORGANIZATION, "FeatureSet": "ALL", "MasterAccountId": account_id(0)}
        types = [{"Type": it, "Status": "ENABLED"} for it in (SCP, RCP)]
        named = [{"RegionName": it, "OptInStatus": "opt-in-not-required"} for it in region_names()]
        analyzer = analyzer_entry(type="ORGANIZATION")
        return {
            "DescribeOrganization": always({"Organization": described}),
            "ListRoots": always({"Roots": [{"Id": ROOT, "Name": "Root", "PolicyTypes": types}]}),
            "ListOrganizationalUnitsForParent": self._units,
            "ListAccountsForParent": self._accounts,
            "ListPolicies": lambda asked: {"Policies": [it for it in map(_policy, self.targets) if _is(it, asked)]},
            "ListTargetsForPolicy": lambda asked: _page("Targets", self.targets[asked["PolicyId"]], asked),
            "DescribePolicy": _described,
            "ListDelegatedAdministrators": always({"DelegatedAdministrators": [{"Id": AUDIT_ACCOUNT}]}),
            "DescribeRegions": always({"Regions": named}),
            "ListAnalyzers": always({"analyzers": [analyzer]}),
            "ListFindingsV2": lambda asked: _page("findings", self.findings, asked, FINDINGS_PAGE, "nextToken"),
        }

    def _units(self, asked: Params) -> Mapping[str, Any]:
        below = [{"Id": it, "Name": it} for it in self.units] if asked["ParentId"] == ROOT else []
        return _page("OrganizationalUnits", below, asked)

    def _accounts(self, asked: Params) -> Mapping[str, Any]:
        return _page("Accounts", list(map(_account, self.accounts.get(asked["ParentId"], []))), asked)


def region_names() -> list[str]:
    return [f"eu-west-{number}" for number in range(1, REGIONS + 1)]


def _page(
    member: str,
    items: list[Any],
    asked: Params,
    size: int = PAGE,
    token: str = "NextToken",  # noqa: S107
) -> dict[str, Any]:
    start = int(asked.get(token, 0))
    more = {token: str(start + size)} if start + size < len(items) else {}
    return {member: items[start : start + size], **more}


def _account(account: str) -> dict[str, Any]:
    arn = f"arn:aws:organizations::{account_id(0)}:account/{ORGANIZATION}/{account}"
    joined = {"JoinedMethod": "CREATED", "JoinedTimestamp": ago(900)}
    return {"Id": account, "Arn": arn, "Name": f"team-{account}", "Status": "ACTIVE", "State": "ACTIVE", **joined}


def _target(it: str) -> dict[str, Any]:
    kind = {"r": "ROOT", "o": "ORGANIZATIONAL_UNIT"}.get(it[0], "ACCOUNT")
    return {"TargetId": it, "Name": it, "Arn": f"arn:aws:organizations::{account_id(0)}:{it}", "Type": kind}


def _policy(name: str) -> dict[str, Any]:
    return {"Id": name, "Name": name, "Type": RCP if "RCP" in name else SCP, "AwsManaged": "Full" in name}


def _is(policy: Mapping[str, Any], asked: Params) -> bool:
    return bool(policy["Type"] == asked["Filter"])


def _described(asked: Params) -> Mapping[str, Any]:
    return {"Policy": {"PolicySummary": _policy(asked["PolicyId"]), "Content": DENY}}
