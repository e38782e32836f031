"""Evidence as files: what was encoded comes back, and what a person puts together by hand is read or refused."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.aws.evidence_files import ACCOUNT_FILE, TRUNCATED, EvidenceError, decode, encode
from auditor.aws.sources import SOURCES
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Owner, Unavailable
from tests.aws.answers import NO_DETAILS, key_entry, report, report_row, root_row, user_entry
from tests.build import ACCOUNT, NOW, OWNER, ago, arn

OTHER = "999988887777"
ACCOUNT_JSON = {"account": ACCOUNT, "partition": "aws", "gathered_at": NOW.isoformat()}

# What follows cannot be told from an account's own ARNs, a page's token or a byte order mark.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
documents = st.dictionaries(texts.filter(lambda key: key not in TRUNCATED), values, max_size=4)
reports = st.lists(texts.filter(str.strip), min_size=1, max_size=3, unique=True).map(
    lambda names: report(*map(report_row, names))
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
whys = st.builds(Unavailable, reason=texts, inapplicable=st.booleans(), elsewhere=st.sampled_from(["", ACCOUNT]))


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    gathered_at = draw(moments)

    def answer(suffix: str) -> Answer:
        raw = draw(reports if suffix == "csv" else documents)
        as_of = gathered_at - timedelta(seconds=draw(st.integers(0, 10**6)))
        return Answer(raw=raw, as_of=as_of, gaps=draw(st.dictionaries(texts, whys, max_size=2)))

    known = draw(st.sets(st.sampled_from([it.name for it in SOURCES]), min_size=1))
    answers = {it.name: answer(it.suffix) if it.name in known else draw(whys) for it in SOURCES}
    partition = draw(st.sampled_from(["aws", "aws-cn", "aws-us-gov"]))
    return Evidence(
        owner=Owner(account=ACCOUNT, partition=partition),
        gathered_at=gathered_at,
        answers={name: _of(partition, it) for name, it in answers.items()},
    )


def _of(partition: str, answer: Answer | Unavailable) -> Answer | Unavailable:
    if isinstance(answer, Answer) and isinstance(answer.raw, str):
        raw = answer.raw.replace("arn:aws:", f"arn:{partition}:")
        return Answer(raw=raw, as_of=answer.as_of, gaps=answer.gaps)
    return answer


@given(evidences())
def test_what_was_encoded_comes_back(evidence: Evidence) -> None:
    loaded = decode(encode(evidence), NOW)
    assert loaded.evidence == evidence
    assert loaded.notes == ()


@given(evidences())
def test_encoded_again_it_is_the_same_bytes(evidence: Evidence) -> None:
    files = encode(evidence)
    assert encode(decode(files, NOW).evidence) == files


def test_evidence_of_an_account_that_refused_everything_comes_back() -> None:
    refused = {source.name: Unavailable(reason="AccessDenied") for source in SOURCES}
    evidence = Evidence(owner=OWNER, gathered_at=NOW, answers=refused)
    assert decode(encode(evidence), NOW).evidence == evidence


def test_unavailable_source_has_no_file_and_its_reason_is_kept() -> None:
    answers = {
        "account-summary": Unavailable(reason="AccessDenied"),
        "regions": Unavailable(reason="no such API", inapplicable=True),
    }
    files = encode(Evidence(owner=OWNER, gathered_at=NOW, answers=answers))
    assert set(files) == {ACCOUNT_FILE}
    assert json.loads(files[ACCOUNT_FILE])["unavailable"] == {
        "account-summary": "AccessDenied",
        "regions": {"reason": "no such API", "inapplicable": True},
    }


def folder(**documents: Any) -> dict[str, bytes]:
    """Files by source, and `account` for account.json: JSON values, or text as it is."""
    named = {"account": ACCOUNT_FILE, "credential_report": "credential-report.csv"}
    files = {named.get(it, f"{it.replace('_', '-')}.json"): value for it, value in documents.items()}
    return {name: (it if isinstance(it, str) else json.dumps(it)).encode() for name, it in files.items()}


def answer(files: Mapping[str, bytes], source: str) -> Answer | Unavailable:
    return decode(files, NOW).evidence.answers[source]


DETAILS = {**NO_DETAILS, "UserDetailList": [{**user_entry(), "CreateDate": "2026-01-01T00:00:00Z"}]}
SUMMARY = {"SummaryMap": {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0}}


def test_missing_file_is_an_unavailable_source() -> None:
    answers = decode(folder(authorization_details=DETAILS), NOW).evidence.answers
    assert {name for name, it in answers.items() if isinstance(it, Answer)} == {"authorization-details"}
    assert answers["credential-report"] == Unavailable(reason="credential-report.csv is missing")


@pytest.mark.parametrize("files", [{}, {"notes.txt": b"hello"}, {"README.md": b"", "users.json": b"{}"}])
def test_folder_without_a_known_file_is_an_error_that_names_them(files: dict[str, bytes]) -> None:
    with pytest.raises(EvidenceError) as error:
        decode(files, NOW)
    assert str(error.value).startswith(
        "no evidence: none of account.json, credential-report.csv, authorization-details.json, "
    )
    assert str(error.value).endswith(f"{SOURCES[-1].filename} is there")


@pytest.mark.parametrize(
    "files",
    [
        folder(authorization_details=DETAILS),
        folder(credential_report=report(report_row())),
        folder(virtual_mfa_devices={"VirtualMFADevices": [{"SerialNumber": arn("mfa/ana")}]}),
        folder(identity_providers={"SAMLProviderList": [{"Arn": arn("saml-provider/x")}]}),
        folder(server_certificates={"ServerCertificateMetadataList": [{"Arn": arn("server-certificate/x")}]}),
        folder(analyzers={"analyzers": [{"arn": f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/x"}]}),
    ],
    ids=lambda files: next(iter(files)),
)
def test_without_account_file_the_account_comes_from_the_arns_and_the_time_from_the_clock(
    files: dict[str, bytes],
) -> None:
    evidence = decode(files, NOW).evidence
    assert (evidence.owner, evidence.gathered_at) == (OWNER, NOW)
    assert {it.as_of for it in evidence.answers.values() if isinstance(it, Answer)} == {NOW}


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_partition_comes_from_the_arns(partition: str) -> None:
    text = report(report_row()).replace("arn:aws:", f"arn:{partition}:")
    assert decode(folder(credential_report=text), NOW).evidence.owner.partition == partition


def test_files_that_do_not_tell_whose_they_are_are_an_error() -> None:
    with pytest.raises(EvidenceError, match=r"^no file tells whose evidence this is; add account\.json$"):
        decode(folder(account_summary=SUMMARY), NOW)


def test_account_file_alone_tells_whose_they_are() -> None:
    assert decode(folder(account=ACCOUNT_JSON, account_summary=SUMMARY), NOW).evidence.owner == OWNER


MINE: dict[str, Any] = {
    "credential_report": report(root_row(), report_row("ana"), report_row("bo")),
    "authorization_details": {**NO_DETAILS, "UserDetailList": [{"Arn": arn("user/ana")}, {"Arn": arn("user/bo")}]},
    "virtual_mfa_devices": {"VirtualMFADevices": [{"SerialNumber": arn("mfa/ana")}, {"SerialNumber": arn("mfa/bo")}]},
    "identity_providers": {
        "OpenIDConnectProviderList": [{"Arn": arn("oidc-provider/a")}, {"Arn": arn("oidc-provider/b")}],
        "SAMLProviderList": [],
    },
    "server_certificates": {
        "ServerCertificateMetadataList": [{"Arn": arn("server-certificate/a")}, {"Arn": arn("server-certificate/b")}]
    },
    "analyzers": {
        "analyzers": [{"arn": f"arn:aws:access-analyzer:eu-west-{it}:{ACCOUNT}:analyzer/zone"} for it in (1, 2)]
    },
}


def of_another(document: Any, times: int = -1) -> Any:
    text = document if isinstance(document, str) else json.dumps(document)
    moved = text.replace(f":{ACCOUNT}:", f":{OTHER}:", times)
    return moved if isinstance(document, str) else json.loads(moved)


@pytest.mark.parametrize("name", MINE)
def test_file_of_another_account_is_an_error_that_names_both(name: str) -> None:
    files = folder(account=ACCOUNT_JSON, **{name: of_another(MINE[name])})
    (filename,) = set(files) - {ACCOUNT_FILE}
    with pytest.raises(EvidenceError) as error:
        decode(files, NOW)
    assert str(error.value) == f"{filename} is of account {OTHER}, account.json of account {ACCOUNT}"


@pytest.mark.parametrize("name", [name for name in MINE if name != "credential_report"])
def test_document_of_another_account_among_mine_is_an_error(name: str) -> None:
    joined = json.dumps(MINE[name]) + "\n" + json.dumps(of_another(MINE[name]))
    with pytest.raises(EvidenceError, match=rf"is of account {OTHER}, account\.json of account {ACCOUNT}$"):
        decode(folder(account=ACCOUNT_JSON, **{name: joined}), NOW)


def test_second_root_row_is_another_account() -> None:
    text = report(root_row(), *(report_row(f"u{number}") for number in range(9)), of_other_root())
    with pytest.raises(EvidenceError, match=rf"^credential-report\.csv is of account {OTHER}"):
        decode(folder(account=ACCOUNT_JSON, credential_report=text), NOW)


def of_other_root() -> dict[str, str]:
    return root_row(arn=f"arn:aws:iam::{OTHER}:root")


def test_two_files_of_two_accounts_are_an_error_without_account_file_too() -> None:
    files = folder(
        credential_report=MINE["credential_report"], authorization_details=of_another(MINE["authorization_details"])
    )
    with pytest.raises(EvidenceError) as error:
        decode(files, NOW)
    named = f"authorization-details.json is of account {OTHER}, credential-report.csv of account {ACCOUNT}"
    assert str(error.value) == named


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_same_account_number_in_another_partition_is_another_account(partition: str) -> None:
    files = folder(account={**ACCOUNT_JSON, "partition": partition}, credential_report=MINE["credential_report"])
    with pytest.raises(EvidenceError, match=r"^credential-report\.csv is of account"):
        decode(files, NOW)


@pytest.mark.parametrize("name", [name for name in MINE if name != "credential_report"])
def test_foreign_minority_is_judged_and_noted(name: str) -> None:
    third = of_another(MINE[name], 1)
    mixed = {key: [*it, *third[key]] if isinstance(it, list) else it for key, it in MINE[name].items()}
    loaded = decode(folder(account=ACCOUNT_JSON, **{name: mixed}), NOW)
    (filename,) = set(folder(**{name: mixed}))
    assert loaded.evidence.owner == OWNER
    assert loaded.notes == (f"{filename}: 1 entries carry another account's id; judged all the same",)


def test_foreign_row_of_the_report_is_judged_and_noted() -> None:
    text = report(root_row(), report_row("ana"), report_row("guest", arn=f"arn:aws:iam::{OTHER}:user/guest"))
    loaded = decode(folder(credential_report=text), NOW)
    assert loaded.evidence.owner == OWNER
    assert loaded.notes[0] == "credential-report.csv: 1 entries carry another account's id; judged all the same"


def test_policy_of_aws_itself_is_nobodys_account() -> None:
    entries = [{"Arn": "arn:aws:iam::aws:policy/AdministratorAccess"}] * 5
    details = {**NO_DETAILS, "UserDetailList": [{"Arn": arn("user/ana")}], "Policies": entries}
    assert decode(folder(account=ACCOUNT_JSON, authorization_details=details), NOW).notes == ()


def test_unknown_columns_are_noted() -> None:
    text = report(report_row()).replace("\n", ",x,y\n", 1) + ",1,2"
    loaded = decode(folder(account=ACCOUNT_JSON, credential_report=text), NOW)
    assert loaded.notes == ("credential-report.csv: line 1: unknown columns ignored: x, y",)


def test_clock_that_dates_the_evidence_is_noted() -> None:
    loaded = decode(folder(credential_report=report(report_row())), NOW)
    assert loaded.notes == ("without account.json the evidence counts as of 2026-11-20 06:00:00+00:00",)


def test_documents_that_follow_each_other_are_joined() -> None:
    of_ana, of_bo = ({"AccessKeyMetadata": [{**key_entry(user=it), "CreateDate": "x"}]} for it in ("ana", "bo"))
    text = f"{json.dumps(of_ana, indent=4)}\n\n{json.dumps({'AccessKeyMetadata': []})}{json.dumps(of_bo)}\n"
    joined = answer(folder(account=ACCOUNT_JSON, access_keys=text), "access-keys")
    assert isinstance(joined, Answer)
    assert [it["UserName"] for it in joined.raw["AccessKeyMetadata"]] == ["ana", "bo"]


def test_lists_that_follow_each_other_are_joined() -> None:
    joined = answer(folder(account=ACCOUNT_JSON, workloads='[{"arn": "a"}]\n[]\n[{"arn": "b"}]'), "workloads")
    assert isinstance(joined, Answer)
    assert joined.raw == [{"arn": "a"}, {"arn": "b"}]


def test_pages_that_follow_each_other_are_joined() -> None:
    first = {**DETAILS, "IsTruncated": True, "Marker": "m"}
    last = {**NO_DETAILS, "RoleDetailList": [{"Arn": arn("role/x")}], "IsTruncated": False}
    joined = answer(folder(authorization_details=f"{json.dumps(first)}\n{json.dumps(last)}"), "authorization-details")
    assert isinstance(joined, Answer)
    assert (len(joined.raw["UserDetailList"]), len(joined.raw["RoleDetailList"])) == (1, 1)


def test_first_pages_of_one_of_several_users_make_the_source_unavailable() -> None:
    """No other user's answer is their continuation."""
    answers = "\n".join(json.dumps({"AccessKeyMetadata": [], "IsTruncated": more}) for more in (True, False))
    cut = answer(folder(account=ACCOUNT_JSON, access_keys=answers), "access-keys")
    assert cut == Unavailable(reason="access-keys.json holds only the first pages (IsTruncated)")


@pytest.mark.parametrize("key", TRUNCATED)
def test_first_pages_alone_are_an_unavailable_source(key: str) -> None:
    cut = answer(folder(authorization_details={**DETAILS, key: "more"}), "authorization-details")
    assert cut == Unavailable(reason=f"authorization-details.json holds only the first pages ({key})")


@pytest.mark.parametrize("nothing", ["", " ", "\n\n", "\ufeff"])
@pytest.mark.parametrize("name", ["credential_report", "access_keys"])
def test_empty_file_is_an_unavailable_source(name: str, nothing: str) -> None:
    files = folder(account=ACCOUNT_JSON, **{name: nothing})
    (filename,) = set(files) - {ACCOUNT_FILE}
    why = Unavailable(reason=f"{filename} is empty: the command that made it failed")
    assert answer(files, filename.partition(".")[0]) == why


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_file_from_a_windows_shell_is_read(encoding: str) -> None:
    name = "zoë"
    text = report(report_row(name)).replace("\n", "\r\n").encode(encoding)
    details = json.dumps({**DETAILS, "UserDetailList": [{"Arn": arn(f"user/{name}")}]}, ensure_ascii=False)
    files = {"credential-report.csv": text, "authorization-details.json": details.encode(encoding)}
    evidence = decode(files, NOW).evidence
    read, listed = evidence.answers["credential-report"], evidence.answers["authorization-details"]
    assert isinstance(read, Answer)
    assert isinstance(listed, Answer)
    assert read.raw.startswith("user,arn,")
    assert arn("user/zoë") in read.raw
    assert listed.raw["UserDetailList"] == [{"Arn": arn("user/zoë")}]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"account-summary.json": b"{\n  'a': 1}"}, "account-summary.json: line 2, column 3: Expecting property name"),
        ({"regions.json": b'{"Regions": []} x'}, "regions.json: line 1, column 17: Expecting value"),
        ({"regions.json": b'{"Regions": ['}, "regions.json: line 1, column 14: Expecting value"),
        ({"regions.json": b"[" * 200_000}, "regions.json: line 1: what begins here cannot be read: maximum recursion"),
        ({"credential-report.csv": b"user,arn\nzo\xeb"}, "credential-report.csv: byte 11: not UTF-8 text"),
        ({"regions.json": b"{}", ACCOUNT_FILE: b"{}{}"}, "account.json: the document: "),
        ({"regions.json": b"{}", ACCOUNT_FILE: b""}, "account.json: the document: "),
        ({"regions.json": b"{}", ACCOUNT_FILE: b"{"}, "account.json: line 1, column 2: "),
        (folder(regions={}, account={**ACCOUNT_JSON, "account": "1234"}), "account.json: account: "),
        (folder(regions={}, account={**ACCOUNT_JSON, "account": 111122223333}), "account.json: account: "),
        (folder(regions={}, account={**ACCOUNT_JSON, "partition": "azure"}), "account.json: partition: "),
        (folder(regions={}, account={**ACCOUNT_JSON, "gathered_at": "soon"}), "account.json: gathered_at: "),
        (
            folder(regions={}, account={**ACCOUNT_JSON, "gathered_at": "2026-11-20T06:00:00"}),
            "account.json: gathered_at",
        ),
        (folder(regions={}, account={"account": ACCOUNT}), "account.json: gathered_at: Field required"),
        (
            folder(regions={}, account={**ACCOUNT_JSON, "generated": {"regions": "x"}}),
            "account.json: generated.regions: ",
        ),
        (
            folder(regions={}, account={**ACCOUNT_JSON, "unavailable": {"regions": 1}}),
            "account.json: unavailable.regions",
        ),
    ],
)
def test_error_names_the_file_and_the_place(files: dict[str, bytes], message: str) -> None:
    with pytest.raises(EvidenceError) as error:
        decode(files, NOW)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", [report(report_row("a" * 200_000)), "user,arn\nana,x", report(report_row()) + ",x"])
def test_report_that_is_not_whole_is_an_error_that_names_file_and_line(text: str) -> None:
    with pytest.raises(EvidenceError, match=r"^credential-report\.csv: line [12]: "):
        decode(folder(account=ACCOUNT_JSON, credential_report=text), NOW)


def test_report_without_a_row_is_an_unavailable_source() -> None:
    why = Unavailable(reason="credential-report.csv is empty: the command that made it failed")
    assert answer(folder(account=ACCOUNT_JSON, credential_report=report()), "credential-report") == why


@pytest.mark.parametrize("escape", ['"\\ud800"', '"\\uDFFF"'])
def test_half_a_character_is_an_error_that_names_the_file(escape: str) -> None:
    with pytest.raises(
        EvidenceError, match=r"^regions\.json: an escape stands for half a character, or it is nested too deeply$"
    ):
        decode(folder(account=ACCOUNT_JSON, regions=f'{{"Regions": [], "x": {escape}}}'), NOW)


def test_source_is_as_old_as_account_file_says() -> None:
    generated = {"credential-report": ago(0.1).isoformat(), "regions": ago(-1).isoformat()}
    files = folder(
        account={**ACCOUNT_JSON, "generated": generated},
        credential_report=report(report_row()),
        regions={"Regions": []},
        account_summary=SUMMARY,
    )
    ages = {name: it.as_of for name, it in decode(files, NOW).evidence.answers.items() if isinstance(it, Answer)}
    assert ages == {"credential-report": ago(0.1), "regions": NOW, "account-summary": NOW}


def test_source_that_account_file_calls_unavailable_is_so_though_its_file_is_there() -> None:
    files = folder(account={**ACCOUNT_JSON, "unavailable": {"regions": "denied"}}, regions={"Regions": []})
    assert answer(files, "regions") == Unavailable(reason="denied")


def test_null_in_account_file_is_nothing() -> None:
    files = folder(account={**ACCOUNT_JSON, "partition": None, "generated": None, "gaps": None}, regions={})
    assert decode(files, NOW).evidence.owner == OWNER
