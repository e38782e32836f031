"""The whole organization, asked once for a run: its accounts, what binds them, and what its own analyzers found.

It takes a call for each unit, for twenty accounts and for twenty attachments of a policy, and for a hundred findings;
nothing for an account by itself.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auditor.aws.entering import NotEnteredError
from auditor.aws.errors import AWS_ERRORS, as_unavailable
from auditor.aws.gather import gather
from auditor.aws.session import Aws
from auditor.aws.sources import analyzer_findings, analyzers, regions
from auditor.aws.sources.organization_policies import GUARDRAILS, enabled
from auditor.core.evidence import Answer
from auditor.core.model import GLOBAL, Gaps, Unavailable
from auditor.core.roster import Listed, Listing

SERVICE = "access-analyzer.amazonaws.com"
ACTIONS = (
    "organizations:DescribeOrganization",
    "organizations:DescribePolicy",
    "organizations:ListAccountsForParent",
    "organizations:ListDelegatedAdministrators",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListPolicies",
    "organizations:ListRoots",
    "organizations:ListTargetsForPolicy",
    *(action for source in (analyzers.ANALYZERS, analyzer_findings.ANALYZER_FINDINGS) for action in source.actions),
    *regions.REGIONS.actions,
)
"""What it asks, all in the account of the deployment, but for the analyzers: those in the account that has them."""

ASKING_SECONDS = 300
"""Of the function's fifteen minutes: what the analyzers do not say by then is a gap in every account."""

ITS_ANALYZERS = "the organization's analyzers"
REFUSED = ("AccessDeniedException", "AWSOrganizationsNotInUseException")
ADVICE = (
    "only the management account and delegated administrators may list an organization. From the management account:"
    f" aws organizations register-delegated-administrator --account-id {{account}} --service-principal {SERVICE}"
)


class OrganizationUnseenError(RuntimeError):
    """The organization does not answer, or is another one; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An account's raw entry of ListAccountsForParent, and what is above it, from its unit up to the root."""

    account: Mapping[str, Any]
    parents: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Guardrails:
    """The roots, raw; the summaries of the policies at each target, by type and the target's id; and the policies."""

    roots: list[Any]
    attached: Mapping[str, Mapping[str, list[Any]]]
    policies: list[Any]

    def shared(self, units: frozenset[str]) -> frozenset[str]:
        """The ids of the policies that are attached to any of the units."""
        return frozenset(
            it["Id"] for targets in self.attached.values() for unit in units & targets.keys() for it in targets[unit]
        )


@dataclass(frozen=True, kw_only=True)
class Shared:
    """The organization's analyzers, raw, and by account what they found; with the Regions that did not answer."""

    analyzers: list[Any] = field(default_factory=list)
    findings: Mapping[str, list[Any]] = field(default_factory=dict)
    analyzer_gaps: Gaps = field(default_factory=dict)
    finding_gaps: Gaps = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class View:
    """An organization as one run sees it; `guardrails` are why not where it did not tell them."""

    organization: Mapping[str, Any]
    units: frozenset[str]
    accounts: Mapping[str, Placed]
    guardrails: Guardrails | Unavailable
    shared: Shared

    @property
    def management(self) -> str:
        """The id of the account that manages it."""
        return str(self.organization["MasterAccountId"])

    def listing(self) -> Listing:
        """The same for the roster."""
        return Listing(accounts=tuple(_listed(it) for it in self.accounts.values()), units=self.units)


def _listed(placed: Placed) -> Listed:
    """`Status` is what AWS said until September 2026."""
    state = placed.account.get("State") or placed.account["Status"]
    path = tuple(it["Id"] for it in reversed(placed.parents))
    return Listed(account=placed.account["Id"], state=state, path=path)


def look(here: Aws, organization: str, enter: Callable[[str], Aws | Unavailable]) -> View:
    """Ask the organization from the account `here`; `enter` gives access to any account, or says why not.

    Raises OrganizationUnseenError if it may not be asked there, or is not the `organization` that is meant.
    """
    client = here.client("organizations")
    try:
        described = client.describe_organization()["Organization"]
        if described["Id"] != organization:
            raise OrganizationUnseenError(
                f"account {here.owner.account} is in {described['Id']}, not in {organization}"
            )
        roots = _all(client, "list_roots", "Roots")
        units, accounts = _tree(client, roots)
    except AWS_ERRORS as error:
        if not any(code in as_unavailable(error).reason for code in REFUSED):
            raise
        why = f"{as_unavailable(error).reason}; {ADVICE.format(account=here.owner.account)}"
        raise OrganizationUnseenError(f"account {here.owner.account} cannot list {organization}: {why}") from error
    return View(
        organization={name: it for name, it in described.items() if name != "MasterAccountEmail"},
        units=units,
        accounts=accounts,
        guardrails=_guardrails(client, roots),
        shared=_shared(here, client, described["MasterAccountId"], enter),
    )


def _all(client: Any, operation: str, member: str, **asked: str) -> list[Any]:
    return list(client.get_paginator(operation).paginate(**asked).build_full_result()[member])


def _tree(client: Any, roots: list[Any]) -> tuple[frozenset[str], dict[str, Placed]]:
    """The ids of the roots and units, and the accounts, from the root down."""
    pending: list[tuple[Mapping[str, str], ...]] = [({"Id": it["Id"], "Type": "ROOT"},) for it in roots]
    units: set[str] = set()
    accounts: dict[str, Placed] = {}
    while pending:
        above = pending.pop()
        parent = above[0]["Id"]
        units.add(parent)
        below = _all(client, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent)
        pending += [({"Id": unit["Id"], "Type": "ORGANIZATIONAL_UNIT"}, *above) for unit in below]
        for account in _all(client, "list_accounts_for_parent", "Accounts", ParentId=parent):
            kept = {name: it for name, it in account.items() if name != "Email"}
            accounts[account["Id"]] = Placed(account=kept, parents=above)
    return frozenset(units), accounts


def _guardrails(client: Any, roots: list[Any]) -> Guardrails | Unavailable:
    try:
        attached = {kind: _attached(client, kind) for kind in enabled(roots)}
        ids = sorted({it["Id"] for targets in attached.values() for some in targets.values() for it in some})
        policies = [client.describe_policy(PolicyId=it)["Policy"] for it in ids]
    except AWS_ERRORS as error:
        return as_unavailable(error)
    return Guardrails(roots=roots, attached=attached, policies=policies)


def _attached(client: Any, kind: str) -> dict[str, list[Any]]:
    """The policies of a type by what they are attached to."""
    found = defaultdict[str, list[Any]](list)
    for policy in _all(client, "list_policies", "Policies", Filter=kind):
        for target in _all(client, "list_targets_for_policy", "Targets", PolicyId=policy["Id"]):
            found[target["TargetId"]].append(policy)
    return dict(found)


def at_levels(guardrails: Guardrails, levels: list[str]) -> list[dict[str, Any]]:
    """What ListPoliciesForTarget would say of each level, type by type, as evidence keeps it."""
    return [
        {"TargetId": level, "Type": kind, "Policies": guardrails.attached[kind].get(level, [])}
        for kind in GUARDRAILS
        if kind in guardrails.attached
        for level in levels
    ]


def _shared(here: Aws, client: Any, management: str, enter: Callable[[str], Aws | Unavailable]) -> Shared:
    """What the organization's analyzers say, in the account that administers them, if there is one that can be asked.

    That is the delegated administrator, else the management account. Where that refuses, nobody is said to have any.
    """
    try:
        delegated = _all(client, "list_delegated_administrators", "DelegatedAdministrators", ServicePrincipal=SERVICE)
        home = next((it["Id"] for it in delegated), management)
        account = here if home == here.owner.account else enter(home)
        if isinstance(account, Unavailable):
            return _unseen(here, account) if delegated else Shared()
        return _analyzed(account.within(ASKING_SECONDS))
    except NotEnteredError as error:
        return _unseen(here, Unavailable(reason=str(error)))
    except AWS_ERRORS as error:
        return _unseen(here, as_unavailable(error))


def _unseen(here: Aws, why: Unavailable) -> Shared:
    """Nothing is known of the organization's analyzers, in any Region."""
    gap = replace(why, reason=f"{ITS_ANALYZERS}: {why.reason}")
    asked = gather(here, (regions.REGIONS,)).answers[regions.REGIONS.name]
    seen = regions.REGIONS.read(asked.raw, here.owner).subjects if isinstance(asked, Answer) else []
    gaps = {it.resource: gap for it in seen} or {GLOBAL: gap}
    return Shared(analyzer_gaps=gaps, finding_gaps=gaps)


def _analyzed(home: Aws) -> Shared:
    named = analyzers.ANALYZERS.gather(home, {regions.REGIONS.name: regions.REGIONS.gather(home, {}).raw})
    ours = [it for it in named.raw["analyzers"] if it["type"].startswith("ORGANIZATION")]
    active = defaultdict[str, list[str]](list)
    for it in ours:
        active[it["arn"].split(":")[3]] += [it["arn"]] if it["status"] == "ACTIVE" else []
    listed, gaps = analyzer_findings.listed(home, active, {})
    found = defaultdict[str, list[Any]](list)
    for finding in listed:
        found[finding["resourceOwnerAccount"]].append(finding)
    return Shared(
        analyzers=ours,
        findings=dict(found),
        analyzer_gaps=dict(_unplanned(named.gaps)),
        finding_gaps=dict(_unplanned(gaps)),
    )


def _unplanned(gaps: Gaps) -> Iterator[tuple[str, Unavailable]]:
    """A Region that is closed in one account says nothing about the others."""
    for region, gap in gaps.items():
        if not gap.inapplicable:
            yield region, replace(gap, reason=f"{ITS_ANALYZERS}: {gap.reason}")
