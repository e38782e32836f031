from dataclasses import replace

import pytest

from auditor.core.check import Severity
from auditor.core.life import Event, Resolution
from auditor.core.telling import Gap, Kind
from auditor.render import letters
from auditor.render.digest import RESOLUTIONS
from auditor.render.letter import Letter
from tests.build import ACCOUNT, NOW, finding, record
from tests.render.letters import bundle, digest, news, of, owner, rule, section

HIGH = finding(severity=Severity.HIGH)


def titles(letter: Letter) -> list[str]:
    return [it.title for it in letter.sections]


def test_day_without_anything_says_since_when() -> None:
    quiet = digest()
    assert quiet.headline == "Digest of 2026-11-20: nothing changed"
    assert quiet.opening == "Nothing changed since 2026-11-19 06:00 UTC."
    assert (quiet.severity, quiet.sections, quiet.accounts) == (Severity.INFO, (), ())


def test_first_digest_knows_of_no_day_before() -> None:
    assert letters.digest(bundle(kind=Kind.DIGEST), NOW, None, (), ()).opening == "Nothing changed."


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
    assert letters.digest(given, NOW, None, (), ()).headline == "Digest of 2026-11-20 for payments: nothing changed"


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
