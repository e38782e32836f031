import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.evaluate import Evaluation
from auditor.render.escape import cell
from auditor.render.export import as_csv, as_json
from tests.build import evaluation, finding, skip
from tests.render.letters import NAMES, texts

HEADER = "id,check,severity,account,resource,resource_type,region,reason,evidence,controls,fix,scopes"
evaluations = st.lists(texts, max_size=5).map(
    lambda names: evaluation(
        *(
            finding(str(number), reason=f"{name} is bad", resource=name, evidence={"name": name})
            for number, name in enumerate(names)
        ),
        skipped=(skip(check="unused-role"), *(skip(name) for name in names)),
    )
)


def rows(exported: Evaluation) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(exported), newline=""), strict=True))


def test_json_is_the_documented_form() -> None:
    exported = json.loads(as_json(evaluation(finding(), skipped=(skip(check="unused-role"),))))
    assert list(exported) == ["account", "partition", "evidence_at", "examined", "skipped", "findings"]
    assert {name: value for name, value in exported.items() if name != "findings"} == {
        "account": "111122223333",
        "partition": "aws",
        "evidence_at": "2026-11-20T06:00:00+00:00",
        "examined": {"stale-access-key": 1},
        "skipped": {"unused-role": "AccessDenied"},
    }


def test_finding_is_the_documented_form() -> None:
    (found,) = json.loads(as_json(evaluation(finding())))["findings"]
    assert list(found.items()) == [
        ("id", finding().id),
        ("check", "stale-access-key"),
        ("severity", "HIGH"),
        ("account", "111122223333"),
        ("resource", "AKIA1"),
        ("resource_type", "AWS::IAM::AccessKey"),
        ("region", "global"),
        ("reason", "AKIA1 of ana is 91 days old (limit 90)"),
        ("evidence", {"created": "2026-08-21T06:00:00+00:00"}),
        ("controls", ["cis-5.0/1.13", "fsbp/IAM.3"]),
        ("fix", "aws iam update-access-key --user-name ana --access-key-id AKIA1 --status Inactive"),
        ("scopes", []),
    ]


def test_order_of_what_was_examined_is_not_that_of_the_run() -> None:
    one, other = (evaluation(looked_at=dict(it)) for it in ([("a", ()), ("b", ())], [("b", ()), ("a", ())]))
    assert as_json(one) == as_json(other)


@given(evaluations)
def test_json_is_ascii_and_says_what_was_said(exported: Evaluation) -> None:
    written = as_json(exported)
    assert written.isascii()
    assert written.replace("\n", "").isprintable()
    assert written.endswith("}\n")
    assert [it["reason"] for it in json.loads(written)["findings"]] == [it.reason for it in exported.findings]


@given(evaluations)
def test_same_evaluation_gives_the_same_bytes(exported: Evaluation) -> None:
    copy = replace(exported, findings=tuple(replace(it, evidence=dict(it.evidence)) for it in exported.findings))
    assert as_json(exported) == as_json(copy)
    assert as_csv(exported) == as_csv(copy)


def test_csv_has_the_documented_columns() -> None:
    assert as_csv(evaluation()) == f"{HEADER}\r\n"


def test_csv_row_holds_what_json_does() -> None:
    (row,) = rows(evaluation(finding()))
    (found,) = json.loads(as_json(evaluation(finding())))["findings"]
    assert json.loads(row["evidence"]) == found["evidence"]
    assert row["controls"].split(";") == found["controls"]
    assert {name: row[name] for name in ("id", "severity", "fix")} == {
        it: found[it] for it in ("id", "severity", "fix")
    }


@given(evaluations)
def test_csv_is_a_row_for_each_finding_and_no_formula(exported: Evaluation) -> None:
    written = rows(exported)
    assert [row["resource"] for row in written] == [cell(it.resource) for it in exported.findings]
    assert not [value for row in written for value in row.values() if value.lstrip()[:1] in {"=", "+", "-", "@"}]
    assert as_csv(exported).count("\n") == len(exported.findings) + 1
    assert as_csv(exported).encode().decode()


@pytest.mark.parametrize("name", NAMES)
def test_hostile_name_in_csv_is_seen_and_does_nothing(name: str) -> None:
    (row,) = rows(evaluation(finding(resource=name)))
    assert row["resource"] == cell(name)
    assert not set(row["resource"]) & set("\x1b\n\r\t\x00\u202e\ud800")
