"""Access keys: asked only of those who have an active one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from auditor.aws.gather import gather
from auditor.aws.session import OUT_OF_TIME
from auditor.aws.sources.access_keys import ACCESS_KEYS
from auditor.aws.sources.credential_report import CREDENTIAL_REPORT
from auditor.core.evidence import Answer
from auditor.core.model import Unavailable
from auditor.core.subjects.credentials import KeyMetadata
from tests.aws.answers import key_entry, report, report_key, report_row, root_row
from tests.aws.wire import Params, Refused, Wire, always, scripted
from tests.build import NOW, OWNER, ago

ROWS = (
    root_row(**report_key(1)),
    report_row("first", **report_key(1)),
    report_row("second", **report_key(2, active="TRUE")),
    report_row("inactive", **report_key(1, active="false")),
    report_row("none"),
)


def asked(keys_of: Callable[[Params], Any], *rows: dict[str, str]) -> tuple[Answer | Unavailable, list[str]]:
    """The answer, and the users that were asked about."""
    content = {"Content": report(*rows).encode(), "GeneratedTime": NOW}
    wire = Wire(script={"GetCredentialReport": always(content), "ListAccessKeys": keys_of})
    answers = gather(scripted(wire), [CREDENTIAL_REPORT, ACCESS_KEYS]).answers
    return answers["access-keys"], sorted(call.params["UserName"] for call in wire.named("ListAccessKeys"))


def test_only_users_with_an_active_key_are_asked_and_never_root() -> None:
    _, users = asked(always({"AccessKeyMetadata": []}), *ROWS)
    assert users == ["first", "second"]


def test_keys_of_all_users_are_joined() -> None:
    def keys_of(params: Params) -> dict[str, Any]:
        return {"AccessKeyMetadata": [key_entry(f"AKIA{params['UserName'].upper():0>16}", params["UserName"])]}

    answer, _ = asked(keys_of, *ROWS)
    assert isinstance(answer, Answer)
    assert ACCESS_KEYS.read(answer.raw, OWNER).subjects == [
        KeyMetadata(resource=uid, uid=uid, user=user, active=True, created=ago(100))
        for uid, user in (("AKIA00000000000FIRST", "first"), ("AKIA0000000000SECOND", "second"))
    ]


def test_all_pages_of_a_users_keys_are_read() -> None:
    def keys_of(params: Params) -> dict[str, Any]:
        if "Marker" in params:
            return {"AccessKeyMetadata": [key_entry("AKIA000000000000LAST")], "IsTruncated": False}
        return {"AccessKeyMetadata": [key_entry("AKIA00000000000FIRST")], "IsTruncated": True, "Marker": "m"}

    answer, users = asked(keys_of, report_row("ana", **report_key()))
    assert isinstance(answer, Answer)
    assert [it.uid for it in ACCESS_KEYS.read(answer.raw, OWNER).subjects] == [
        "AKIA00000000000FIRST",
        "AKIA000000000000LAST",
    ]
    assert users == ["ana", "ana"]


def test_user_who_was_deleted_meanwhile_is_passed_over() -> None:
    def keys_of(params: Params) -> dict[str, Any]:
        if params["UserName"] == "first":
            raise Refused("NoSuchEntity")
        return {"AccessKeyMetadata": [key_entry(user="second")]}

    answer, users = asked(keys_of, *ROWS)
    assert users == ["first", "second"]
    assert isinstance(answer, Answer)
    assert [it["UserName"] for it in answer.raw["AccessKeyMetadata"]] == ["second"]


def test_one_denied_user_makes_the_source_unavailable() -> None:
    denied, _ = asked(always(Refused("AccessDenied", "no")), *ROWS)
    assert denied == Unavailable(reason="ListAccessKeys: AccessDenied: no")


def test_status_says_whether_a_key_is_active() -> None:
    entries = [key_entry(f"AKIA{it}", Status=it) for it in ("Active", "Inactive", "Expired")]
    read = ACCESS_KEYS.read({"AccessKeyMetadata": [{**it, "CreateDate": NOW.isoformat()} for it in entries]}, OWNER)
    assert [it.active for it in read.subjects if isinstance(it, KeyMetadata)] == [True, False, False]


def test_source_stops_asking_when_the_audits_time_is_over() -> None:
    """Half of the users were asked in time: what they said is no answer about all."""
    users = [f"user-{number}" for number in range(100)]
    content = {"Content": report(*(report_row(it, **report_key(1)) for it in users)).encode(), "GeneratedTime": NOW}
    waited: list[float] = []

    def keys_of(params: Params) -> dict[str, Any]:
        waited.append(1)
        return {"AccessKeyMetadata": [key_entry(user=params["UserName"])]}

    wire = Wire(script={"GetCredentialReport": always(content), "ListAccessKeys": keys_of})
    aws = replace(scripted(wire, pauses=waited), until=50)
    answer = gather(aws, [CREDENTIAL_REPORT, ACCESS_KEYS]).answers["access-keys"]
    assert answer == OUT_OF_TIME
    assert 50 < len(wire.named("ListAccessKeys")) < 60
