"""An organization as its management account and its delegated administrators see it, by script, with pages of 20."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.aws.wire import Params, Refused, Reply, always
from tests.build import ago

ID, MANAGEMENT = "o-a1b2c3d4e5", "999988887777"
ROOT, TEAM, INNER, EMPTY = "r-ab12", "ou-ab12-11111111", "ou-ab12-22222222", "ou-ab12-33333333"
SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
SUBUNITS = {ROOT: (TEAM, EMPTY), TEAM: (INNER,)}
TAGS = [{"Key": "team", "Value": "red"}]
LARGEST_PAGE = 20
DESCRIBED = {
    "Id": ID,
    "FeatureSet": "ALL",
    "MasterAccountId": MANAGEMENT,
    "MasterAccountEmail": "boss@example.com",
}


def account(number: int) -> str:
    return f"{100000000000 + number}"


def entry(account: str, **members: Any) -> dict[str, Any]:
    """An entry of Accounts; a member that is None is none."""
    named = {"Id": account, "Name": f"account {account}", "Email": f"{account}@example.com", "State": "ACTIVE"}
    return {name: it for name, it in (named | {"JoinedTimestamp": ago(900)} | members).items() if it is not None}


@dataclass(kw_only=True)
class Organization:
    """`accounts` are the entries by unit, `attached` the targets of each policy by its type and id."""

    accounts: Mapping[str, Sequence[Mapping[str, Any]]]
    attached: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    delegated: Sequence[str] = ()

    def script(self, **replies: Reply) -> dict[str, Reply]:
        types = [{"Type": it, "Status": "ENABLED"} for it in (SCP, RCP, "TAG_POLICY")]
        return {
            "DescribeOrganization": always({"Organization": DESCRIBED}),
            "ListRoots": always({"Roots": [{"Id": ROOT, "Name": "Root", "PolicyTypes": types}]}),
            "ListOrganizationalUnitsForParent": self._units,
            "ListAccountsForParent": lambda asked: _page("Accounts", self.accounts.get(asked["ParentId"], ()), asked),
            "ListPolicies": self._policies,
            "ListTargetsForPolicy": self._targets,
            "DescribePolicy": lambda asked: {
                "Policy": {"PolicySummary": summary(asked["PolicyId"]), "Content": '{"Statement": []}'}
            },
            "ListDelegatedAdministrators": always({"DelegatedAdministrators": [{"Id": it} for it in self.delegated]}),
            "DescribeRegions": always({"Regions": [{"RegionName": it} for it in ("eu-west-1", "us-east-1")]}),
        } | replies

    def natively(self) -> dict[str, Reply]:
        """What an account is answered that asks for itself, and may."""
        entries = {it["Id"]: it for some in self.accounts.values() for it in some}
        above = {it["Id"]: unit for unit, some in self.accounts.items() for it in some}
        above |= {it: unit for unit, some in SUBUNITS.items() for it in some}
        kinds = dict.fromkeys(above.values(), "ORGANIZATIONAL_UNIT") | {ROOT: "ROOT"}

        def attached(asked: Params) -> Mapping[str, Any]:
            held = ((kind, it) for (kind, it), targets in self.attached.items() if asked["TargetId"] in targets)
            return {"Policies": [summary(it) for kind, it in held if kind == asked["Filter"]]}

        return self.script() | {
            "DescribeAccount": lambda asked: {"Account": entries[asked["AccountId"]]},
            "ListParents": lambda asked: {
                "Parents": [{"Id": above[asked["ChildId"]], "Type": kinds[above[asked["ChildId"]]]}]
            },
            "ListPoliciesForTarget": attached,
            "ListTagsForResource": always({"Tags": TAGS}),
        }

    def _units(self, asked: Params) -> Mapping[str, Any]:
        return _page("OrganizationalUnits", [{"Id": it} for it in SUBUNITS.get(asked["ParentId"], ())], asked)

    def _policies(self, asked: Params) -> Mapping[str, Any]:
        return _page("Policies", [summary(it) for kind, it in self.attached if kind == asked["Filter"]], asked)

    def _targets(self, asked: Params) -> Mapping[str, Any]:
        targets: Iterable[str] = next(it for (_, id_), it in self.attached.items() if id_ == asked["PolicyId"])
        return _page("Targets", [{"TargetId": it} for it in targets], asked)


def summary(policy: str) -> dict[str, Any]:
    """A PolicySummary as long as real ones are."""
    arn = f"arn:aws:organizations::{MANAGEMENT}:policy/{ID}/service_control_policy/{policy}"
    said = {"Name": policy.removeprefix("p-"), "Description": f"What {policy} keeps anybody from doing", "Arn": arn}
    return {"Id": policy, "Type": RCP if "resource" in policy else SCP, "AwsManaged": False, **said}


def _page(member: str, items: Sequence[Any], asked: Params) -> dict[str, Any]:
    start = int(asked.get("NextToken", 0))
    more = {"NextToken": str(start + LARGEST_PAGE)} if start + LARGEST_PAGE < len(items) else {}
    return {member: list(items[start : start + LARGEST_PAGE]), **more}


def of_size(accounts: int, policies_each: int = 0) -> Organization:
    """So many accounts below the root, each with policies of its own beside those that AWS attaches everywhere."""
    ids = [account(number) for number in range(accounts)]
    levels = [ROOT, TEAM, INNER, EMPTY, *ids]
    full = {(SCP, "p-FullAWSAccess"): levels, (RCP, "p-resourceFullAWSAccess"): levels}
    own = {(SCP, f"p-guard{number:04d}"): ids for number in range(policies_each)}
    return Organization(accounts={ROOT: [entry(it) for it in ids]}, attached=full | own)


REFUSED = always(Refused("AccessDeniedException", "You don't have permissions to access this resource."))
