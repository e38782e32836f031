"""A run over an organization, its three functions one after the other: planned, audited one by one, summed up."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import time_machine
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws
from moto.organizations.models import organizations_backends

from auditor import settings
from auditor.aws import (
    entering,
    evidence_store,
    exceptions_file,
    findings_table,
    organization_view,
    run_store,
    runs_table,
)
from auditor.aws.entering import NotEnteredError
from auditor.aws.evidence_files import decode
from auditor.aws.findings_table import FindingsTable
from auditor.aws.gather import gather, snapshot
from auditor.aws.organization_view import OrganizationUnseenError
from auditor.aws.runs_table import RunsTable
from auditor.aws.sources import ACTIONS, SOURCES
from auditor.checks import CATALOGUE
from auditor.core.evaluate import evaluate
from auditor.core.life import Resolution, Status
from auditor.core.model import Membership, Owner
from auditor.core.reconcile import reconcile
from auditor.core.roster import OUTSIDE, STRANGER, RosterError, Run
from auditor.handlers import audit, plan, summarise
from auditor.render.export import as_json
from auditor.settings import SettingsError
from tests.aws import last_accessed
from tests.aws.answers import ADMINISTRATOR, finding_entry
from tests.aws.functions import (
    ACCOUNT,
    CONTEXT,
    DAY,
    ENVIRONMENT,
    HOUR,
    MINUTE,
    NAME,
    Functions,
    session_in,
)
from tests.aws.template import TableDefinition, create_table
from tests.aws.test_handlers import NOTHING_TO_MEASURE, measured, spied
from tests.aws.wire import Params, Refused, Reply, always, new_session
from tests.build import NOW, evaluation, finding
from tests.deployed.access_analyzer import RegionAnswers

FEW = {
    *("regions", "analyzers", "analyzer-findings", "organization", "organization-policies"),
    *("delegated-administrators", "organization-features", "authorization-details", "password-policy"),
}
"""The sources that most of these tests ask: the others take their time."""

STRANGE = "555566667777"


@dataclass(kw_only=True)
class Fleet:
    """The functions of an organization's management account, with accounts by name in two units."""

    functions: Functions
    organization: str
    units: Mapping[str, str]
    ids: Mapping[str, str]

    def deploy(self, **accounts: Any) -> None:
        """Ship the functions with these settings of the accounts."""
        whole = {"audit_account": ACCOUNT, "organization": self.organization, "external_id": "d1c6c8e2-audit"}
        self.functions.deploy(accounts={name: it for name, it in (whole | accounts).items() if it is not None})

    def works(self, planned: Mapping[str, Any]) -> dict[str, str]:
        """What is to be done, by account."""
        return {it["account"]: it["work"] for it in self.functions.items(planned)}

    def item(self, planned: Mapping[str, Any], account: str) -> dict[str, Any]:
        (item,) = (it for it in self.functions.items(planned) if it["account"] == account)
        return item

    def run(self, **event: Any) -> tuple[dict[str, Any], dict[str, dict[str, Any]], dict[str, Any]]:
        """What the plan, each child and the summary of a whole run answer."""
        at = event.pop("at", NOW)
        planned = self.functions.plan(at, now=at.isoformat(), **event)
        children = {it["account"]: self.functions.audit(at, **it) for it in self.functions.items(planned)}
        return planned, children, self.functions.summarise(at + HOUR, **{it: planned[it] for it in ("now", "run")})

    def last(self) -> Run:
        run = RunsTable(table=new_session().resource("dynamodb").Table(NAME), partition="aws").last()
        assert run is not None
        return run

    def skipped(self, planned: Mapping[str, Any]) -> dict[str, str]:
        body = new_session().client("s3").get_object(Bucket="evidence", Key=f"{planned['run']}/plan.json")["Body"]
        skipped: dict[str, str] = json.loads(body.read())["skipped"]
        return skipped

    def missed(self, account: str) -> str | None:
        """Why the account is marked as not audited."""
        header = self.functions.ledger(account).header
        return header.missed.reason if header and header.missed else None


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch, table_definition: TableDefinition, tmp_path: Path) -> Iterator[Fleet]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    last_accessed.install()
    with mock_aws():
        functions = Functions(asset=tmp_path)
        for module in (audit, plan, summarise, entering):
            monkeypatch.setattr(module, "new_session", functions.session)
        monkeypatch.setattr(audit, "gather", partial(gather, sources=[it for it in SOURCES if it.name in FEW]))
        monkeypatch.setattr(audit, "evaluate", spied(functions.evaluated))
        monkeypatch.setattr(settings, "DEPLOYED", functions.settings)
        monkeypatch.setattr(exceptions_file, "SHIPPED", functions.exceptions)
        session = new_session()
        create_table(session.client("dynamodb"), NAME, table_definition)
        session.client("s3").create_bucket(Bucket="evidence")
        with time_machine.travel(NOW - 200 * DAY, tick=False):
            made = organized(functions)
        made.deploy()
        yield made


def organized(functions: Functions) -> Fleet:
    """Ana administers `shop`, and bo `bank`; `bank` is two units below the root, and has the analyzers."""
    organizations = new_session().client("organizations")
    described = organizations.create_organization(FeatureSet="ALL")["Organization"]
    (root,) = organizations.list_roots()["Roots"]
    organizations.enable_policy_type(RootId=root["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    units, above = {"root": root["Id"]}, root["Id"]
    for name in ("business", "money"):
        made = organizations.create_organizational_unit(ParentId=above, Name=name)["OrganizationalUnit"]
        units[name] = above = made["Id"]
    ids: dict[str, str] = {}
    for name, unit, user in (("shop", "business", "ana"), ("bank", "money", "bo")):
        status = organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
        ids[name] = status["AccountId"]
        organizations.move_account(AccountId=ids[name], SourceParentId=root["Id"], DestinationParentId=units[unit])
        iam = session_in(ids[name]).client("iam")
        iam.create_user(UserName=user)
        iam.put_user_policy(UserName=user, PolicyName="everything", PolicyDocument=ADMINISTRATOR)
    organizations.tag_resource(ResourceId=ids["bank"], Tags=[{"Key": "team", "Value": "red"}])
    organizations.register_delegated_administrator(AccountId=ids["bank"], ServicePrincipal=organization_view.SERVICE)
    functions.analyzed[ids["bank"]] = {"eu-west-1": analyzed(ids)}
    return Fleet(functions=functions, organization=described["Id"], units=units, ids=ids)


def analyzed(ids: Mapping[str, str]) -> RegionAnswers:
    arn = f"arn:aws:access-analyzer:eu-west-1:{ids['bank']}:analyzer/everything"
    analyzer = {"arn": arn, "name": "everything", "type": "ORGANIZATION", "status": "ACTIVE", "createdAt": NOW - DAY}
    about: list[Mapping[str, Any]] = [finding_entry(number, resourceOwnerAccount=ids["shop"]) for number in (1, 2)]
    return {"analyzers": [analyzer], "findings": {arn: about}}


def close(account: str) -> None:
    """Close the account for good, which moto does by half only."""
    closing = organizations_backends[ACCOUNT]["aws"].get_account_by_id(account)
    closing.status, closing.state = "SUSPENDED", "CLOSED"


def denied(what: str = "sts:AssumeRole") -> Reply:
    return always(Refused("AccessDenied", f"User: somebody is not authorized to perform: {what}"))


def of_check(functions: Functions, account: str, check: str) -> list[str]:
    return [it.finding.resource for it in functions.ledger(account).open if it.finding.check == check]


# A whole run.


def test_every_account_of_the_organization_is_audited_for_itself_with_what_the_organization_said_of_it(
    fleet: Fleet,
) -> None:
    planned, children, summary = fleet.run()
    shop, bank = fleet.ids["shop"], fleet.ids["bank"]
    assert fleet.works(planned) == dict.fromkeys((ACCOUNT, shop, bank), "AUDIT")
    assert planned == {
        "now": NOW.isoformat(),
        "run": "runs/aws/2026-11-20T06-00-00Z",
        "bucket": "evidence",
        "key": "runs/aws/2026-11-20T06-00-00Z/items.json",
        "to_do": 3,
    }
    assert summary == {
        "failed": False,
        "error": "",
        "planned": 3,
        "audited": 3,
        "not_audited": 0,
        "ended": 0,
        "skipped": 0,
        "lost": 0,
    }
    administrators = {it: of_check(fleet.functions, it, "administrator-policy") for it in (shop, bank)}
    assert administrators == {shop: [f"arn:aws:iam::{shop}:user/ana"], bank: [f"arn:aws:iam::{bank}:user/bo"]}
    outside = {it: len(of_check(fleet.functions, it, "external-access")) for it in (ACCOUNT, shop, bank)}
    assert outside == {ACCOUNT: 1, shop: 2, bank: 0}
    header = fleet.functions.ledger(bank).header
    assert header is not None
    path = tuple(fleet.units[it] for it in ("root", "business", "money"))
    assert header.membership == Membership(name="bank", path=path, tags={"team": "red"})
    assert all(len(json.dumps(it)) < 1000 for it in children.values())
    assert set(children[shop]) == {"account", "work", "findings", "transitions"}


def test_warm_function_that_audits_one_account_after_the_other_mixes_nothing_up(fleet: Fleet) -> None:
    planned = fleet.functions.plan()
    shop, bank = fleet.ids["shop"], fleet.ids["bank"]
    for number, account in enumerate((shop, bank, shop)):
        fleet.functions.audit(NOW + number * MINUTE, **fleet.item(planned, account) | {"now": None})
    first, other, again = fleet.functions.evaluated
    assert (first.owner.account, other.owner.account, again.owner.account) == (shop, bank, shop)
    assert [it.id for it in first.findings] == [it.id for it in again.findings]
    assert not {it.id for it in first.findings} & {it.id for it in other.findings}
    assert {it.owner.account for it in first.findings} == {shop}
    assert {it.owner.account for it in other.findings} == {bank}
    evidence = fleet.functions.evidence(f"evidence/aws/{bank}/2026-11-20T06-01-00Z")
    assert b"user/bo" in evidence["authorization-details.json"]
    assert not [name for name, body in evidence.items() if shop.encode() in body and name != "organization.json"]


def test_evidence_of_every_account_replays_offline_to_the_same_evaluation(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "gather", gather)
    planned = fleet.functions.plan()
    for name in ("shop", "bank"):
        fleet.functions.audit(**fleet.item(planned, fleet.ids[name]))
        kept = fleet.functions.evidence(f"evidence/aws/{fleet.ids[name]}/2026-11-20T06-00-00Z")
        loaded = decode(kept, NOW + timedelta(days=365))
        again = evaluate(snapshot(loaded.evidence, strict=True), CATALOGUE.values())
        assert loaded.notes == ()
        assert as_json(again) == as_json(fleet.functions.evaluated[-1])
        assert again == fleet.functions.evaluated[-1]
        assert again.unplanned_gaps == {}


def test_next_run_without_a_change_says_nothing_new(fleet: Fleet) -> None:
    fleet.run()
    _, children, summary = fleet.run(at=NOW + DAY)
    assert {it["transitions"] for it in children.values()} == {0}
    assert (summary["audited"], summary["failed"]) == (3, False)


def test_what_others_found_about_the_organization_ends_once_the_management_account_has_judged_it(fleet: Fleet) -> None:
    """And not before: it may not be able to."""
    shop = Owner(account=fleet.ids["shop"], partition="aws")
    found = finding("r-1", "decentralized-root-access", owner=shop)
    table = FindingsTable(table=new_session().resource("dynamodb").Table(NAME))
    table.record(replace(evaluation(found, age=1), owner=shop))
    fleet.run()
    assert of_check(fleet.functions, shop.account, found.check) == [found.resource]
    fleet.run(at=NOW + DAY)
    records = fleet.functions.ledger(shop.account).records.values()
    (resolution,) = (it.resolution for it in records if it.finding.check == found.check)
    assert resolution is Resolution.JUDGED_ELSEWHERE


# Which accounts it is about.


def test_units_are_audited_with_what_is_below_them_and_the_account_of_the_deployment(fleet: Fleet) -> None:
    fleet.deploy(organizational_units=[fleet.units["money"]])
    planned = fleet.functions.plan()
    assert fleet.works(planned) == dict.fromkeys((ACCOUNT, fleet.ids["bank"]), "AUDIT")
    assert fleet.skipped(planned) == {fleet.ids["shop"]: OUTSIDE}


def test_listed_accounts_are_audited_without_an_organization_which_nobody_asks(fleet: Fleet) -> None:
    fleet.deploy(organization=None, listed=[fleet.ids["shop"]])
    planned = fleet.functions.plan()
    assert {it["account"]: "organization" in it for it in fleet.functions.items(planned)} == {
        ACCOUNT: False,
        fleet.ids["shop"]: False,
    }
    assert not [it for it in fleet.functions.wire.actions if it.startswith("organizations:")]
    fleet.functions.audit(**fleet.item(planned, fleet.ids["shop"]))
    assert of_check(fleet.functions, fleet.ids["shop"], "administrator-policy")


def test_excluded_and_suspended_accounts_are_skipped_with_the_reasons(fleet: Fleet) -> None:
    new_session().client("organizations").close_account(AccountId=fleet.ids["bank"])
    fleet.deploy(excluded={fleet.ids["shop"]: "is being moved out"})
    planned = fleet.functions.plan()
    assert fleet.works(planned) == {ACCOUNT: "AUDIT"}
    assert fleet.skipped(planned) == {
        fleet.ids["shop"]: "excluded: is being moved out",
        fleet.ids["bank"]: "AWS has suspended the account",
    }
    assert sorted(fleet.last().skipped.values()) == [1, 1]


def test_listed_account_that_is_not_in_the_organization_is_not_entered_and_marked(fleet: Fleet) -> None:
    fleet.deploy(listed=[STRANGE])
    planned = fleet.functions.plan()
    assert fleet.works(planned)[STRANGE] == "MISS"
    fleet.functions.audit(**fleet.item(planned, STRANGE))
    assert fleet.missed(STRANGE) == STRANGER
    assert STRANGE not in fleet.functions.wires


def test_run_of_the_same_clock_does_only_what_is_left(fleet: Fleet) -> None:
    planned = fleet.functions.plan(now=NOW.isoformat())
    fleet.functions.audit(**fleet.item(planned, fleet.ids["shop"]))
    again = fleet.functions.plan(NOW + HOUR, now=NOW.isoformat())
    assert fleet.works(again) == dict.fromkeys((ACCOUNT, fleet.ids["bank"]), "AUDIT")
    assert {name: it for name, it in again.items() if name != "to_do"} == {
        name: it for name, it in planned.items() if name != "to_do"
    }
    for item in fleet.functions.items(again):
        fleet.functions.audit(NOW + HOUR, **item)
    summary = fleet.functions.summarise(NOW + 2 * HOUR, now=again["now"], run=again["run"])
    assert (summary["planned"], summary["audited"], summary["failed"]) == (3, 3, False)
    assert fleet.works(fleet.functions.plan(NOW + 3 * HOUR, now=NOW.isoformat())) == {}


def test_account_that_was_missed_is_done_again_by_a_run_of_the_same_clock(fleet: Fleet) -> None:
    shop = fleet.ids["shop"]
    planned = fleet.functions.plan()
    fleet.functions.audit(account=shop, work="MISS", reason="no", **{it: planned[it] for it in ("now", "run")})
    assert fleet.works(fleet.functions.plan(NOW + HOUR, now=NOW.isoformat()))[shop] == "AUDIT"


# Its clock.


@pytest.mark.parametrize(
    ("told", "believed"),
    [
        ("2026-11-20T05:00:00Z", "2026-11-20T05:00:00+00:00"),
        ("2026-11-20T01:00:00+02:00", "2026-11-19T23:00:00+00:00"),
        ("2036-11-20T06:00:00Z", "2026-11-20T06:00:00+00:00"),
        ("<aws.scheduler.scheduled-time>", "2026-11-20T06:00:00+00:00"),
        (None, "2026-11-20T06:00:00+00:00"),
    ],
)
def test_clock_of_a_run_is_that_of_its_schedule_and_none_that_is_fast(
    fleet: Fleet, told: str | None, believed: str
) -> None:
    planned = fleet.functions.plan(now=told)
    assert planned["now"] == believed
    assert planned["run"].startswith(f"runs/aws/{believed[:10]}T{believed[11:13]}-")
    assert fleet.last().clock.isoformat() == believed


def test_all_accounts_of_a_run_have_its_clock_however_late_they_are_audited(fleet: Fleet) -> None:
    planned = fleet.functions.plan()
    fleet.functions.audit(NOW + 5 * HOUR, **fleet.item(planned, fleet.ids["shop"]))
    header = fleet.functions.ledger(fleet.ids["shop"]).header
    assert header is not None
    assert header.evidence_at == NOW


# What cannot be planned.


@pytest.mark.parametrize("event", [{"now": "yesterday"}, {"now": [1]}, {"now": "2026-11-20T06:00:00"}])
def test_event_that_cannot_be_read_is_an_error_that_names_it(fleet: Fleet, event: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"^now: "):
        plan.handler(event, CONTEXT)
    assert fleet.functions.wire.calls == []


def test_deployment_in_another_account_than_its_settings_say_plans_nothing(fleet: Fleet) -> None:
    fleet.deploy(audit_account=STRANGE)
    with pytest.raises(RosterError, match=rf"^this is account {ACCOUNT}; the settings say {STRANGE}$"):
        fleet.functions.plan()
    assert fleet.functions.wire.actions == {"sts:GetCallerIdentity"}


def test_unit_that_does_not_exist_is_not_taken_for_an_empty_one(fleet: Fleet) -> None:
    fleet.deploy(organizational_units=["ou-ab12-99999999"])
    with pytest.raises(RosterError, match=r"has no organizational unit ou-ab12-99999999$"):
        fleet.functions.plan()


def test_run_about_no_account_is_an_error(fleet: Fleet) -> None:
    units = [unit for name, unit in fleet.units.items() if name != "root"]
    fleet.deploy(organizational_units=units, excluded=dict.fromkeys(fleet.ids.values(), "nobody looks"))
    with pytest.raises(RosterError, match=r"^no account is left to audit in "):
        fleet.functions.plan()


def test_organization_that_does_not_tell_is_an_error_with_what_to_do(fleet: Fleet) -> None:
    fleet.functions.script["ListRoots"] = always(Refused("AccessDeniedException"))
    with pytest.raises(OrganizationUnseenError, match="register-delegated-administrator"):
        fleet.functions.plan()


# What a child does.


@NOTHING_TO_MEASURE
@pytest.mark.parametrize(
    ("event", "named"),
    [({"account": "12"}, "account"), ({"work": "DELETE"}, "work"), ({"now": "yesterday"}, "now")],
)
def test_item_that_cannot_be_read_is_an_error_that_names_what_is_wrong(
    fleet: Fleet, event: dict[str, Any], named: str
) -> None:
    with pytest.raises(SettingsError, match=rf"^{named}: "):
        audit.handler(event, CONTEXT)
    assert fleet.functions.wire.calls == []


def test_function_without_an_item_audits_its_own_account_and_answers_in_full(fleet: Fleet) -> None:
    outcome = fleet.functions.audit()
    assert outcome["account"] == ACCOUNT
    assert {"evidence", "unavailable", "skipped", "notes", "calls", "seconds"} <= outcome.keys()


def test_account_that_cannot_be_entered_is_marked_with_the_words_of_aws_and_is_no_failure(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = fleet.ids["shop"]
    planned = fleet.functions.plan()
    fleet.functions.script["AssumeRole"] = denied()
    capsys.readouterr()
    outcome = fleet.functions.audit(**fleet.item(planned, shop))
    why = "AssumeRole: AccessDenied: User: somebody is not authorized to perform: sts:AssumeRole"
    assert outcome == {"account": shop, "work": "MISS", "reason": why, "transitions": 0}
    assert fleet.missed(shop) == why
    assert "AuditCompleted" not in measured(capsys.readouterr().out)[0]
    assert len(json.dumps(outcome)) < 1000


@NOTHING_TO_MEASURE
@pytest.mark.parametrize("code", ["Throttling", "InternalFailure"])
def test_account_that_may_be_entered_in_a_moment_is_not_marked_yet(fleet: Fleet, code: str) -> None:
    planned = fleet.functions.plan()
    fleet.functions.script["AssumeRole"] = always(Refused(code))
    with pytest.raises(NotEnteredError):
        fleet.functions.audit(**fleet.item(planned, fleet.ids["shop"]))
    assert fleet.missed(fleet.ids["shop"]) is None


@NOTHING_TO_MEASURE
def test_network_that_is_away_says_nothing_about_an_account(fleet: Fleet) -> None:
    def away(_: Params) -> Mapping[str, Any]:
        raise EndpointConnectionError(endpoint_url="https://sts")

    planned = fleet.functions.plan()
    fleet.functions.script["AssumeRole"] = away
    with pytest.raises(NotEnteredError):
        fleet.functions.audit(**fleet.item(planned, fleet.ids["shop"]))
    assert fleet.missed(fleet.ids["shop"]) is None


def test_member_whose_role_is_older_is_judged_by_the_rest(fleet: Fleet) -> None:
    shop = fleet.ids["shop"]
    fleet.functions.scripts[shop]["GetAccountPasswordPolicy"] = denied("iam:GetAccountPasswordPolicy")
    planned = fleet.functions.plan()
    fleet.functions.audit(**fleet.item(planned, shop))
    (seen,) = fleet.functions.evaluated
    reasons = set(seen.unplanned_gaps.values())
    assert any("GetAccountPasswordPolicy: AccessDenied: " in it for it in reasons)
    assert of_check(fleet.functions, shop, "administrator-policy")
    assert fleet.missed(shop) is None


def test_account_that_was_closed_has_everything_resolved_as_that(fleet: Fleet) -> None:
    fleet.run()
    shop = fleet.ids["shop"]
    close(shop)
    planned = fleet.functions.plan(NOW + DAY)
    assert fleet.works(planned)[shop] == "END"
    item = fleet.item(planned, shop)
    assert fleet.functions.audit(NOW + DAY, **item)["transitions"] > 0
    ledger = fleet.functions.ledger(shop)
    assert ledger.open == []
    assert {it.resolution for it in ledger.records.values()} == {Resolution.ACCOUNT_CLOSED}
    assert ledger.header is not None
    assert ledger.header.closed
    assert fleet.functions.audit(NOW + DAY, **item)["transitions"] == 0
    assert shop not in fleet.works(fleet.functions.plan(NOW + 2 * DAY)), "it is ended once"


def test_account_that_is_excluded_after_it_was_missed_is_excused(fleet: Fleet) -> None:
    shop = fleet.ids["shop"]
    fleet.functions.audit(account=shop, work="MISS", reason="no", now=NOW.isoformat(), run="runs/x")
    fleet.deploy(excluded={shop: "is being moved out"})
    planned = fleet.functions.plan(NOW + DAY)
    assert fleet.works(planned)[shop] == "EXCUSE"
    outcome = fleet.functions.audit(NOW + DAY, **fleet.item(planned, shop))
    assert (outcome["work"], outcome["transitions"]) == ("EXCUSE", 0)
    assert fleet.missed(shop) is None


def test_account_that_is_audited_twice_at_once_has_every_transition_once(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one audit decides, the other writes all that it found."""
    shop, first = fleet.ids["shop"], [True]
    item = fleet.item(fleet.functions.plan(), shop)
    lock = threading.Lock()

    def interrupted(*args: Any) -> Any:
        with lock:
            interrupting, first[:] = first[:], []
        changes = reconcile(*args)
        if interrupting:
            audit.handler(item, CONTEXT)
        return changes

    monkeypatch.setattr("auditor.aws.findings_table.reconcile", interrupted)
    monkeypatch.setattr("auditor.aws.findings_table.time.sleep", lambda _: None)
    outcome = fleet.functions.audit(**item)
    records = fleet.functions.ledger(shop).records
    assert outcome["transitions"] == 0, "the other was quicker"
    assert {it.version for it in records.values()} == {1}
    assert {it for it, record in records.items() if record.status is Status.OPEN} == {
        it.id for it in fleet.functions.evaluated[0].findings
    }
    history = [it for it in new_session().resource("dynamodb").Table(NAME).scan()["Items"] if it["pk"][0] == "H"]
    assert len(history) == len(records)


# What became of it.


def test_accounts_that_nobody_reached_are_marked_with_the_error_and_the_run_has_failed(fleet: Fleet) -> None:
    planned = fleet.functions.plan()
    shop, bank = fleet.ids["shop"], fleet.ids["bank"]
    fleet.functions.audit(**fleet.item(planned, shop))
    told = {name: planned[name] for name in ("now", "run")}
    summary = fleet.functions.summarise(NOW + HOUR, **told, error="States.Timeout: too late")
    assert (summary["failed"], summary["error"]) == (True, "States.Timeout: too late")
    assert (summary["planned"], summary["audited"], summary["not_audited"]) == (3, 1, 2)
    assert fleet.missed(bank) == "the run ended before it was audited: States.Timeout: too late"
    assert fleet.missed(shop) is None
    run = fleet.last()
    assert (run.error, run.audited, run.not_audited, run.finished) == ("States.Timeout: too late", 1, 2, True)


def test_account_that_is_audited_while_the_run_is_summed_up_is_not_marked(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index is behind: the table itself is asked before anybody is marked."""
    fleet.deploy(organization=None)
    planned = fleet.functions.plan()
    (item,) = fleet.functions.items(planned)
    fleet.functions.audit(**item)
    with monkeypatch.context() as patch:
        patch.setattr(RunsTable, "known", lambda *_: [])
        summary = fleet.functions.summarise(NOW + HOUR, now=planned["now"], run=planned["run"])
    assert fleet.missed(ACCOUNT) is None
    assert (summary["audited"], summary["not_audited"], summary["failed"]) == (1, 0, False)


@pytest.mark.parametrize(("tolerated", "failed"), [(66, True), (67, False)])
def test_run_that_missed_more_than_is_tolerated_has_failed(
    fleet: Fleet,
    tolerated: int,
    failed: bool,  # noqa: FBT001
) -> None:
    fleet.deploy(tolerated_percent=tolerated)
    planned = fleet.functions.plan()
    fleet.functions.script["AssumeRole"] = denied()
    for item in fleet.functions.items(planned):
        fleet.functions.audit(**item)
    summary = fleet.functions.summarise(NOW + HOUR, now=planned["now"], run=planned["run"])
    assert summary["failed"] is failed
    assert summary["error"] == ("2 of 3 accounts could not be audited" if failed else "")
    assert (summary["audited"], summary["not_audited"]) == (1, 2)


def test_run_that_was_not_even_planned_has_failed_and_is_remembered(fleet: Fleet) -> None:
    summary = fleet.functions.summarise(now=NOW.isoformat(), run=None, error="RosterError: no account is left")
    assert (summary["failed"], summary["error"], summary["planned"]) == (True, "RosterError: no account is left", 0)
    assert fleet.last() == Run(clock=NOW, error="RosterError: no account is left", finished=True)


def test_next_run_takes_back_the_mark_of_an_account_that_can_be_entered_again(fleet: Fleet) -> None:
    shop = fleet.ids["shop"]
    fleet.functions.audit(account=shop, work="MISS", reason="no", now=NOW.isoformat(), run="runs/x")
    _, _, summary = fleet.run(at=NOW + DAY)
    assert (fleet.missed(shop), summary["not_audited"]) == (None, 0)


def test_metrics_of_a_run_say_how_many_accounts_it_was_about_and_what_became_of_them(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = fleet.functions.plan()
    capsys.readouterr()
    fleet.functions.summarise(NOW + HOUR, now=planned["now"], run=planned["run"], error="States.Timeout")
    (metrics,) = measured(capsys.readouterr().out)
    counted = {name: it for name, it in metrics.items() if name.startswith(("Accounts", "Run", "service"))}
    assert counted == {
        "service": "summarise",
        "AccountsPlanned": [3.0],
        "AccountsAudited": [0.0],
        "AccountsNotAudited": [3.0],
        "AccountsEnded": [0.0],
        "AccountsSkipped": [0.0],
        "AccountsLost": [0.0],
        "RunCompleted": [0.0],
    }


# What each function may do.

ANYBODY = {"sts:GetCallerIdentity"}


def test_plan_calls_exactly_what_its_role_allows(fleet: Fleet) -> None:
    """In the account of the analyzers, the role of the members is used."""
    close(fleet.ids["shop"])
    fleet.functions.plan()
    there = fleet.functions.wires[fleet.ids["bank"]].actions - ANYBODY
    assert there == {"access-analyzer:ListAnalyzers", "access-analyzer:ListFindings", "ec2:DescribeRegions"}
    assert there <= set(ACTIONS)
    called = fleet.functions.wire.actions | there
    table = {*runs_table.PLAN_ACTIONS, *runs_table.INDEX_ACTIONS}
    granted = {*organization_view.ACTIONS, *entering.ACTIONS, *run_store.WRITE_ACTIONS, *table}
    assert called - ANYBODY == granted


def test_audit_of_another_account_calls_in_its_own_exactly_what_its_role_allows(fleet: Fleet) -> None:
    """The tags are asked in the name of the organization; everything else about the account is asked there."""
    planned = fleet.functions.plan()
    shop = fleet.ids["shop"]
    fleet.functions.audit(**fleet.item(planned, shop))
    granted = {*findings_table.ACTIONS, *evidence_store.KEEP_ACTIONS, *evidence_store.LIST_ACTIONS}
    granted |= {*entering.ACTIONS, *run_store.READ_ACTIONS, "organizations:ListTagsForResource"}
    assert fleet.functions.wire.actions - ANYBODY == granted
    there = fleet.functions.wires[shop].actions - ANYBODY
    assert there <= set(ACTIONS)
    assert not [it for it in there if it.startswith(("organizations:List", "dynamodb:", "s3:Put"))]


def test_summarise_calls_exactly_what_its_role_allows(fleet: Fleet) -> None:
    planned = fleet.functions.plan()
    fleet.functions.audit(**fleet.item(planned, fleet.ids["shop"]) | {"work": "MISS"})
    fleet.functions.summarise(NOW + HOUR, now=planned["now"], run=planned["run"])
    granted = {*runs_table.SUMMARISE_ACTIONS, *runs_table.INDEX_ACTIONS, *run_store.READ_ACTIONS}
    assert fleet.functions.wire.actions - ANYBODY == granted
