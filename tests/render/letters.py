"""Bundles as they happen, and as somebody hostile would have them; letters of every kind made of them."""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from auditor.checks import CATALOGUE
from auditor.core.check import Severity
from auditor.core.evaluate import finding_id
from auditor.core.exceptions import ExceptionRule
from auditor.core.life import NOT_AUDITED, Event, Header, Ledger, Record, Resolution
from auditor.core.model import Membership, Owner
from auditor.core.roster import Run
from auditor.core.telling import Bundle, Gap, Kind, News, Reach, Unseen
from auditor.render import letters
from auditor.render.letter import Entry, Letter, Section
from auditor.render.wording import WORDS
from tests.build import ACCOUNT, NOW, OWNER, ago, arn, exception_rule, finding, record

KEY = "AKIAIOSFODNN7EXAMPLE"
NAMES = (
    '=HYPERLINK("http://example.org","x")',
    "<script>alert(1)</script>",
    "*bold* _under_ ~struck~ `code`",
    "two\nlines\r\nand\ttabs\x0b\x0c",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "<!channel> <@U012345> <https://example.org|click> @here",
    "user\u202egnp.exe\u200b\ufeff",
    "a&b&amp;c",
    "[bold red]x[/bold red][link=https://example.org]y[/link]",
    "x" * 5000,
    KEY,
    f"@{KEY} {KEY}\n{KEY}",
    "\ud800",
    "",
)
LONG_NAMES = ("x" * 5000, "&`<>" * 1000, "\N{PILE OF POO}" * 3000, f"{KEY} " * 300, "\u202e" * 1000)
SOMEBODY = "somebody has a problem"


def owner(number: int) -> Owner:
    """The account with this number; 0 is the one of every other builder."""
    return replace(OWNER, account=f"{int(ACCOUNT) + number}")


def about(check: str, uid: str, resource: str, reason: str, fix: str = "") -> Record:
    it = CATALOGUE[check]
    facts: dict[str, Any] = {"title": it.title, "severity": it.severity, "controls": it.controls, "fix": fix or it.fix}
    principal = arn("user/ana") if uid.startswith("AKIA") else resource
    return record(finding(uid, check, resource=resource, reason=reason, principal=principal, **facts))


def of(number: int, uid: str = "AKIA1", event: Event = Event.OPENED, **fields: Any) -> Record:
    """A transition in another account."""
    its = owner(number)
    check = fields.get("check", "stale-access-key")
    return record(finding(uid, id=finding_id(its, check, uid, ""), owner=its, **fields), event)


def news(it: Record | Gap | Owner, name: str = "", key: str = "") -> News:
    """News of a transition, of a gap, or that an account's first audit has finished."""
    if isinstance(it, Record):
        its = it.finding
        return News(key=key or f"T#{its.id}#{it.version}", owner=its.owner, name=name, queued_at=NOW, record=it)
    if isinstance(it, Gap):
        return News(key=key or f"G#{it.check}#{it.reason}", owner=OWNER, name=name, queued_at=NOW, gap=it)
    return News(key=key or f"B#{it.account}", owner=it, name=name, queued_at=NOW)


def bundle(*told: Record | Gap | Owner | News, kind: Kind = Kind.ALERT, name: str = "", day: str = "") -> Bundle:
    return Bundle(kind=kind, news=tuple(it if isinstance(it, News) else news(it, name) for it in told), day=day)


def alert(*records: Record, name: str = "") -> Letter:
    return letters.alert(bundle(*records, name=name), NOW)


def digest(
    *told: Record | Gap | Owner | News,
    ending: tuple[ExceptionRule, ...] = (),
    longest: tuple[Record, ...] = (),
    name: str = "",
    reach: Reach | None = None,
) -> Letter:
    day = bundle(*told, kind=Kind.DIGEST, name=name, day="default 2026-11-20")
    return letters.digest(day, NOW, ago(1), ending, longest, reach or Reach())


def unaudited(number: int, reason: str = "AccessDenied", name: str = "") -> Unseen:
    """An account that is not audited."""
    return Unseen(owner=owner(number), reason=reason, membership=Membership(name=name) if name else None)


def lost(number: int, reason: str = "AccessDenied", key: str = "") -> News:
    """News that an account is not audited, or, without a reason, is again."""
    gap = Gap(check=NOT_AUDITED, reason=reason)
    return replace(news(gap, key=key or f"G#{number}#{reason}"), owner=owner(number))


def baseline(ledgers: Mapping[Owner, Ledger], name: str = "") -> Letter:
    return letters.baseline(bundle(*ledgers, kind=Kind.BASELINE, name=name), NOW, ledgers)


def ledger(*records: Record, seen: int = 0, gaps: Mapping[str, str] | None = None, **fields: Any) -> Ledger:
    """What a first audit leaves behind, counted in the header."""
    is_open = [it.finding.severity.name for it in records if not it.exception]
    header = Header(
        evidence_at=NOW,
        seen={f"check-{number}": NOW for number in range(seen)},
        gaps=gaps or {},
        open={name: is_open.count(name) for name in is_open},
        excepted=len(records) - len(is_open),
    )
    return Ledger(header=replace(header, **fields), records={it.finding.id: it for it in records})


def section(letter: Letter, title: str) -> Section:
    """The section whose title begins so."""
    (found,) = (it for it in letter.sections if it.title.startswith(title))
    return found


def ordinary_records() -> dict[str, Record]:
    """A day on which two things broke, one got worse, one came back and two were mended."""
    key = f"aws iam update-access-key --user-name ana --access-key-id {KEY} --status Inactive"
    region = "aws accessanalyzer create-analyzer --region eu-west-1 --type ACCOUNT --analyzer-name account"
    zone = about(
        *("region-without-analyzer", "eu-west-1", "eu-west-1"),
        *("nothing in eu-west-1 is analyzed for external access", region),
    )
    admin = about(
        *("administrator-policy", "ANPA1", arn("policy/everything"), "everything allows * on *; held by role/deploy"),
        "grant each holder what it uses instead of everything",
    )
    mfa = about("console-without-mfa", "AIDA1", arn("user/bo"), "bo can sign in to the console without a second factor")
    gone = about("unused-role", "AROA1", arn("role/old"), "old has no use on record, created 2026-01-01")
    return {
        "stale": about("stale-access-key", KEY, KEY, f"{KEY} of ana is 91 days old (limit 90)", key),
        "root": about(
            "root-access-key", "root", OWNER.root_arn, "the root user has an active access key, no use on record"
        ),
        "admin": record(admin.finding, Event.CHANGED),
        "zone": record(replace(zone.finding, region="eu-west-1"), Event.REOPENED),
        "mfa": record(mfa.finding, Event.RESOLVED),
        "gone": record(gone.finding, Event.RESOLVED, resolution=Resolution.RESOURCE_DELETED),
    }


def ordinary() -> Letter:
    """An alert of three findings in an account with a name."""
    day = ordinary_records()
    return alert(day["stale"], day["root"], day["zone"], name="prod-payments")


def rule(**fields: Any) -> ExceptionRule:
    return exception_rule(ends=7, **fields)


# Whatever things are called.


def _name(place: int) -> str:
    return (*NAMES, *LONG_NAMES)[place][:400]


texts = st.text(alphabet=st.characters(), max_size=40) | st.integers(0, len(NAMES) + len(LONG_NAMES) - 1).map(_name)
nonempty = texts.map(lambda it: it or SOMEBODY)
rules = st.builds(rule, owner=nonempty, reason=nonempty, resource=nonempty)
gaps = st.builds(
    lambda check, reason: Gap(check=check, reason=reason), st.sampled_from([*CATALOGUE, NOT_AUDITED]), texts
)
reaches = st.builds(
    lambda missed, error: Reach(missed=tuple(missed), failed=Run(clock=NOW, error=error) if error else None),
    st.lists(st.builds(unaudited, st.integers(0, 7), texts, texts), max_size=3),
    texts,
)


@st.composite
def hostile_records(draw: st.DrawFn, events: Collection[Event] = tuple(Event)) -> Record:
    check = draw(st.sampled_from(list(CATALOGUE.values())))
    name, event = draw(texts), draw(st.sampled_from(tuple(events)))
    made = finding(
        draw(st.uuids(version=4)).hex,
        check.id,
        title=check.title,
        severity=draw(st.sampled_from(Severity)),
        resource=name,
        principal=draw(texts),
        reason=f"{name} is not as it should be",
        fix=f"aws iam get-user --user-name {draw(texts)}",
        region=draw(st.sampled_from(["global", "eu-west-1"])),
        owner=owner(draw(st.integers(0, 7))),
    )
    excepted = event is Event.EXCEPTED or (event is not Event.RESOLVED and draw(st.booleans()))
    return record(replace(made, id=draw(st.uuids(version=4)).hex), event, exception=draw(rules) if excepted else None)


hostile_bundles = st.builds(
    lambda records, seen, called: tuple(news(it, called, f"{number}") for number, it in enumerate([*records, *seen])),
    st.lists(hostile_records(WORDS), min_size=1, max_size=6),
    st.lists(gaps | st.integers(0, 7).map(owner), max_size=3),
    texts,
)


@st.composite
def hostile_letters(draw: st.DrawFn) -> Letter:
    """A letter of any kind about things that are called as badly as can be."""
    kind, told = draw(st.sampled_from(Kind)), draw(hostile_bundles)
    given = Bundle(kind=kind, news=told, day="2026-11-20")
    if kind is Kind.BASELINE:
        its = {it: ledger(*given.records, seen=3, gaps={"unused-role": draw(texts)}) for it in given.owners}
        return letters.baseline(given, NOW, its)
    if kind is Kind.DIGEST:
        return letters.digest(given, NOW, ago(1), draw(st.lists(rules, max_size=3)), given.records[:5], draw(reaches))
    if kind is Kind.ESCALATION:
        return letters.escalation(given, NOW, 24)
    return {Kind.ALERT: letters.alert, Kind.SPREAD: letters.spread, Kind.SUMMARY: letters.summary}[kind](given, NOW)


entries = st.builds(
    Entry, severity=st.sampled_from(Severity), title=texts, what=texts, where=texts, do=texts, id=texts, check=texts
)
some = st.lists(texts, max_size=4).map(tuple)
any_letters = st.builds(
    Letter,
    id=st.uuids(version=4).map(lambda it: it.hex),
    kind=st.sampled_from(Kind),
    severity=st.sampled_from(Severity),
    headline=texts,
    at=st.just(NOW),
    accounts=st.lists(st.sampled_from([ACCOUNT, "111122224444"]), max_size=9).map(tuple),
    sections=st.lists(
        st.builds(Section, title=texts, entries=st.lists(entries, max_size=3).map(tuple), lines=some, more=some),
        max_size=4,
    ).map(tuple),
    opening=texts,
)
"""Letters as nobody makes them: whatever the words and their number, the limits of the media hold."""


def unseen(text: str) -> set[str]:
    """Its characters that a reader cannot see or that move other text, without line ends."""
    return {it for it in text if it != "\n" and unicodedata.category(it) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}}
