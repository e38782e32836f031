from dataclasses import replace

import pytest

from auditor.core.check import Severity
from auditor.core.life import Event, Ledger
from auditor.core.telling import Bundle, Kind
from auditor.render import letters
from auditor.render.letter import Letter
from auditor.render.wording import joined, told, worst
from tests.build import ACCOUNT, NOW, OWNER, finding, record
from tests.render.letters import (
    KEY,
    alert,
    baseline,
    bundle,
    ledger,
    news,
    of,
    ordinary,
    owner,
    rule,
    section,
)

LOW, HIGH, CRITICAL = (finding(name, severity=Severity[name]) for name in ("LOW", "HIGH", "CRITICAL"))


def titles(letter: Letter) -> list[str]:
    return [it.title for it in letter.sections]


def spread(*numbers: int) -> Letter:
    return letters.spread(bundle(*map(of, numbers), kind=Kind.SPREAD), NOW)


def summary(given: Bundle) -> Letter:
    return letters.summary(replace(given, kind=Kind.SUMMARY), NOW)


def escalation(given: Bundle, hours: int = 24) -> Letter:
    return letters.escalation(replace(given, kind=Kind.ESCALATION), NOW, hours)


def test_letter_is_known_by_its_bundle() -> None:
    given = bundle(record(HIGH))
    told_of = letters.alert(given, NOW)
    assert (told_of.id, told_of.kind, told_of.at, told_of.accounts) == (given.id, Kind.ALERT, NOW, (ACCOUNT,))


# What one letter tells of one finding.


def test_finding_that_changed_before_it_was_told_is_new() -> None:
    opened, changed = record(HIGH), record(HIGH, Event.CHANGED)
    (it,) = told([changed, opened])
    assert (it.event, it.version) == (Event.OPENED, 2)


def test_finding_that_was_mended_before_it_was_told_is_resolved() -> None:
    assert [it.event for it in told([record(HIGH), record(HIGH, Event.RESOLVED)])] == [Event.RESOLVED]


def test_finding_that_came_back_after_it_was_mended_is_reopened() -> None:
    back = record(HIGH, Event.REOPENED, version=3)
    assert [it.event for it in told([record(HIGH, Event.RESOLVED), back])] == [Event.REOPENED]


@pytest.mark.parametrize("event", [Event.OPENED, Event.REOPENED, Event.EXCEPTED])
def test_finding_that_an_exception_covers_is_excepted(event: Event) -> None:
    assert [it.event for it in told([record(HIGH, event, exception=rule())])] == [Event.EXCEPTED]


def test_change_of_an_excepted_finding_is_no_new_exception() -> None:
    (it,) = told([record(HIGH, Event.CHANGED, exception=rule())])
    assert it.event is Event.CHANGED
    (entry,) = alert(it).entries
    assert entry.what.endswith("; excepted until 2026-11-27")


def test_order_of_arrival_does_not_matter() -> None:
    records = [record(finding(str(number), check=check)) for number in range(3) for check in ("b", "a")]
    assert told(records) == told(reversed(records))
    assert [it.finding.check for it in told(records)] == ["a"] * 3 + ["b"] * 3


def test_only_what_is_new_or_back_makes_a_letter_severe() -> None:
    assert worst([record(LOW), record(CRITICAL, Event.RESOLVED), record(HIGH, Event.CHANGED)]) is Severity.LOW
    assert worst([record(CRITICAL, exception=rule())]) is Severity.INFO
    assert worst([record(LOW), record(CRITICAL, Event.EXCEPTION_ENDED)]) is Severity.CRITICAL


def test_list_names_each_once_and_counts_the_rest() -> None:
    assert joined(["a", "b", "a"], 2) == "a, b"
    assert joined(["a", "b", "c", "d"], 2) == "a, b and 2 more"


# Alert.


def test_headline_names_the_account_and_counts_each_event() -> None:
    ended = record(LOW, Event.EXCEPTION_ENDED)
    records = (record(HIGH), record(finding("x")), record(CRITICAL, Event.REOPENED), ended)
    assert alert(*records).headline == f"AWS account {ACCOUNT}: 2 new, 1 reopened, 1 exception ended"
    assert ordinary().headline == f"AWS account {ACCOUNT} (prod-payments): 2 new, 1 reopened"


def test_name_of_an_account_is_cut_but_no_key_id_in_it() -> None:
    told_of = alert(record(HIGH), name=f"{'n' * 30}-{KEY}")
    assert "AKIA" in told_of.headline
    assert KEY[:12] not in told_of.headline


def test_events_are_told_in_their_order_and_the_worst_first() -> None:
    told_of = alert(record(LOW, Event.REOPENED), record(LOW, version=9), record(CRITICAL), record(HIGH))
    assert titles(told_of) == ["New (3)"]
    assert [it.severity.name for it in told_of.entries] == ["CRITICAL", "HIGH", "LOW"]
    assert titles(alert(record(LOW, Event.REOPENED), record(HIGH))) == ["New (1)", "Reopened (1)"]


def test_what_is_not_spelled_out_is_counted_by_check() -> None:
    many = [record(finding(f"{number:02}")) for number in range(15)]
    (part,) = alert(*many, record(finding("z", "unused-role", severity=Severity.LOW))).sections
    assert len(part.entries) == 12
    assert part.more == ("and 3 x stale-access-key (HIGH)", "and 1 x unused-role (LOW)")


def test_entry_says_what_where_what_to_do_and_how_it_is_found() -> None:
    (it,) = alert(record(replace(HIGH, region="eu-west-1"))).entries
    assert (it.what, it.do, it.id, it.check) == (HIGH.reason, HIGH.fix, HIGH.id, HIGH.check)
    assert it.where == f"{HIGH.principal} (eu-west-1)"


def test_region_that_is_the_principal_is_named_once() -> None:
    (it,) = alert(record(replace(HIGH, region="eu-west-1", principal="eu-west-1"))).entries
    assert it.where == "eu-west-1"


# Spread.


def test_spread_says_once_what_all_have_in_common() -> None:
    told_of = spread(*range(7))
    assert told_of.headline == f"7 AWS accounts: {finding().title} (new)"
    (it,) = told_of.entries
    assert (it.what, it.do, it.where, it.id) == (finding().reason, finding().fix, "", "")
    assert section(told_of, "Where").lines[0] == f"{ACCOUNT}: AKIA1"
    assert len(section(told_of, "Where").lines) == 7
    assert told_of.severity is Severity.HIGH


def test_spread_gives_an_example_where_fixes_differ() -> None:
    given = [of(number, fix=f"mend {number}", reason=f"{number} is broken") for number in range(6)]
    (it,) = letters.spread(bundle(*given, kind=Kind.SPREAD), NOW).entries
    assert it.do == "for example: mend 0"
    assert it.what == "for example: 0 is broken"


def test_spread_is_bounded() -> None:
    many = [of(number, f"key {uid}") for number in range(25) for uid in range(5)]
    where = section(letters.spread(bundle(*many, kind=Kind.SPREAD), NOW), "Where")
    assert len(where.lines) == 20
    assert where.lines[0] == f"{ACCOUNT}: key 0, key 1, key 2 and 2 more"
    assert where.more == ("and 5 more accounts",)


# Summary.


def test_summary_counts_and_spells_out_the_worst() -> None:
    many = [of(number % 30, f"key {number:02}") for number in range(56)]
    told_of = summary(bundle(*many, record(CRITICAL)))
    assert told_of.headline == "57 alerts at once in 30 AWS accounts"
    assert told_of.opening == "1 CRITICAL, 56 HIGH. Nothing else is told at once for an hour."
    assert [it.severity for it in told_of.entries] == [Severity.CRITICAL, *[Severity.HIGH] * 4]
    assert section(told_of, "By check").lines == ("1 x stale-access-key (CRITICAL)", "56 x stale-access-key (HIGH)")
    assert section(told_of, "By account").lines[0] == f"3 x {ACCOUNT}"
    assert section(told_of, "By account").more == ("and 10 more accounts",)
    assert "First audits" not in titles(told_of)


def test_summary_names_the_account_of_each_finding() -> None:
    told_of = summary(bundle(news(record(CRITICAL), "prod"), news(of(1, "AKIA2"))))
    assert [it.where.split(":")[0] for it in told_of.entries] == [f"{ACCOUNT} (prod)", "111122223334"]


def test_summary_counts_first_audits() -> None:
    told_of = summary(bundle(record(HIGH), owner(1), owner(2)))
    assert told_of.headline == "3 alerts at once in 3 AWS accounts"
    assert section(told_of, "First audits").lines == ("111122223334", "111122223335")


def test_summary_of_first_audits_alone_says_nothing_of_findings() -> None:
    told_of = summary(bundle(owner(1), owner(2)))
    assert titles(told_of) == ["First audits"]
    assert told_of.opening == "Nothing else is told at once for an hour."


# Escalation.


def test_escalation_says_how_long_nobody_has_acknowledged() -> None:
    told_of = escalation(bundle(record(CRITICAL), name="prod"))
    assert told_of.headline == f"AWS account {ACCOUNT} (prod): 1 critical finding not acknowledged for 24 hours"
    assert told_of.severity is Severity.CRITICAL
    assert [it.id for it in told_of.entries] == [CRITICAL.id]


def test_escalation_of_many_accounts_names_each() -> None:
    told_of = escalation(bundle(*(of(number, severity=Severity.CRITICAL) for number in range(3))), hours=1)
    assert told_of.headline == "3 AWS accounts: 3 critical findings not acknowledged for 1 hour"
    assert [it.where[:12] for it in told_of.entries] == [owner(number).account for number in range(3)]


# Baseline.


def test_baseline_counts_and_spells_out_the_worst() -> None:
    many = [record(finding(f"{number:02}"), baseline=True) for number in range(10)]
    told_of = baseline({OWNER: ledger(*many, record(CRITICAL), seen=40)}, name="prod")
    assert told_of.headline == f"AWS account {ACCOUNT} (prod): first audit, 11 findings"
    assert told_of.severity is Severity.CRITICAL
    assert told_of.opening == "1 CRITICAL, 10 HIGH. From now on only changes are told."
    assert told_of.entries[0].id == CRITICAL.id
    assert len(told_of.entries) == 8
    assert section(told_of, "By check").lines == ("1 x stale-access-key (CRITICAL)", "10 x stale-access-key (HIGH)")


def test_baseline_says_what_was_not_looked_at_by_reason() -> None:
    gaps = {"unused-role": "AccessDenied", "idle-access-key": "AccessDenied", "root-access-key": "no report"}
    told_of = baseline({OWNER: ledger(record(HIGH), seen=3, gaps=gaps)})
    lines = ("idle-access-key, unused-role: AccessDenied", "root-access-key: no report")
    assert section(told_of, "Not looked at").lines == lines
    assert "Not everything was looked at." in told_of.opening


def test_baseline_counts_what_exceptions_cover_and_spells_it_not_out() -> None:
    told_of = baseline({OWNER: ledger(record(HIGH), record(CRITICAL, exception=rule()), seen=3)})
    assert told_of.opening == "1 HIGH. Covered by exceptions: 1 finding. From now on only changes are told."
    assert [it.id for it in told_of.entries] == [HIGH.id]
    assert told_of.severity is Severity.HIGH


def test_clean_account_has_its_own_words() -> None:
    told_of = baseline({OWNER: ledger(seen=41)})
    assert told_of.opening == "Nothing wrong was found: 41 checks looked. From now on only changes are told."
    assert told_of.headline.endswith(": first audit, nothing wrong was found")
    assert (told_of.severity, titles(told_of)) == (Severity.INFO, [])


@pytest.mark.parametrize("unseen", [Ledger(), ledger(gaps={"unused-role": "AccessDenied"})])
def test_account_of_which_nothing_was_seen_is_not_called_clean(unseen: Ledger) -> None:
    told_of = baseline({OWNER: unseen})
    assert told_of.opening == "Nothing could be looked at, so nothing is known to be fine."
    assert told_of.headline.endswith(": first audit, nothing could be looked at")


def test_baseline_of_many_accounts_counts_by_account_without_their_records() -> None:
    unseen = ledger(gaps={"unused-role": "AccessDenied"})
    told_of = baseline(
        {owner(0): ledger(seen=40), owner(1): ledger(seen=40, open={"HIGH": 2, "CRITICAL": 1}), owner(2): unseen}
    )
    assert told_of.headline == "3 AWS accounts: first audit, 3 findings"
    assert told_of.severity is Severity.CRITICAL
    assert section(told_of, "By account").lines == (
        "111122223334: 1 CRITICAL, 2 HIGH",
        "111122223335: nothing was looked at",
        f"{ACCOUNT}: nothing wrong was found, 40 checks looked",
    )
    assert section(told_of, "Not looked at").lines == ("unused-role: AccessDenied (in 111122223335)",)
    assert "Not everything was looked at." in told_of.opening
