"""What a run was planned from lies in the bucket, small; what is told of an account is what it would have heard."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from moto import mock_aws

from auditor.aws.evidence_files import EvidenceError, decode, encode
from auditor.aws.gather import gather, snapshot
from auditor.aws.organization_view import Shared, View, look
from auditor.aws.run_store import ORGANIZATIONS_OWN, RunStore, Speaker, Spread, place_of
from auditor.aws.session import Aws
from auditor.aws.source import Source
from auditor.aws.sources.analyzer_findings import ANALYZER_FINDINGS
from auditor.aws.sources.analyzers import ANALYZERS
from auditor.aws.sources.delegated_administrators import DELEGATED_ADMINISTRATORS
from auditor.aws.sources.organization import ORGANIZATION
from auditor.aws.sources.organization_features import ORGANIZATION_FEATURES
from auditor.aws.sources.organization_policies import ORGANIZATION_POLICIES
from auditor.aws.sources.regions import REGIONS
from auditor.checks import CATALOGUE
from auditor.core.evaluate import evaluate
from auditor.core.evidence import Answer, Evidence
from auditor.core.life import Resolution
from auditor.core.model import Observed, Owner, Unavailable
from auditor.core.reconcile import reconcile
from auditor.core.roster import Assignment, Roster, Work
from auditor.core.subjects.access_analyzer import Analyzer
from auditor.core.subjects.credentials import RootUser
from tests.aws.answers import analyzer_entry, finding_entry, report, root_row
from tests.aws.scripted_organization import ID, MANAGEMENT, REFUSED, Organization, of_size
from tests.aws.test_organization_view import DELEGATE, DELEGATED, HUB, A, B, aws, found
from tests.aws.test_organization_view import analyzer as organizations
from tests.aws.wire import Params, Refused, Wire, always, new_session
from tests.build import NOW, audited, evaluation, finding
from tests.deployed.access_analyzer import RegionAnswers

SPREAD = Spread(at_once=20, over=timedelta(minutes=5))
RUN = place_of("aws", NOW)
SOURCES = (
    *(REGIONS, ANALYZERS, ANALYZER_FINDINGS, ORGANIZATION, ORGANIZATION_POLICIES),
    *(DELEGATED_ADMINISTRATORS, ORGANIZATION_FEATURES),
)
EU = organizations("eu-west-1")
OWN = analyzer_entry(arn=f"arn:aws:access-analyzer:eu-west-1:{A}:analyzer/own", name="own")
(ABOUT_A, KEPT_A), (ABOUT_B, KEPT_B) = found(1, A, EU), found(2, B, EU)
OF_OWN = finding_entry(3, resourceOwnerAccount=A)
CENTRAL: dict[str, RegionAnswers] = {
    "eu-west-1": {"analyzers": [EU], "findings": {EU["arn"]: [ABOUT_A, ABOUT_B]}},
}


@pytest.fixture
def store() -> Iterator[RunStore]:
    with mock_aws():
        s3 = new_session().client("s3")
        s3.create_bucket(Bucket="kept")
        yield RunStore(s3=s3, bucket="kept")


def roster(*planned: str, **others: Any) -> Roster:
    assignments = tuple(Assignment(account=it, work=Work.AUDIT) for it in planned)
    return Roster(**{"planned": planned, "assignments": assignments, "skipped": {}, "lost": (), **others})


def view(organization: Organization = DELEGATED) -> View:
    script = organization.script()
    return look(aws(Wire(script=script)), ID, lambda it: aws(Wire(script=script), it, CENTRAL))


def kept(store: RunStore, name: str) -> Any:
    return json.loads(store.s3.get_object(Bucket="kept", Key=f"{RUN}/{name}")["Body"].read())


def keep(
    store: RunStore, planned: Iterable[str], seen: View | None, speaker: str = HUB, judged: Iterable[Source] = ()
) -> dict[str, dict[str, Any]]:
    """The items by account."""
    speaking = Speaker(account=speaker, judged=tuple(it.name for it in judged))
    key = store.keep(RUN, roster(*planned), seen, speaking, SPREAD)
    assert key == f"{RUN}/items.json"
    return {it["account"]: it for it in kept(store, "items.json")}


# What lies in the bucket.


def test_objects_of_a_run_lie_under_its_partition_and_clock(store: RunStore) -> None:
    keep(store, (HUB, A), view())
    names = [it["Key"] for it in store.s3.list_objects_v2(Bucket="kept")["Contents"]]
    below = ("accounts/" + A + ".json", "items.json", "organization.json", "plan.json")
    assert names == [f"runs/aws/2026-11-20T06-00-00Z/{it}" for it in below], "and no findings of who is not planned"


def test_plan_is_read_as_it_was_kept(store: RunStore) -> None:
    plan = roster(
        A,
        assignments=(
            Assignment(account=B, work=Work.END, reason="the account is closed"),
            Assignment(account=A, work=Work.AUDIT),
        ),
        skipped={B: "the account is closed"},
        lost=("555566667777",),
    )
    store.keep(RUN, plan, view(), Speaker(account=HUB), SPREAD)
    assert store.plan(RUN) == plan


def test_run_without_an_organization_is_a_plan_and_its_items(store: RunStore) -> None:
    assert keep(store, (A, B), None) == {
        A: {"account": A, "work": "AUDIT", "reason": "", "wait": 0},
        B: {"account": B, "work": "AUDIT", "reason": "", "wait": 15},
    }
    assert len(store.s3.list_objects_v2(Bucket="kept")["Contents"]) == 2


def test_item_of_an_account_that_is_not_audited_is_told_nothing_and_waits_for_nobody(store: RunStore) -> None:
    assignments = (Assignment(account=B, work=Work.MISS, reason="left"), Assignment(account=A, work=Work.AUDIT))
    store.keep(RUN, roster(A, assignments=assignments), view(), Speaker(account=HUB), SPREAD)
    first, second = kept(store, "items.json")
    assert first == {"account": B, "work": "MISS", "reason": "left", "wait": 0}
    assert second["wait"] == 0


def test_items_stay_small_also_where_accounts_have_ten_policies_of_their_own(store: RunStore) -> None:
    seen = view(of_size(20, policies_each=10))
    items = keep(store, seen.accounts, seen)
    assert len(items) == 20
    assert max(len(json.dumps(it)) for it in items.values()) < 8000


def test_what_holds_for_every_account_does_not_grow_with_their_number(store: RunStore) -> None:
    sizes = []
    for number in (10, 200):
        keep(store, (), view(of_size(number, policies_each=2)))
        sizes.append(len(json.dumps(kept(store, "organization.json"))))
    assert sizes[0] == sizes[1]


# When each audit begins.


@pytest.mark.parametrize(
    ("spread", "waits"),
    [
        (Spread(at_once=4, over=timedelta(minutes=2)), [0, 30, 60, 90, 0, 0]),
        (Spread(at_once=1, over=timedelta(minutes=5)), [0, 0, 0, 0, 0, 0]),
        (Spread(at_once=40, over=timedelta(0)), [0, 0, 0, 0, 0, 0]),
    ],
)
def test_first_audits_begin_one_after_the_other_and_the_others_when_there_is_room(
    spread: Spread, waits: list[int]
) -> None:
    assert list(islice(spread.waits(), len(waits))) == waits


# What an account is told.


def member(account: str, items: Mapping[str, Any], store: RunStore, **analyzed: RegionAnswers) -> tuple[Aws, Wire]:
    """An account that the organization itself does not answer, told what was kept; and who hears the hub's calls."""
    deaf = dict.fromkeys(DELEGATED.natively(), REFUSED)
    regional = {name: DELEGATED.script()[name] for name in ("DescribeRegions",)}
    features = {"ListOrganizationsFeatures": always(Refused("AccountNotManagementOrDelegatedAdministrator"))}
    regions = {name.replace("_", "-"): it for name, it in analyzed.items()}
    there, hub = aws(Wire(script=deaf | regional | features), account, regions), Wire(script=DELEGATED.natively())
    told = store.told(RUN, items[account]["organization"], aws(hub).session, NOW)
    return replace(there, told=told), hub


def answers(account: Aws, *sources: Source) -> dict[str, Any]:
    """The raw answers, or why there are none."""
    found = gather(account, sources).answers
    return {name: it.raw if isinstance(it, Answer) else it for name, it in found.items()}


@pytest.mark.parametrize("account", [MANAGEMENT, A, B])
def test_account_is_told_exactly_what_it_would_have_heard_itself(store: RunStore, account: str) -> None:
    """What the account of the organization's management would have been told by the same sources, entry by entry."""
    items = keep(store, (MANAGEMENT, A, B), view())
    natively = replace(aws(Wire(script=DELEGATED.natively())), owner=Owner(account=account, partition="aws"))
    told, hub = member(account, items, store)
    asked = (ORGANIZATION, ORGANIZATION_POLICIES)
    assert answers(told, *asked) == answers(natively, *asked)
    assert [it.name for it in hub.calls] == ["ListTagsForResource"]
    assert snapshot(gather(told, asked)).facts == snapshot(gather(natively, asked)).facts


def test_account_has_its_own_analyzers_and_the_organizations_which_are_not_asked_again(store: RunStore) -> None:
    items = keep(store, (A, B), view())
    own: RegionAnswers = {"analyzers": [OWN], "findings": {OWN["arn"]: [OF_OWN]}}
    account, _ = member(A, items, store, eu_west_1=own)
    said = answers(account, REGIONS, ANALYZERS, ANALYZER_FINDINGS)
    assert [it["arn"] for it in said["analyzers"]["analyzers"]] == [OWN["arn"], EU["arn"]]
    assert [it["id"] for it in said["analyzer-findings"]["findings"]] == [OF_OWN["id"], KEPT_A["id"]]
    quiet, _ = member(B, items, store)
    said = answers(quiet, REGIONS, ANALYZERS, ANALYZER_FINDINGS)
    assert [it["arn"] for it in said["analyzers"]["analyzers"]] == [EU["arn"]]
    assert [it["id"] for it in said["analyzer-findings"]["findings"]] == [KEPT_B["id"]]


def test_account_that_has_the_organizations_analyzers_has_them_once_and_the_findings_of_nobody_else(
    store: RunStore,
) -> None:
    items = keep(store, (DELEGATE, A), view())
    account, _ = member(DELEGATE, items, store, eu_west_1=CENTRAL["eu-west-1"])
    said = answers(account, REGIONS, ANALYZERS, ANALYZER_FINDINGS)
    assert [it["arn"] for it in said["analyzers"]["analyzers"]] == [EU["arn"]]
    assert said["analyzer-findings"]["findings"] == []


def test_tags_of_an_analyzer_are_judged_where_it_is(store: RunStore) -> None:
    items = keep(store, (DELEGATE, A), view())
    tags: dict[str, Any] = {}
    for account in (DELEGATE, A):
        told, _ = member(account, items, store, eu_west_1=CENTRAL["eu-west-1"] if account == DELEGATE else {})
        analyzers = snapshot(gather(told, (REGIONS, ANALYZERS))).of(Analyzer)
        assert isinstance(analyzers, Observed)
        tags[account] = [it.tags for it in analyzers.subjects]
    assert tags == {DELEGATE: [{}], A: [None]}


def test_regions_whose_organizations_analyzers_did_not_answer_are_gaps_of_every_account(store: RunStore) -> None:
    why = Unavailable(reason="the organization's analyzers: AssumeRole: AccessDenied")
    blind = Shared(analyzer_gaps={"eu-west-1": why}, finding_gaps={"us-east-1": why})
    items = keep(store, (A,), replace(view(), shared=blind))
    evidence = gather(member(A, items, store)[0], (REGIONS, ANALYZERS, ANALYZER_FINDINGS))
    gaps = {name: it.gaps for name, it in evidence.answers.items() if isinstance(it, Answer)}
    assert gaps == {"regions": {}, "analyzers": {"eu-west-1": why}, "analyzer-findings": {"us-east-1": why}}


def test_guardrails_that_were_refused_to_the_run_are_unavailable_in_every_account(store: RunStore) -> None:
    why = Unavailable(reason="ListPolicies: AccessDeniedException: no")
    items = keep(store, (A,), replace(view(), guardrails=why))
    said = answers(member(A, items, store)[0], ORGANIZATION, ORGANIZATION_POLICIES)
    assert said["organization-policies"] == why
    assert said["organization"]["Account"]["Id"] == A


def test_organization_itself_is_asked_about_in_one_account_only(store: RunStore) -> None:
    items = keep(store, (MANAGEMENT, A), view(), MANAGEMENT, [ORGANIZATION_FEATURES])
    said = answers(member(A, items, store)[0], ORGANIZATION, DELEGATED_ADMINISTRATORS, ORGANIZATION_FEATURES)
    why = Unavailable(
        reason=f"the organization's own facts are judged once, in account {MANAGEMENT}", inapplicable=True
    )
    assert said["delegated-administrators"] == why
    assert said["organization-features"] == replace(why, elsewhere=MANAGEMENT), "which has judged it before"
    speaker, _ = member(MANAGEMENT, items, store)
    said = answers(speaker, ORGANIZATION, DELEGATED_ADMINISTRATORS, ORGANIZATION_FEATURES)
    assert said["delegated-administrators"].reason.startswith("ListDelegatedAdministrators: "), "it was asked"
    assert said["organization-features"]["Error"] == "AccountNotManagementOrDelegatedAdministrator"


def test_what_was_found_about_the_organization_ends_where_another_account_speaks_for_it_now(store: RunStore) -> None:
    """The checks that are about the organization itself, and no others: who has root credentials left is its own."""
    items = keep(store, (MANAGEMENT, A), view(), MANAGEMENT, ORGANIZATIONS_OWN)
    evidence = gather(member(A, items, store)[0], SOURCES)
    root = {
        "credential-report": report(root_row(arn=f"arn:aws:iam::{A}:root")),
        "account-summary": {"SummaryMap": {"AccountAccessKeysPresent": 0, "AccountMFAEnabled": 1}},
    }
    own = {name: Answer(raw=raw, as_of=NOW) for name, raw in root.items()}
    evidence = replace(evidence, answers={**evidence.answers, **own})
    replayed = decode(encode(evidence), NOW).evidence
    assert isinstance(snapshot(evidence).of(RootUser), Observed)
    known = [finding(check, check) for check in CATALOGUE]
    before = audited(replace(evaluation(*known, age=1), owner=evidence.owner))
    for seen in (evidence, replayed):
        changes = reconcile(evaluate(snapshot(seen), CATALOGUE.values()), before).transitions
        handed_over = {it.after.finding.check for it in changes if it.after.resolution is Resolution.JUDGED_ELSEWHERE}
        assert handed_over == {
            *("absent-delegated-administrator", "unlisted-delegated-administrator", "decentralized-root-access")
        }


def test_evidence_of_a_run_replays_offline_to_the_same_findings(store: RunStore) -> None:
    items = keep(store, (A, B), view())
    own: RegionAnswers = {"analyzers": [OWN], "findings": {OWN["arn"]: [OF_OWN]}}
    evidence: Evidence = gather(member(A, items, store, eu_west_1=own)[0], SOURCES)
    again = decode(encode(evidence, SOURCES), NOW + timedelta(days=365))
    first, second = (evaluate(snapshot(it), CATALOGUE.values()) for it in (evidence, again.evidence))
    assert (first.findings, first.examined) == (second.findings, second.examined)
    assert {it.resource for it in first.findings if it.check == "external-access"} == {
        OF_OWN["resource"],
        ABOUT_A["resource"],
    }


def test_evidence_of_an_account_that_has_no_analyzer_but_the_organizations_is_still_its_own(store: RunStore) -> None:
    """Saved files are of the account that they name, also where everything in them names another one's analyzer."""
    items = keep(store, (A, B), view())
    files = encode(gather(member(B, items, store)[0], (REGIONS, ANALYZERS, ANALYZER_FINDINGS)), SOURCES)
    loaded = decode(files, NOW)
    assert (loaded.evidence.owner.account, loaded.notes) == (B, ())
    strange = files | {"analyzers.json": json.dumps({"analyzers": [OWN]}, default=str).encode()}
    with pytest.raises(EvidenceError, match=rf"^analyzers.json is of account {A}, account.json of account {B}$"):
        decode(strange, NOW)


def test_tags_that_are_refused_leave_the_organization_unavailable_with_the_reason(store: RunStore) -> None:
    items = keep(store, (A,), view())
    account, hub = member(A, items, store)

    def refused(_: Params) -> Mapping[str, Any]:
        raise Refused("AccessDeniedException", "no")

    hub.script = {"ListTagsForResource": refused}
    said = answers(account, ORGANIZATION, ORGANIZATION_POLICIES)
    why = "ListTagsForResource: AccessDeniedException: no"
    assert said["organization"] == Unavailable(reason=why)
    assert said["organization-policies"] == Unavailable(reason=f"needs organization: {why}")
