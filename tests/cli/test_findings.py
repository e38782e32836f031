"""`auditor findings` on a table in which two accounts have been audited for three weeks."""

import csv
import io
import json
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ClientError
from moto import mock_aws

from auditor.aws.findings_table import FindingsTable
from auditor.aws.items import finding_item
from auditor.aws.query import ask
from auditor.aws.runs_table import RunsTable
from auditor.aws.schema import history_key, history_sort
from auditor.core.check import Severity
from auditor.core.decide import acknowledge, make_exception, miss
from auditor.core.evaluate import Finding, finding_id
from auditor.core.exceptions import ExceptionRule, Rules
from auditor.core.life import Event, Ledger
from auditor.core.model import Owner
from auditor.core.roster import Run
from tests.aws.wire import new_session
from tests.build import ACCOUNT, NOW, OWNER, ago, arn, evaluation, finding, record
from tests.cli.conftest import Auditor, Result
from tests.cli.table import make_table
from tests.render.letters import NAMES

NAME = "findings"
OTHER = Owner(account="444455556666", partition="aws")
STALE, IDLE, ROLE = "stale-access-key", "idle-access-key", "unused-role"
REASON = ("--reason", "kept for the audit", "--owner", "ana", "--until", "2026-12-31")


def found(uid: str, check: str = STALE, severity: Severity = Severity.HIGH, **fields: Any) -> Finding:
    owner = fields.get("owner", OWNER)
    return finding(uid, check, severity=severity, **{"id": finding_id(owner, check, uid, "")} | fields)


CRITICAL = found("A1", severity=Severity.CRITICAL)
LOW = found("A2", IDLE, Severity.LOW, tags={"team": "red"}, principal=arn("user/ben"))
FILED = found("A3", ROLE)
GONE = found("A4", IDLE)
ELSEWHERE = found("B1", owner=OTHER)
KNOWN = {it.id: it.uid for it in (CRITICAL, LOW, FILED, GONE, ELSEWHERE)}
FILE = ExceptionRule(
    account="*", check=ROLE, resource="A3", reason="in the reviewed file", owner="security", until=NOW.date()
)


def audit(*findings: Finding, age: float = 0, owner: Owner = OWNER, **fields: Any) -> None:
    seen = replace(evaluation(*findings, age=age, **fields), owner=owner)
    FindingsTable(table=table()).record(seen, Rules(exceptions=(FILE,)))


def table() -> Any:
    return new_session().resource("dynamodb").Table(NAME)


def ledger(owner: Owner = OWNER) -> Ledger:
    return FindingsTable(table=table()).load(owner)


def everything() -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = table().scan()["Items"]
    return items


@pytest.fixture(autouse=True)
def _audited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A1 critical, A2 low, A3 excepted by the reviewed file, A4 resolved; B1 of another account."""
    monkeypatch.setenv("AUDITOR_TABLE", NAME)
    with mock_aws(), time_machine.travel(NOW, tick=False):
        make_table(new_session().client("dynamodb"), NAME)
        audit(CRITICAL, LOW, FILED, GONE, age=20)
        audit(ELSEWHERE, age=3, owner=OTHER)
        audit(CRITICAL, LOW, FILED, looked_at={IDLE: ("A4",)}, age=2)
        yield


@pytest.fixture
def refused(auditor: Auditor) -> Any:
    """The one line of a command that changes nothing."""

    def call(*arguments: object) -> str:
        before = everything()
        line = auditor("findings", *arguments).says_why_in_one_line()
        assert everything() == before
        return line

    return call


def listed(auditor: Auditor, *arguments: object) -> list[str]:
    result = auditor("findings", "list", "--format", "json", *arguments)
    assert result.code == 0
    return [KNOWN[it["id"]] for it in json.loads(result.out)]


# --- list ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["A1", "B1", "A2"]),
        (("--severity", "critical", "--severity", "LOW"), ["A1", "A2"]),
        (("--status", "excepted"), ["A3"]),
        (("--check", STALE), ["A1", "B1"]),
        (("--check", STALE, "--account", OTHER.account), ["B1"]),
        (("--check", IDLE, "--status", "resolved"), ["A4"]),
        (("--account", ACCOUNT), ["A1", "A2"]),
        (("--account", ACCOUNT, "--status", "all"), ["A1", "A3", "A4", "A2"]),
        (("--principal", arn("user/ben")), ["A2"]),
        (("--since", "2026-11-17"), ["B1"]),
        (("--since", "2026-11-18T06:00:00Z", "--status", "all"), ["A4"]),
        (("--since", "2026-11-18T07:00:00+01:00", "--status", "all"), ["A4"]),
        (("--limit", "2"), ["A1", "B1"]),
        (("--limit", "1", "--account", ACCOUNT), ["A1"]),
        (("--account", OTHER.account, "--severity", "info"), []),
    ],
)
def test_list_is_what_was_asked_for_most_severe_first(
    auditor: Auditor, arguments: tuple[str, ...], expected: list[str]
) -> None:
    assert listed(auditor, *arguments) == expected


def test_of_the_equally_severe_the_longest_open_comes_first(auditor: Auditor) -> None:
    older = found("B0", owner=OTHER, severity=Severity.CRITICAL)
    KNOWN[older.id] = "B0"
    audit(older, ELSEWHERE, age=1, owner=OTHER)
    assert listed(auditor, "--check", STALE) == listed(auditor, "--limit", 3) == ["A1", "B0", "B1"]


def test_piped_list_has_a_line_for_each_finding(auditor: Auditor) -> None:
    result = auditor("findings", "list")
    head, *lines = result.out.splitlines()
    assert head.split()[:5] == ["ID", "SEVERITY", "STATUS", "ACCOUNT", "CHECK"]
    assert [line.split()[:5] for line in lines] == [
        [CRITICAL.id, "CRITICAL", "OPEN", ACCOUNT, STALE],
        [ELSEWHERE.id, "HIGH", "OPEN", OTHER.account, STALE],
        [LOW.id, "LOW", "OPEN", ACCOUNT, IDLE],
    ]
    assert result.err == ""


def test_id_can_be_copied_from_a_terminal(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "90")
    assert f"{CRITICAL.id} " in auditor("findings", "list").out


def test_table_has_its_moments_to_the_minute(auditor: Auditor) -> None:
    _, *lines = auditor("findings", "list", "--account", ACCOUNT).out.splitlines()
    assert [f"  {ago(20):%Y-%m-%d %H:%M}  " in line for line in lines] == [True, True]


def test_forms_of_a_list_say_the_same(auditor: Auditor) -> None:
    of_json = json.loads(auditor("findings", "list", "--account", ACCOUNT, "--format", "json").out)
    of_csv = auditor("findings", "list", "--account", ACCOUNT, "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(of_csv, newline=""), strict=True))
    assert rows == [{name: "" if it is None else str(it) for name, it in entry.items()} for entry in of_json]
    assert (of_json[0]["opened_at"], of_json[0]["version"]) == (ago(20).isoformat(), 1)


def test_finding_looks_the_same_by_whatever_index(auditor: Auditor) -> None:
    ways = ((), ("--account", ACCOUNT), ("--check", IDLE), ("--principal", LOW.principal), ("--since", "2026-10-25"))
    said = [json.loads(auditor("findings", "list", "--format", "json", *way).out) for way in ways]
    ours = [entry for entries in said for entry in entries if entry["id"] == LOW.id]
    assert len(ours) == len(ways)
    assert all(it == ours[0] for it in ours)


def test_empty_list_says_so_and_is_well_formed(auditor: Auditor) -> None:
    nothing = ("findings", "list", "--severity", "info")
    assert auditor(*nothing) == Result(0, "", "auditor: no finding is as asked for\n")
    assert json.loads(auditor(*nothing, "--format", "json").out) == []
    assert auditor(*nothing, "--format", "csv").out.startswith("id,check,")


def test_empty_list_of_a_stranger_is_not_taken_for_a_clean_account(auditor: Auditor) -> None:
    _, line = auditor("findings", "list", "--account", "999988887777").err.splitlines()
    assert line == "auditor: account 999988887777 was never audited, as far as this table knows"
    assert "never" not in auditor("findings", "list", "--account", ACCOUNT, "--severity", "info").err


def test_what_should_have_been_deleted_is_left_out(auditor: Auditor) -> None:
    old = record(found("A9", IDLE, evidence_at=ago(500)), Event.RESOLVED, age=401)
    table().put_item(Item=finding_item(old))
    for way in (("--account", ACCOUNT), ("--check", IDLE), ("--principal", arn("user/ana"))):
        assert "A4" in listed(auditor, *way, "--status", "resolved")
        assert "A4" in listed(auditor, *way, "--status", "all")


# --- show ---------------------------------------------------------------------------------------------------------


def test_show_tells_who_what_and_until_when(auditor: Auditor) -> None:
    audit(replace(CRITICAL, evidence={"created": "2026-01-01"}), LOW, FILED, age=1)
    told_at = {"Key": {"pk": history_key(CRITICAL.id), "sk": history_sort(2, Event.CHANGED)}}
    values = {":at": ago(0.5).isoformat()}
    table().update_item(**told_at, UpdateExpression="SET handed_on = :at", ExpressionAttributeValues=values)
    auditor("findings", "ack", CRITICAL.id, "--by", "ben", "--note", "rotating")
    rule = auditor("findings", "except", CRITICAL.id, *REASON).out.strip()
    out = auditor("findings", "show", CRITICAL.id).out
    assert out.startswith(f"CRITICAL  {STALE}  EXCEPTED\n{CRITICAL.reason}\n")
    assert "acknowledged  by ben, 2026-11-20 06:00:00 UTC: rotating\n" in out
    assert f"excepted      until 2026-12-31 by {rule} of ana: kept for the audit\n" in out
    assert f"fix           {CRITICAL.fix}\n" in out
    assert out.partition("HISTORY\n")[2].splitlines() == [
        "2026-10-31 06:00:00 UTC  OPENED",
        "2026-11-19 06:00:00 UTC  CHANGED  (handed on 2026-11-19 18:00:00 UTC)",
        "    evidence.created: 2026-08-21T06:00:00+00:00 -> 2026-01-01",
        "2026-11-20 06:00:00 UTC  ACKNOWLEDGED",
        "    acknowledged_by: none -> ben",
        "    acknowledged_note: none -> rotating",
        "2026-11-20 06:00:00 UTC  EXCEPTED",
        "    excepted_until: none -> 2026-12-31",
    ]


def test_show_tells_why_a_finding_is_resolved(auditor: Auditor) -> None:
    out = auditor("findings", "show", GONE.id).out
    assert "resolved      2026-11-18 06:00:00 UTC, FIXED\n" in out
    assert "    resolution: none -> FIXED\n" in out


def test_show_is_data_too(auditor: Auditor) -> None:
    document = json.loads(auditor("findings", "show", GONE.id, "--format", "json").out)
    assert (document["finding"]["id"], document["finding"]["resolution"]) == (GONE.id, "FIXED")
    assert [it["after"]["event"] for it in document["history"]] == ["OPENED", "RESOLVED"]
    assert document["history"][0]["before"] is None
    assert document["history"][1]["before"]["status"] == "OPEN"


# --- ack ----------------------------------------------------------------------------------------------------------


def test_acknowledged_finding_says_by_whom(auditor: Auditor) -> None:
    result = auditor("findings", "ack", ELSEWHERE.id, "--by", "ana")
    assert result == Result(0, "", f"auditor: finding {ELSEWHERE.id} is acknowledged by ana\n")
    acknowledged = ledger(OTHER).records[ELSEWHERE.id].acknowledged
    assert acknowledged
    assert (acknowledged.by, acknowledged.at, acknowledged.note) == ("ana", NOW, "")


@pytest.mark.parametrize(
    ("finding_id", "by", "message"),
    [
        ("0" * 32, "ana", f"finding {'0' * 32} is unknown"),
        ("A1", "ana", "'A1' is no finding's id: 32 hex digits are expected"),
        (GONE.id, "ana", f"finding {GONE.id} is resolved since 2026-11-18"),
        (CRITICAL.id, " ", "--by: is empty"),
    ],
)
def test_what_cannot_be_acknowledged_is_refused(refused: Any, finding_id: str, by: str, message: str) -> None:
    assert message in refused("ack", finding_id, "--by", by)


def test_second_acknowledgement_names_the_first(auditor: Auditor, refused: Any) -> None:
    auditor("findings", "ack", CRITICAL.id, "--by", "ana")
    assert f"finding {CRITICAL.id} was acknowledged by ana" in refused("ack", CRITICAL.id, "--by", "ben")


# --- except, unexcept, exceptions ---------------------------------------------------------------------------------


def test_finding_is_excepted_exactly(auditor: Auditor) -> None:
    result = auditor("findings", "except", LOW.id, *REASON)
    (rule,) = ledger().exceptions
    assert (result.code, result.out) == (0, f"{rule.id}\n")
    assert result.err == f"auditor: exception {rule.id} covers 1 finding of account {ACCOUNT} until 2026-12-31\n"
    assert (rule.account, rule.check, rule.resource, rule.tag) == (ACCOUNT, IDLE, "A2", None)
    assert listed(auditor, "--status", "excepted", "--account", ACCOUNT) == ["A3", "A2"]


def test_tag_and_pattern_except_what_matches(auditor: Auditor) -> None:
    auditor("findings", "except", "--account", ACCOUNT, "--tag", "team=r*", "--resource", "A?", *REASON)
    assert listed(auditor, "--status", "excepted") == ["A3", "A2"]


def test_only_open_finding_may_be_excepted_by_name(auditor: Auditor) -> None:
    """It is everything that is open, and still no sweep."""
    assert auditor("findings", "except", ELSEWHERE.id, *REASON).code == 0
    assert listed(auditor, "--account", OTHER.account, "--status", "excepted") == ["B1"]


SWEEPS: dict[str, tuple[str, ...]] = {
    "no matcher": ("--account", OTHER.account),
    "a pattern for all": ("--account", OTHER.account, "--check", STALE, "--resource", "B*"),
    "any resource of the only check": ("--account", OTHER.account, "--check", STALE),
    "any of all": ("--account", ACCOUNT, "--check", "*", "--resource", "**"),
    "a stranger's everything": ("--account", "999988887777"),
}


@pytest.mark.parametrize("matcher", SWEEPS.values(), ids=SWEEPS)
def test_exception_for_everything_needs_all(auditor: Auditor, refused: Any, matcher: tuple[str, ...]) -> None:
    assert "narrow it with --check, --resource or --tag, or add --all" in refused("except", *matcher, *REASON)
    assert auditor("findings", "except", *matcher, *REASON, "--all").code == 0


def test_exception_that_matches_nothing_is_made_with_a_warning(auditor: Auditor) -> None:
    result = auditor("findings", "except", "--account", ACCOUNT, "--resource", "Z*", *REASON)
    assert result.code == 0
    assert result.err.splitlines()[1] == "auditor: no open finding matches it yet"
    assert [it.resource for it in ledger().exceptions] == ["Z*"]


def test_id_excepts_exactly_one_finding_also_where_its_resource_looks_like_a_pattern(auditor: Auditor) -> None:
    """Or where a resource has several of one check, as with Access Analyzer's."""
    star, like, same = found("A7", resource="logs:*"), found("A8", resource="logs:x"), found("A9", resource="logs:*")
    audit(CRITICAL, LOW, FILED, star, like, same, age=1)
    assert auditor("findings", "except", star.id, *REASON).code == 0
    covered = {it.finding.id for it in ledger().records.values() if it.exception}
    assert covered & {star.id, like.id, same.id} == {star.id}


def test_bracket_inside_a_name_is_a_bracket(auditor: Auditor) -> None:
    bracket = found("A7", resource="[ab]")
    audit(CRITICAL, LOW, FILED, bracket, age=1)
    assert "stand for" not in auditor("findings", "except", bracket.id, *REASON).err
    assert ledger().records[bracket.id].exception


def test_what_the_reviewed_file_excepts_stays_excepted(auditor: Auditor) -> None:
    """The command does not know the file."""
    rule = auditor("findings", "except", LOW.id, *REASON).out.strip()
    assert ledger().records[FILED.id].exception == FILE
    assert auditor("findings", "unexcept", rule, "--account", ACCOUNT).code == 0
    assert ledger().records[FILED.id].exception == FILE
    assert ledger().records[FILED.id].version == 1


def test_ended_exception_opens_its_findings_again(auditor: Auditor) -> None:
    rule = auditor("findings", "except", LOW.id, *REASON).out.strip()
    result = auditor("findings", "unexcept", rule, "--account", ACCOUNT)
    assert result.err == f"auditor: exception {rule} has ended; open again: 1 finding of account {ACCOUNT}\n"
    assert ledger().exceptions == ()
    assert ledger().records[LOW.id].event is Event.EXCEPTION_ENDED


def test_exceptions_are_listed_active_and_ended(auditor: Auditor) -> None:
    past = replace(FILE, account=ACCOUNT, until=ago(5).date(), tag=("team", "red"))
    FindingsTable(table=table()).amend(OWNER, lambda held: make_exception(held, past, Rules(), ago(6)))
    made = auditor("findings", "except", LOW.id, *REASON).out.strip()
    rows = json.loads(auditor("findings", "exceptions", "--account", ACCOUNT, "--format", "json").out)
    assert [(it["id"], it["state"], it["until"], it["tag"]) for it in rows] == [
        (past.id, "ended", "2026-11-15", "team=red"),
        (made, "active", "2026-12-31", None),
    ]
    none = auditor("findings", "exceptions", "--account", OTHER.account)
    assert (none.code, none.err) == (0, f"auditor: no exception was made for account {OTHER.account}\n")


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "past": (("--until", "2026-11-19"), "--until: 2026-11-19 is past"),
    "too far": (("--until", "2027-11-30"), "--until: 2027-11-30 is more than a year ahead"),
    "no day": (("--until", "tomorrow"), "--until: 'tomorrow' is not a day"),
    "short reason": (("--reason", "because"), "--reason: 'because' is shorter than 10 characters"),
    "no owner": (("--owner", " "), "--owner: is empty"),
    "unknown check": (("--check", "stale-acces-key"), "did you mean 'stale-access-key'?"),
    "every account": (("--account", "*"), "belongs into the reviewed file infra/exceptions.toml"),
    "no account": (("--account", "prod"), "--account: 'prod' is no account"),
    "empty account": (("--account", ""), "--account: '' is no account"),
    "digits of elsewhere": (("--account", "١١١١٢٢٢٢٣٣٣٣"), "twelve digits are expected"),
    "empty resource": (("--resource", ""), "--resource: is empty"),
    "tag without value": (("--tag", "team"), "--tag: 'team' is not key=value"),
    "an id besides": ((LOW.id,), "either a finding's ID, or --account"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_exception_is_refused(refused: Any, arguments: tuple[str, ...], message: str) -> None:
    right = ("--account", ACCOUNT, "--check", STALE)
    assert message in refused("except", *right, *REASON, *arguments)


def test_exception_about_nothing_in_particular_is_refused(refused: Any) -> None:
    assert "either a finding's ID, or --account" in refused("except", *REASON)
    assert "finding 00000000000000000000000000000000 is unknown" in refused("except", "0" * 32, *REASON)


def test_exception_is_not_made_twice(auditor: Auditor, refused: Any) -> None:
    rule = auditor("findings", "except", LOW.id, *REASON).out.strip()
    assert f"exception {rule} is there already, until 2026-12-31" in refused("except", LOW.id, *REASON)


def test_unknown_exception_cannot_end(refused: Any) -> None:
    assert "exception x-0 is unknown" in refused("unexcept", "x-0", "--account", ACCOUNT)


# --- runs, close-account ------------------------------------------------------------------------------------------


def test_runs_of_an_account_are_listed_newest_first(auditor: Auditor) -> None:
    rows = json.loads(auditor("findings", "runs", "--account", ACCOUNT, "--format", "json").out)
    assert [(it["evidence_at"], it["findings"], it["transitions"]) for it in rows] == [
        (ago(2).isoformat(), 3, 1),
        (ago(20).isoformat(), 4, 4),
    ]
    late = auditor("findings", "runs", "--account", ACCOUNT, "--format", "json", "--since", "2026-11-01")
    assert len(json.loads(late.out)) == 1


def test_last_run_of_each_account_is_listed(auditor: Auditor) -> None:
    rows = json.loads(auditor("findings", "runs", "--format", "json").out)
    assert [(it["account"], it["findings"], it["open"], it["excepted"]) for it in rows] == [
        (ACCOUNT, 3, {"CRITICAL": 1, "LOW": 1}, 1),
        (OTHER.account, 1, {"HIGH": 1}, 0),
    ]
    _, *lines = auditor("findings", "runs", "--since", "2026-11-18").out.splitlines()
    assert "1 CRITICAL, 1 LOW" in lines[0]
    assert [line.split()[0] for line in lines] == [ACCOUNT]
    audited_long_ago = auditor("findings", "runs", "--since", "2026-11-19")
    assert audited_long_ago == Result(0, "", "auditor: no account was audited in that time\n")


def test_account_without_audits_has_no_runs(auditor: Auditor) -> None:
    result = auditor("findings", "runs", "--account", "999988887777")
    assert result == Result(0, "", "auditor: no audit of account 999988887777 is known\n")


NEVER_AUDITED = Owner(account="999988887777", partition="aws")
UNREACHED = "=AccessDenied: no way into\x1b[31m arn:aws:iam::999988887777:role/account-auditor"


def missed(owner: Owner = NEVER_AUDITED, reason: str = UNREACHED) -> None:
    FindingsTable(table=table()).amend(owner, lambda known: miss(known, NOW, reason))


def put_run(**fields: Any) -> None:
    run = Run(clock=NOW, planned=3, audited=2, not_audited=1, finished=True)
    RunsTable(table=table(), partition="aws").put(replace(run, **fields))


def test_accounts_that_are_not_audited_are_listed_with_the_reason(auditor: Auditor) -> None:
    missed()
    missed(OTHER, "Throttled")
    rows = json.loads(auditor("findings", "runs", "--format", "json", "--since", "2026-11-18").out)
    assert [(it["account"], it["evidence_at"], it["findings"], it["open"], it["not_audited"]) for it in rows] == [
        (ACCOUNT, ago(2).isoformat(), 3, {"CRITICAL": 1, "LOW": 1}, None),
        (OTHER.account, ago(3).isoformat(), 1, {"HIGH": 1}, "Throttled"),
        (NEVER_AUDITED.account, None, None, {}, UNREACHED),
    ]
    text = auditor("findings", "runs", "--format", "csv").out
    by_account = {it["account"]: it for it in csv.DictReader(io.StringIO(text, newline=""), strict=True)}
    assert by_account[ACCOUNT]["not_audited"] == ""
    assert by_account[NEVER_AUDITED.account]["not_audited"].startswith("'=AccessDenied: no way into\\x1b[31m")
    head, *lines = auditor("findings", "runs").out.splitlines()
    assert head.endswith("NOT AUDITED")
    assert [line.split()[0] for line in lines] == [ACCOUNT, OTHER.account, NEVER_AUDITED.account]
    assert "no way into\\x1b[31m" in lines[2]


def test_account_that_moves_from_one_list_to_the_other_is_listed_once(
    auditor: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked later is as the account is later."""

    def meanwhile(of: Any, question: Any) -> Iterator[Any]:
        found = list(ask(of, question))
        if any(it.get("account") == OTHER.account for it in found):
            missed(OTHER)
        yield from found

    monkeypatch.setattr("auditor.cli.table.ask", meanwhile)
    rows = json.loads(auditor("findings", "runs", "--format", "json", "--since", "2026-11-17").out)
    assert [(it["account"], it["not_audited"]) for it in rows] == [(ACCOUNT, None), (OTHER.account, UNREACHED)]


def test_last_run_over_all_accounts_is_told_besides_the_data(auditor: Auditor) -> None:
    put_run(clock=ago(1), error="long ago")
    put_run(skipped={"excluded: sandbox": 2, "AWS has suspended the account": 1}, lost=(ACCOUNT,), ended=1)
    result = auditor("findings", "runs", "--format", "json")
    assert len(json.loads(result.out)) == 2
    assert result.err == (
        "auditor: last run over all accounts, of 2026-11-20 06:00 UTC: 3 planned, 2 audited, 1 not audited, 1 ended, "
        "3 skipped, 1 lost; skipped: 2 (excluded: sandbox), 1 (AWS has suspended the account); "
        f"lost: {ACCOUNT}\n"
    )


def test_run_that_failed_says_why_in_one_line(auditor: Auditor) -> None:
    put_run(finished=False, error="RosterError: nothing\nleft\x1b[0m")
    (line,) = auditor("findings", "runs").err.splitlines()
    assert line.startswith(
        "auditor: last run over all accounts, of 2026-11-20 06:00 UTC (it has not finished): 3 planned"
    )
    assert line.endswith("; error: RosterError: nothing\\nleft\\x1b[0m")


def test_account_by_itself_says_that_it_is_not_audited(auditor: Auditor) -> None:
    missed(OTHER, "Throttled")
    result = auditor("findings", "runs", "--account", OTHER.account, "--format", "json")
    assert len(json.loads(result.out)) == 1
    assert result.err == (
        f"auditor: account {OTHER.account} is not audited, as of the run of 2026-11-20 06:00 UTC: Throttled\n"
    )


def test_account_that_was_missed_and_never_audited_can_be_closed(auditor: Auditor, refused: Any) -> None:
    missed()
    line = refused("close-account", NEVER_AUDITED.account)
    assert f"this resolves 0 open findings of account {NEVER_AUDITED.account}: add --yes" in line
    assert auditor("findings", "close-account", NEVER_AUDITED.account, "--yes").code == 0
    rows = json.loads(auditor("findings", "runs", "--format", "json").out)
    assert [it["account"] for it in rows] == [ACCOUNT, OTHER.account]


def test_closed_account_has_nothing_open(auditor: Auditor, refused: Any) -> None:
    line = refused("close-account", ACCOUNT)
    assert f"this resolves 3 open findings of account {ACCOUNT}: add --yes" in line
    result = auditor("findings", "close-account", ACCOUNT, "--yes")
    assert result == Result(0, "", f"auditor: resolved as ACCOUNT_CLOSED: 3 findings of account {ACCOUNT}\n")
    assert listed(auditor) == ["B1"]
    assert {str(it.resolution) for it in ledger().records.values()} == {"FIXED", "ACCOUNT_CLOSED"}


def test_account_that_nobody_knows_cannot_be_closed(refused: Any) -> None:
    assert "account 999988887777 is unknown to this table" in refused("close-account", "999988887777", "--yes")


# --- bad input, and AWS that refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--status", "resolved"), "add --check, --account, --principal or --since"),
        (("--status", "all"), "add --check, --account, --principal or --since"),
        (("--status", "closed"), "--status: 'closed' is unknown; known: open, excepted, resolved, all"),
        (("--severity", "hihg"), "--severity: 'hihg' is unknown; did you mean 'high'?"),
        (("--check", "stale-acces-key"), "--check: 'stale-acces-key' is unknown; did you mean 'stale-access-key'?"),
        (("--account", "123"), "--account: '123' is no account: twelve digits are expected"),
        (("--principal", " "), "--principal: is empty"),
        (("--since", "2026-10-19"), "--since: changes are asked for day by day, at most 31 days back"),
        (("--since", "yesterday"), "--since: 'yesterday' is not a date"),
        (("--since", "2026-11-20T05:00:00"), "--since: '2026-11-20T05:00:00' has no time zone"),
        (("--since", "2026-11-21"), "--since: 2026-11-21 is in the future"),
        (("--limit", "0"), "--limit"),
        (("--format", "xml"), "--format: 'xml' is unknown"),
    ],
)
def test_wrong_question_is_refused(refused: Any, arguments: tuple[str, ...], message: str) -> None:
    assert message in refused("list", *arguments)


def test_table_has_to_be_named(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, ""):
        monkeypatch.delenv("AUDITOR_TABLE") if value is None else monkeypatch.setenv("AUDITOR_TABLE", value)
        line = auditor("findings", "list").says_why_in_one_line()
        assert line == (
            "auditor: --table: name the findings table (output FindingsTable of the stack), or set AUDITOR_TABLE"
        )


def test_table_that_is_not_there_is_named(refused: Any) -> None:
    assert "--table: there is no table 'lost' in this account and Region" in refused("list", "--table", "lost")


def test_region_has_to_be_known(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    line = auditor("findings", "list").says_why_in_one_line()
    assert line == "auditor: no Region: set AWS_DEFAULT_REGION, or the Region of the profile"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDeniedException", "AWS: Query: AccessDeniedException: as AWS says"),
        ("ThrottlingException", "(try again: nothing is done twice)"),
        ("ExpiredTokenException", "AWS: Query: ExpiredTokenException: as AWS says"),
    ],
)
@pytest.mark.parametrize(
    "arguments",
    [("list",), ("show", LOW.id), ("ack", LOW.id, "--by", "ana"), ("close-account", ACCOUNT, "--yes"), ("runs",)],
)
def test_what_aws_refuses_is_one_line(
    refused: Any, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: str, message: str
) -> None:
    def query(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "as AWS says"}}, "Query")

    monkeypatch.setattr("auditor.cli.table.ask", query)
    monkeypatch.setattr(FindingsTable, "load", query)
    assert message in refused(*arguments)


def test_lost_races_are_one_line(refused: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.aws.findings_table.ATTEMPTS", 0)
    assert "lost 0 races" in refused("ack", LOW.id, "--by", "ana")


def test_partition_follows_from_the_region(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "cn-north-1")
    make_table(new_session("cn-north-1").client("dynamodb"), NAME)
    asked = auditor("findings", "list", "--account", ACCOUNT, "--explain").err
    assert f"'A#aws-cn#{ACCOUNT}'" in asked


# --- names come from whoever can create them ----------------------------------------------------------------------


@pytest.mark.parametrize("name", [it for it in NAMES if it and it != "\ud800"])
@pytest.mark.parametrize("form", ["table", "csv", "json", "text"])
def test_hostile_name_is_harmless_wherever_it_is_printed(
    auditor: Auditor, monkeypatch: pytest.MonkeyPatch, name: str, form: str
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    hostile = found("A8", resource=name, reason=f"{name} is bad", tags={"team": name}, principal=name[:500])
    audit(CRITICAL, LOW, FILED, hostile, age=1)
    FindingsTable(table=table()).amend(OWNER, lambda held: acknowledge(held, hostile.id, name, name, NOW))
    asked = ("show", hostile.id) if form == "text" else ("list", "--account", ACCOUNT, "--format", form)
    result = auditor("findings", *asked)
    assert result.code == 0
    assert not [it for it in set(result.out) - {"\n", "\r"} if not it.isprintable()]
    if form == "table":
        assert len(result.out.splitlines()) == 4
    if form == "csv":
        cells = [it for row in csv.reader(io.StringIO(result.out, newline=""), strict=True) for it in row]
        assert not [it for it in cells if it.lstrip()[:1] in {"=", "+", "-", "@"}]


# --- explained ----------------------------------------------------------------------------------------------------


def test_nothing_is_explained_unasked(auditor: Auditor) -> None:
    assert auditor("findings", "list").err == ""


@pytest.mark.parametrize(
    ("arguments", "indexes"),
    [
        (("list",), ["open-by-severity"] * 5),
        (("list", "--severity", "low"), ["open-by-severity"]),
        (("list", "--account", ACCOUNT), [None]),
        (("show", LOW.id), ["by-id", None, None]),
        (("ack", LOW.id, "--by", "ana"), ["by-id", None]),
        (("except", LOW.id, *REASON), ["by-id", None, None]),
        (("exceptions", "--account", ACCOUNT), [None]),
        (("runs", "--account", ACCOUNT), [None]),
        (("runs", "--since", "2026-11-20"), ["changed-by-day", "changed-by-day", None]),
        (("close-account", ACCOUNT, "--yes"), [None]),
    ],
)
def test_each_query_is_explained_on_stderr_as_it_is_made(
    auditor: Auditor, arguments: tuple[str, ...], indexes: list[str | None]
) -> None:
    result = auditor("findings", *arguments, "--explain")
    lines = [line for line in result.err.splitlines() if not line.startswith("auditor: ")]
    statements, queries = lines[::2], [json.loads(line.removeprefix("Query: ")) for line in lines[1::2]]
    assert [it.get("IndexName") for it in queries] == indexes
    assert all(it["TableName"] == NAME for it in queries)
    assert all(it.startswith("PartiQL: SELECT ") for it in statements)
    assert "SELECT" not in result.out


def test_answer_is_cut_without_asking_for_the_rest(auditor: Auditor) -> None:
    result = auditor("findings", "list", "--limit", 1, "--explain")
    assert result.err.count("PartiQL: ") == 1


def test_last_minute_is_not_in_the_future(auditor: Auditor) -> None:
    assert auditor("findings", "list", "--since", (NOW - timedelta(seconds=1)).isoformat()).code == 0


def test_commands_of_the_operations_page_work(auditor: Auditor) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("## The command\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"^```console\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    commands = [shlex.split(line)[1:] for line in block.splitlines()]
    assert len(commands) > 1
    assert {auditor(*arguments).code for arguments in commands} == {0}


def test_commands_are_those_of_the_operations_page(auditor: Auditor) -> None:
    section = (Path(__file__).parents[2] / "docs" / "operations.md").read_text().partition("## The command\n")[2]
    documented = re.findall(r"^\| `([a-z-]+)", section.partition("\n## ")[0], re.MULTILINE)
    assert documented == list(dict.fromkeys(documented))
    helped = auditor("findings", "--help").out
    assert set(documented) == set(re.findall(r"^│ ([a-z][a-z-]+)  ", helped, re.MULTILINE))
