"""Notices as they happen, and as somebody hostile would have them."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from auditor.checks import CATALOGUE
from auditor.core.check import Severity
from auditor.core.reconcile import Event, Record, Resolution
from auditor.render.notice import Notice
from tests.build import OWNER, arn, finding, notice, record

NAMES = (
    '=HYPERLINK("http://example.org","x")',
    "<script>alert(1)</script>",
    "*bold* _under_ ~struck~ `code`",
    "two\nlines\r\nand\ttabs\x0b\x0c",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "<!channel> <@U012345> <https://example.org|click>",
    "user\u202egnp.exe\u200b\ufeff",
    "a&b&amp;c",
    "[bold red]x[/bold red][link=https://example.org]y[/link]",
    "x" * 5000,
    "AKIAIOSFODNN7EXAMPLE",
    "\ud800",
    "",
)


def about(check: str, uid: str, resource: str, reason: str, fix: str = "") -> Record:
    it = CATALOGUE[check]
    facts: dict[str, Any] = {"title": it.title, "severity": it.severity, "controls": it.controls, "fix": fix or it.fix}
    principal = arn("user/ana") if uid.startswith("AKIA") else resource
    return record(finding(uid, check, resource=resource, reason=reason, principal=principal, **facts))


def ordinary() -> Notice:
    """A day on which two things broke, one got worse, one came back and two were mended."""
    key = "aws iam update-access-key --user-name ana --access-key-id AKIAIOSFODNN7EXAMPLE --status Inactive"
    region = "aws accessanalyzer create-analyzer --region eu-west-1 --type ACCOUNT --analyzer-name account"
    stale = about(
        *("stale-access-key", "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
        *("AKIAIOSFODNN7EXAMPLE of ana is 91 days old (limit 90)", key),
    )
    root = about("root-access-key", "root", OWNER.root_arn, "the root user has an active access key, no use on record")
    admin = about(
        *("administrator-policy", "ANPA1", arn("policy/everything"), "everything allows * on *; held by role/deploy"),
        "grant each holder what it uses instead of everything",
    )
    blind = about(
        *("region-without-analyzer", "eu-west-1", "eu-west-1"),
        *("nothing in eu-west-1 is analyzed for external access", region),
    )
    mfa = about("console-without-mfa", "AIDA1", arn("user/bo"), "bo can sign in to the console without a second factor")
    gone = about("unused-role", "AROA1", arn("role/old"), "old has no use on record, created 2026-01-01")
    return notice(
        stale,
        root,
        record(admin.finding, Event.CHANGED),
        record(replace(blind.finding, region="eu-west-1"), Event.REOPENED),
        record(mfa.finding, Event.RESOLVED),
        record(gone.finding, Event.RESOLVED, resolution=Resolution.RESOURCE_DELETED),
    )


texts = st.text(alphabet=st.characters(), max_size=200) | st.sampled_from(NAMES)


@st.composite
def hostile_records(draw: st.DrawFn) -> Record:
    check = draw(st.sampled_from(list(CATALOGUE.values())))
    name = draw(texts)
    made = finding(
        draw(st.uuids(version=4)).hex,
        check.id,
        title=check.title,
        severity=draw(st.sampled_from(Severity)),
        resource=name,
        reason=f"{name} is not as it should be",
        fix=f"aws iam get-user --user-name {draw(texts)}",
        region=draw(st.sampled_from(["global", "eu-west-1"])),
    )
    return record(made, draw(st.sampled_from(Event)))


hostile_notices = st.builds(lambda records: notice(*records), st.lists(hostile_records(), min_size=1, max_size=20))
