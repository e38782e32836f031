"""What a run is about, in the evidence bucket: written when it is planned, read account by account.

runs/<partition>/<clock>/plan.json                 the roster, whole
runs/<partition>/<clock>/items.json                what is to be done, an entry an account; the map reads it
runs/<partition>/<clock>/organization.json         what of the organization holds for every account
runs/<partition>/<clock>/accounts/<account>.json   and what of one: its own policies, what the analyzers found
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import boto3

from auditor.aws.organization_view import Guardrails, Shared, View, at_levels
from auditor.aws.sources.delegated_administrators import DELEGATED_ADMINISTRATORS
from auditor.aws.sources.organization_features import ORGANIZATION_FEATURES
from auditor.aws.sources.organization_policies import GUARDRAILS, ORGANIZATION_POLICIES
from auditor.aws.told import Told
from auditor.core.model import Gaps, Unavailable
from auditor.core.roster import Assignment, Roster, Work

PREFIX = "runs"
WRITE_ACTIONS = ("s3:PutObject",)
READ_ACTIONS = ("s3:GetObject",)
"""On the objects below `PREFIX`."""

ORGANIZATIONS_OWN = (DELEGATED_ADMINISTRATORS, ORGANIZATION_FEATURES)
"""Sources about the organization and no account of it: only one account is asked."""

SIDE_BY_SIDE = 16


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The first `at_once` audits of a run begin one after the other, in the time `over`."""

    at_once: int
    over: timedelta

    def waits(self) -> Iterator[int]:
        """Seconds that each audit of the run waits for; nothing where the one before it was in the way anyhow."""
        for number in count():
            yield int(self.over.total_seconds()) * number // self.at_once if number < self.at_once else 0


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """The account that is asked about the organization itself.

    `judged` are those of the organization's own sources whose facts its last audit has judged: only what is known
    there may end elsewhere.
    """

    account: str
    judged: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunStore:
    """A bucket. `s3` is a boto3 client, which threads may share."""

    s3: Any
    bucket: str

    def keep(self, run: str, roster: Roster, view: View | None, speaker: Speaker, spread: Spread) -> str:
        """Put everything that the run needs, and what it was planned from; the key of the map's items."""
        own = _own(view, roster.planned) if view else {}
        if view:
            self._put(f"{run}/organization.json", _organization(view, speaker))
            with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
                list(pool.map(lambda it: self._put(_account_key(run, it), own[it]), own))
        self._put(f"{run}/plan.json", asdict(roster))
        self._put(f"{run}/items.json", list(_items(roster, view, own.keys(), spread)))
        return f"{run}/items.json"

    def plan(self, run: str) -> Roster:
        """The roster of a run."""
        raw = self._get(f"{run}/plan.json")
        assignments = (Assignment(**{**it, "work": Work(it["work"])}) for it in raw["assignments"])
        return Roster(
            planned=tuple(raw["planned"]),
            assignments=tuple(assignments),
            skipped=raw["skipped"],
            lost=tuple(raw["lost"]),
        )

    def told(self, run: str, item: Mapping[str, Any], session: boto3.Session, as_of: datetime) -> Told:
        """What the organization said of the account of an item, for its audit; see `Told`."""
        shared, account = self._get(f"{run}/organization.json"), item["Account"]["Id"]
        targets = list(_upwards([*shared["levels"], *item["levels"]], [account, *(up["Id"] for up in item["Parents"])]))
        names = {policy["Id"] for target in targets for policy in target["Policies"]}
        own = self._get(_account_key(run, account)) if item["own"] else {"findings": [], "policies": []}
        known = {it["PolicySummary"]["Id"]: it for it in (*shared["policies"], *own["policies"])}
        policies = [known[name] for name in sorted(names & known.keys())]
        return Told(
            organization=shared["organization"],
            account=item["Account"],
            parents=item["Parents"],
            guardrails={"Roots": shared["roots"], "Targets": targets, "Policies": policies},
            analyzers=shared["analyzers"],
            findings=own["findings"],
            as_of=as_of,
            session=session,
            analyzer_gaps=_gaps(shared["analyzer_gaps"]),
            finding_gaps=_gaps(shared["finding_gaps"]),
            instead=dict(_instead(shared, account)),
        )

    def _put(self, key: str, body: Any) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(body, default=_iso).encode())

    def _get(self, key: str) -> Any:
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def place_of(partition: str, clock: datetime) -> str:
    """Where the objects of a run lie."""
    return f"{PREFIX}/{partition}/{clock:%Y-%m-%dT%H-%M-%SZ}"


def _account_key(run: str, account: str) -> str:
    return f"{run}/accounts/{account}.json"


def _known(view: View) -> Guardrails:
    """The guardrails; none where they were not told, which the run's objects say apart."""
    known = view.guardrails
    return known if isinstance(known, Guardrails) else Guardrails(roots=[], attached={}, policies=[])


def _own(view: View, accounts: Iterable[str]) -> dict[str, dict[str, list[Any]]]:
    """What was said of one account alone, of those where that is anything.

    That is what was found there, and the policies that are attached to no unit.
    """
    guardrails = _known(view)
    shared = guardrails.shared(view.units)
    policies = {it["PolicySummary"]["Id"]: it for it in guardrails.policies}
    own: dict[str, dict[str, list[Any]]] = {}
    for account in accounts:
        attached = {it["Id"] for targets in guardrails.attached.values() for it in targets.get(account, [])}
        alone = [policies[name] for name in sorted(attached - shared)]
        if (found := view.shared.findings.get(account, [])) or alone:
            own[account] = {"findings": found, "policies": alone}
    return own


def _organization(view: View, speaker: Speaker) -> dict[str, Any]:
    """What is the same for every account. It grows with the units, of which AWS allows 2,000, and not with accounts."""
    guardrails, told = view.guardrails, _known(view)
    shared = told.shared(view.units)
    return {
        "organization": dict(view.organization),
        "speaker": asdict(speaker),
        "roots": told.roots,
        "levels": at_levels(told, sorted(view.units)),
        "policies": [it for it in told.policies if it["PolicySummary"]["Id"] in shared],
        "guardrails_unavailable": guardrails.reason if isinstance(guardrails, Unavailable) else None,
        **_shared(view.shared),
    }


def _shared(shared: Shared) -> dict[str, Any]:
    return {
        "analyzers": shared.analyzers,
        "analyzer_gaps": {region: gap.reason for region, gap in shared.analyzer_gaps.items()},
        "finding_gaps": {region: gap.reason for region, gap in shared.finding_gaps.items()},
    }


def _items(roster: Roster, view: View | None, own: Collection[str], spread: Spread) -> Iterator[dict[str, Any]]:
    """The entries of the map; `own` are the accounts that have an object of their own."""
    waits = spread.waits()
    for it in roster.assignments:
        wait = next(waits) if it.work is Work.AUDIT else 0
        placed = {"organization": _placed(it.account, view, own)} if view and it.work is Work.AUDIT else {}
        yield {"account": it.account, "work": it.work, "reason": it.reason, "wait": wait, **placed}


def _placed(account: str, view: View, own: Collection[str]) -> dict[str, Any] | None:
    """What the organization says of one account only; None for the deployment's own, if it is in another one."""
    placed = view.accounts.get(account)
    if placed is None:
        return None
    return {
        "Account": dict(placed.account),
        "Parents": [dict(it) for it in placed.parents],
        "levels": at_levels(_known(view), [account]),
        "own": account in own,
    }


def _upwards(targets: Iterable[Any], levels: list[str]) -> Iterator[Any]:
    """The targets at an account's levels, in the order in which they would have been asked for."""
    known = {(it["Type"], it["TargetId"]): it for it in targets}
    for kind in GUARDRAILS:
        yield from (known[kind, level] for level in levels if (kind, level) in known)


def _gaps(reasons: Mapping[str, str]) -> Gaps:
    return {region: Unavailable(reason=reason) for region, reason in reasons.items()}


def _instead(shared: Mapping[str, Any], account: str) -> Iterable[tuple[str, Unavailable]]:
    if shared["guardrails_unavailable"]:
        yield ORGANIZATION_POLICIES.name, Unavailable(reason=shared["guardrails_unavailable"])
    speaker = Speaker(**shared["speaker"])
    if account != speaker.account:
        why = f"the organization's own facts are judged once, in account {speaker.account}"
        gap = Unavailable(reason=why, inapplicable=True)
        for source in ORGANIZATIONS_OWN:
            yield source.name, replace(gap, elsewhere=speaker.account) if source.name in speaker.judged else gap
