from dataclasses import replace

import pytest

from auditor.core.check import Severity
from auditor.core.life import Event, Resolution
from auditor.core.roster import Run
from auditor.core.telling import Gap, Kind, Reach
from auditor.render import letters
from auditor.render.digest import RESOLUTIONS
from auditor.render.letter import Letter
from tests.build import ACCOUNT, NOW, finding, record
from tests.render.letters import bundle, digest, lost, news, of, owner, rule, section, unaudited

HIGH = finding(severity=Severity.HIGH)


def titles(letter: Letter) -> list[str]:
    return [it.title for it in letter.sections]


def test_day_without_anything_says_since_when() -> None:
    quiet = digest()
    assert quiet.headline == "Digest of 2026-11-20: nothing changed"
    assert quiet.opening == "Nothing changed since 2026-11-19 06:00 UTC."
    assert (quiet.severity, quiet.sections, quiet.accounts) == (Severity.INFO, (), ())


def test_first_digest_knows_of_no_day_before() -> None:
    assert letters.digest(bundle(kind=Kind.DIGEST), NOW, None, (), (), Reach()).opening == "Nothing changed."


def test_what_is_open_longest_changes_nothing() -> None:
    quiet = digest(longest=(record(HIGH, Event.CHANGED),))
    assert quiet.opening.startswith("Nothing changed since")
    line = f"since 2026-11-11, {ACCOUNT}: HIGH {HIGH.title}: AKIA1 (id {HIGH.id})"
    assert section(quiet, "Open longest").lines == (line,)


def test_digest_counts_what_happened() -> None:
    happened = [record(finding(event), event) for event in Event if event not in {"ACKNOWLEDGED", "RENAMED"}]
    told = digest(*happened, Gap(check="unused-role", reason="AccessDenied"), ending=(rule(),), name="prod")
    assert told.headline == (
        "Digest of 2026-11-20: 1 new, 1 reopened, 1 exception ended, 1 changed, 1 excepted, 1 resolved, "
        f"1 check could not look in AWS account {ACCOUNT} (prod), 1 exception to end"
    )
    assert titles(told) == [
        *("New (1)", "Reopened (1)", "Exception ended (1)", "Changed (1)", "Excepted (1)", "Resolved (1)"),
        *("Exceptions that end", "Not looked at"),
    ]


def test_digest_of_another_channel_names_it() -> None:
    given = bundle(kind=Kind.DIGEST, day="payments 2026-11-20")
    assert (
        letters.digest(given, NOW, None, (), (), Reach()).headline
        == "Digest of 2026-11-20 for payments: nothing changed"
    )


def test_reminder_alone_is_no_change() -> None:
    told = digest(ending=(rule(), rule(resource="x")))
    assert told.headline == "Digest of 2026-11-20: 2 exceptions to end"
    assert told.opening.startswith("Nothing changed")


def test_digest_is_as_bad_as_what_is_new() -> None:
    low = record(finding("x", severity=Severity.LOW))
    assert digest(low, record(HIGH, Event.CHANGED)).severity is Severity.LOW
    assert digest(record(HIGH, Event.RESOLVED)).severity is Severity.INFO


def test_new_findings_stand_account_by_account() -> None:
    given = [of(number, uid) for uid in ("b", "a") for number in (1, 0)]
    told = digest(*given)
    assert [(it.where[:12], it.what[0]) for it in told.entries] == [
        *((ACCOUNT, "a"), (ACCOUNT, "b")),
        *(("111122223334", "a"), ("111122223334", "b")),
    ]


def test_most_severe_are_spelled_out_whatever_their_account() -> None:
    lows = [of(0, f"{number}", severity=Severity.LOW) for number in range(12)]
    told = digest(*lows, of(1, "worst"))
    assert told.entries[-1].severity is Severity.HIGH
    assert len(told.entries) == 12
    assert section(told, "New").more == ("and 1 x stale-access-key (LOW)",)


def test_excepted_finding_says_who_accepted_it_until_when_and_why() -> None:
    covered = [record(finding(uid), exception=rule()) for uid in ("a", "b")]
    (line,) = section(digest(*covered), "Excepted (2)").lines
    assert line == (f"HIGH {HIGH.title}: a, b; accepted by payments until 2026-11-27: the vendor rotates it in spring")


def test_findings_of_two_exceptions_have_two_lines() -> None:
    covered = [record(finding(uid), exception=rule(owner=uid)) for uid in ("a", "b")]
    assert len(section(digest(*covered), "Excepted (2)").lines) == 2


@pytest.mark.parametrize(
    ("resolution", "words"),
    [
        (Resolution.FIXED, "fixed"),
        (Resolution.RESOURCE_DELETED, "resource deleted"),
        (Resolution.THRESHOLD_CHANGED, "threshold changed"),
        (Resolution.CHECK_RETIRED, "check retired"),
        (Resolution.ACCOUNT_CLOSED, "account closed"),
        (Resolution.JUDGED_ELSEWHERE, "judged in another account"),
    ],
)
def test_resolved_finding_says_why(resolution: Resolution, words: str) -> None:
    told = digest(record(HIGH, Event.RESOLVED, resolution=resolution))
    assert section(told, "Resolved (1)").lines == (f"HIGH {HIGH.title}: AKIA1 ({words})",)


def test_every_resolution_has_words() -> None:
    assert set(RESOLUTIONS) == set(Resolution)


def test_resolved_findings_of_one_check_share_a_line_in_each_account() -> None:
    given = [of(number, uid, Event.RESOLVED) for number in (0, 1) for uid in "abcde"]
    lines = section(digest(*given), "Resolved (10)").lines
    assert lines[0] == f"{ACCOUNT}: HIGH {HIGH.title}: a, b, c and 2 more (fixed)"
    assert [line[:12] for line in lines] == [ACCOUNT, "111122223334"]


def test_exception_that_ends_says_what_it_covers() -> None:
    everywhere = rule(account="*", check="*", resource="arn:*:role/ci-*", tag=("stage", "dev"))
    lines = section(digest(ending=(rule(), everywhere)), "Exceptions").lines
    why = "accepted by payments until 2026-11-27: the vendor rotates it in spring"
    assert lines == (
        f"stale-access-key, {ACCOUNT}, any resource: {why} ({rule().id})",
        f"any check, any account, arn:*:role/ci-* with the tag stage=dev: {why} ({everywhere.id})",
    )


def test_last_news_of_a_gap_count() -> None:
    lost, again = Gap(check="unused-role", reason="AccessDenied"), Gap(check="unused-role", reason="")
    ended = digest(news(again, key="G#2"), news(lost, key="G#1"))
    assert titles(ended) == ["Looked at again"]
    assert ended.headline.startswith("Digest of 2026-11-20: 1 check could look again in")
    assert titles(digest(news(again, key="G#1"), news(lost, key="G#2"))) == ["Not looked at"]


def test_gaps_share_the_line_of_their_reason_in_each_account() -> None:
    gaps = [Gap(check=check, reason="AccessDenied") for check in ("b", "a")]
    elsewhere = replace(news(gaps[0], key="other"), owner=owner(1))
    told = digest(*gaps, elsewhere)
    assert section(told, "Not looked at").lines == (f"{ACCOUNT}: a, b: AccessDenied", "111122223334: b: AccessDenied")
    assert section(digest(*gaps), "Not looked at").lines == ("a, b: AccessDenied",)


def test_first_audit_that_waited_for_the_digest_is_told() -> None:
    told = digest(owner(1), owner(2))
    assert section(told, "Audited for the first time").lines == ("111122223334", "111122223335")
    assert told.headline == "Digest of 2026-11-20: 2 first audits in 2 AWS accounts"


def test_long_day_is_bounded() -> None:
    given = [of(number, event=Event.RESOLVED) for number in range(30)]
    resolved = section(digest(*given), "Resolved (30)")
    assert len(resolved.lines) == 20
    assert resolved.more == ("and 10 more lines",)


# --- accounts that are not audited --------------------------------------------------------------------------------


def missing(*numbers: int, reason: str = "AccessDenied") -> Reach:
    return Reach(missed=tuple(unaudited(number, reason) for number in numbers))


def test_accounts_that_are_not_audited_come_first_whether_or_not_that_is_new() -> None:
    told = digest(of(0), reach=missing(1, 2))
    assert told.headline == f"Digest of 2026-11-20: 2 accounts not audited, 1 new in AWS account {ACCOUNT}"
    assert told.opening == (
        "2 accounts are not audited: what is known of them is from before, if anything. "
        "What changed since 2026-11-19 06:00 UTC."
    )
    assert titles(told) == ["Not audited (2)", "New (1)"]
    assert told.sections[0].lines == ("2 accounts (111122223334, 111122223335): AccessDenied",)


def test_failed_run_is_the_very_first_line() -> None:
    run = Run(clock=NOW, error="RosterError: no account is left to audit")
    told = digest(reach=replace(missing(1), failed=run))
    assert told.headline == "Digest of 2026-11-20: the last run failed, 1 account not audited"
    assert told.opening.startswith("The run of 2026-11-20 06:00 UTC failed. 1 account is not audited: what is known of")
    assert titles(told) == ["Last run", "Not audited (1)"]
    assert told.sections[0].lines == ("RosterError: no account is left to audit",)


def test_run_that_has_not_finished_has_no_error_to_tell() -> None:
    told = digest(reach=Reach(failed=Run(clock=NOW)))
    assert told.headline == "Digest of 2026-11-20: the last run has not finished"
    assert told.opening.startswith("The run of 2026-11-20 06:00 UTC has not finished. Nothing changed since")
    assert titles(told) == []


def test_account_that_is_not_audited_is_no_check_that_could_not_look() -> None:
    told = digest(lost(0), reach=missing(0))
    assert told.headline == "Digest of 2026-11-20: 1 account not audited"
    assert titles(told) == ["Not audited (1)"]
    assert told.sections[0].lines == (f"new: {ACCOUNT}: AccessDenied",)


def test_new_ones_come_before_the_others() -> None:
    told = digest(lost(9), reach=missing(1, 2, 3, 9))
    assert told.sections[0].lines == (
        "new: 111122223342: AccessDenied",
        "3 accounts (111122223334, 111122223335, 111122223336): AccessDenied",
    )


def test_news_of_an_account_that_nobody_knows_of_otherwise_are_told_all_the_same() -> None:
    told = digest(replace(lost(1), name="prod"))
    assert told.headline == "Digest of 2026-11-20: 1 account not audited"
    assert told.sections[0].lines == ("new: 111122223334 (prod): AccessDenied",)


def test_account_that_is_audited_again_is_told_as_that() -> None:
    told = digest(lost(1, "", key="G#2"), lost(1, key="G#1"), lost(2, ""))
    assert told.headline == "Digest of 2026-11-20: 2 accounts audited again"
    assert titles(told) == ["Audited again"]
    assert told.sections[0].lines == ("111122223334", "111122223335")


def test_last_news_of_an_account_count() -> None:
    told = digest(lost(1, "", key="G#1"), lost(1, key="G#2"), reach=missing(1))
    assert titles(told) == ["Not audited (1)"]


def test_accounts_with_other_news_are_counted_without_those_that_are_not_audited() -> None:
    told = digest(of(0), lost(1), Gap(check="unused-role", reason="AccessDenied"), reach=missing(1))
    assert told.headline == (
        f"Digest of 2026-11-20: 1 account not audited, 1 new, 1 check could not look in AWS account {ACCOUNT}"
    )
    assert told.entries[0].where == "arn:aws:iam::111122223333:user/ana"


def test_reasons_that_name_the_account_itself_are_one_reason() -> None:
    why = "AccessDenied: not authorized to assume arn:aws:iam::{}:role/account-auditor"
    told = digest(reach=Reach(missed=tuple(unaudited(n, why.format(owner(n).account)) for n in range(5))))
    assert told.sections[0].lines == (
        f"5 accounts ({ACCOUNT}, 111122223334, 111122223335 and 2 more): {why.format('ACCOUNT')}",
    )
    (line,) = digest(reach=Reach(missed=(unaudited(0, why.format(ACCOUNT)),))).sections[0].lines
    assert line == f"{ACCOUNT}: {why.format(ACCOUNT)}"


def test_thousands_of_accounts_stay_short_the_most_common_reason_first() -> None:
    rare = [unaudited(number, f"reason {number}") for number in range(30)]
    told = digest(reach=Reach(missed=(*rare, *missing(*range(30, 5030)).missed)))
    first, second = told.sections[0], told.headline
    assert (len(first.lines), first.more) == (20, ("and 11 more reasons",))
    assert first.lines[0].startswith("5000 accounts (111122223363, ")
    assert second == "Digest of 2026-11-20: 5030 accounts not audited"


def test_account_is_called_by_its_name() -> None:
    told = digest(reach=Reach(missed=(unaudited(1, name="prod"),)))
    assert told.sections[0].lines == ("111122223334 (prod): AccessDenied",)
