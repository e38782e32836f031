"""Lint: each code is said where it should be, nothing is said of what is sound, and no text makes it fail or wait."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data

from auditor.policy.lint import kind_of, lint, remarks_of
from auditor.policy.lint_codes import OURS, SEVERITIES, LintSeverity
from auditor.policy.lint_kinds import QUOTAS, size
from auditor.policy.places import Places
from auditor.policy.written import Kind
from tests.policy.lint_cases import CASES, GITHUB, ROLE, SUB, WEB, Said, document, sound
from tests.work import lines

WITHOUT_CASE = {"POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA"}
"""Said only of a quota that is given."""


def codes(made: Any, kind: Kind = Kind.IDENTITY, quota: int | None = None) -> set[str]:
    return {it.code for it in lint(made, kind, quota)}


@pytest.mark.parametrize("case", CASES, ids=[f"{number}-{it.code}" for number, it in enumerate(CASES)])
def test_code_is_said_at_its_place(case: Said) -> None:
    found = lint(case.document if isinstance(case.document, str) else json.dumps(case.document, indent=2), case.kind)
    assert (case.code, case.path) in {(it.code, it.path) for it in found}


@pytest.mark.parametrize("case", [it for it in CASES if isinstance(it.document, dict)], ids=lambda it: it.code)
def test_line_and_column_of_a_document_are_those_of_its_print(case: Said) -> None:
    text = json.dumps(case.document, indent=2)
    assert lint(case.document, case.kind) == lint(text, case.kind)


def test_every_code_has_a_case() -> None:
    assert {it.code for it in CASES} | WITHOUT_CASE == set(SEVERITIES)
    assert set(SEVERITIES) > OURS


SOUND = (
    *((kind, document(sound(kind))) for kind in Kind),
    (Kind.IDENTITY, document(sound(Kind.IDENTITY, Sid="Read", Resource=["arn:aws:s3:::shop/${aws:username, 'x'}/*"]))),
    (Kind.IDENTITY, document(sound(Kind.IDENTITY, Action="iam:PassRole", Resource=ROLE))),
    (
        Kind.IDENTITY,
        document(
            sound(
                Kind.IDENTITY,
                Action="iam:PassRole",
                Resource="*",
                Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
            )
        ),
    ),
    (Kind.IDENTITY, document(sound(Kind.IDENTITY, Action=["ec2:Describe*", "ec2:RunInstances"], Resource="*"))),
    (
        Kind.IDENTITY,
        document(
            sound(
                Kind.IDENTITY,
                Condition={
                    "IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32", "203.0.113.7"]},
                    "Bool": {"aws:SecureTransport": True, "aws:MultiFactorAuthPresent": "true"},
                    "DateLessThan": {"aws:CurrentTime": "2026-11-20T06:00:00Z"},
                    "NumericLessThanEquals": {"aws:MultiFactorAuthAge": 3600},
                    "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"},
                    "Null": {"aws:TokenIssueTime": "false"},
                    "StringEquals": {"aws:SourceVpc": "vpc-12345678", "aws:RequestedRegion": "eu-central-1"},
                    "ArnLike": {"aws:PrincipalArn": f"{ROLE}*"},
                },
            )
        ),
    ),
    (
        Kind.TRUST,
        document(
            sound(
                Kind.TRUST,
                Action=WEB,
                Principal={"Federated": GITHUB},
                Condition={"StringEquals": {SUB: "repo:shop/api:ref:refs/heads/main"}},
            )
        ),
    ),
    (Kind.SCP, document(sound(Kind.SCP, Effect="Deny", Action=None, NotAction=["iam:*"], Resource="*"))),
    (Kind.SCP, document({"Effect": "Allow", "Action": "*", "Resource": "*"})),
    (Kind.RCP, document({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})),
    (Kind.BOUNDARY, document({"Effect": "Allow", "Action": "*", "Resource": "*"})),
    (Kind.BOUNDARY, document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),
)


@pytest.mark.parametrize(("kind", "made"), SOUND, ids=range(len(SOUND)))
def test_nothing_is_said_of_what_is_sound(kind: Kind, made: dict[str, Any]) -> None:
    assert lint(made, kind) == ()


EXTERNAL = {"StringEquals": {"sts:ExternalId": "7c1f"}}
OWN = {"StringEquals": {"aws:PrincipalOrgID": "o-ab12cd34"}}
ENCRYPTED = {"Bool": {"aws:SecureTransport": "true"}}


@pytest.mark.parametrize("kind", [Kind.TRUST, Kind.RESOURCE])
@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["111122223333", "*"]}])
@pytest.mark.parametrize(
    ("condition", "public"), [(None, True), (ENCRYPTED, True), (EXTERNAL, False), (OWN, False)], ids=str
)
def test_what_is_open_to_the_world_is_dangerous_unless_conditions_narrow_it(
    kind: Kind, principal: Any, condition: Any, *, public: bool
) -> None:
    made = document(sound(kind, Principal=principal, Condition=condition))
    assert ("PUBLIC_PRINCIPAL" in codes(made, kind)) is public


def test_denial_of_everybody_else_narrows_what_is_open_to_the_world() -> None:
    others = {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}
    made = document(
        sound(Kind.TRUST, Principal={"AWS": "*"}),
        sound(Kind.TRUST, Effect="Deny", Principal={"AWS": "*"}, Condition=others),
    )
    assert "PUBLIC_PRINCIPAL" not in codes(made, Kind.TRUST)


def test_boundary_grants_nothing_and_so_is_not_dangerous() -> None:
    every = document({"Effect": "Allow", "NotAction": "s3:*", "NotResource": ROLE})
    severities = {it.severity for it in lint(every, Kind.IDENTITY)}
    assert LintSeverity.SECURITY in severities
    assert LintSeverity.SECURITY not in {it.severity for it in lint(every, Kind.BOUNDARY)}


def test_severity_of_what_hangs_on_the_database_is_no_error() -> None:
    """An action that is newer than the database is no mistake."""
    (found,) = lint(document(sound(Kind.IDENTITY, Action="s3:GetObjectNextYear")), Kind.IDENTITY)
    assert (found.code, found.severity) == ("INVALID_ACTION", LintSeverity.WARNING)


def test_misspelled_action_comes_with_the_one_that_is_meant() -> None:
    messages = [
        it.message
        for action in ("s3:GetObjekt", "s33:GetObject")
        for it in lint(document(sound(Kind.IDENTITY, Action=action)), Kind.IDENTITY)
    ]
    assert messages == [
        "no action is called s3:GetObjekt; did you mean s3:GetObject?",
        "no service s33 is known; did you mean s3?",
    ]


def test_text_of_a_policy_stays_on_one_line_of_the_message() -> None:
    (found,) = lint(document(sound(Kind.IDENTITY, Action=f"s3:Get\n\u202e{'x' * 500}")), Kind.IDENTITY)
    assert found.message.isprintable()
    assert len(found.message) < 200


# Sizes.


@pytest.mark.parametrize("kind", QUOTAS)
def test_policy_that_is_just_full_is_not_too_long(kind: Kind) -> None:
    made = document(sound(kind, Sid=""))
    made["Statement"][0]["Sid"] = "x" * (QUOTAS[kind] - size(made))
    assert not {it for it in codes(made, kind) if it.startswith("POLICY_SIZE")}
    made["Statement"][0]["Sid"] += "x"
    assert {it for it in codes(made, kind) if it.startswith("POLICY_SIZE")}


def test_quota_that_is_given_counts_instead() -> None:
    made = document(sound(Kind.RESOURCE))
    assert codes(made, Kind.RESOURCE, size(made)) == set()
    assert codes(made, Kind.RESOURCE, size(made) - 1) == {"POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA"}


def test_white_space_does_not_count() -> None:
    made = document(sound(Kind.IDENTITY))
    assert codes(json.dumps(made, indent=200), quota=size(made)) == set()


# Places.


def test_line_and_column_are_those_of_the_text() -> None:
    text = '{\n  "Version": "2012-10-17",\n  "Statement": {"Effect": "Allow",\n\t"Action": "s3:Nope", "Resource": "*"}}'
    (found,) = lint(text, Kind.IDENTITY)
    assert (found.code, found.line, found.column, found.path) == ("INVALID_ACTION", 4, 12, "Statement.Action")


def test_syntax_error_is_where_json_breaks() -> None:
    (found,) = lint('{\n  "Version" "2012-10-17"\n}', Kind.IDENTITY)
    assert (found.code, found.line, found.column) == ("JSON_SYNTAX_ERROR", 2, 13)


@pytest.mark.parametrize("text", ["", "NaN", '{"a": Infinity}', "[" * 100_000, "9" * 10_000, "\ufeff{}", "{'a': 1}"])
def test_what_is_no_json_is_a_syntax_error(text: str) -> None:
    assert codes(text) == {"JSON_SYNTAX_ERROR"}


def test_second_of_two_equal_elements_is_the_one_that_is_said() -> None:
    text = '{"Version": "2012-10-17",\n "Statement": [],\n "Statement": []}'
    assert [(it.line, it.column) for it in lint(text, Kind.IDENTITY) if it.code == "DUPLICATE_ELEMENT"] == [(3, 2)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path}.union(*(paths_of(member, (*path, key)) for key, member in members))


@given(json_values, st.sampled_from([None, 0, 3]))
def test_every_part_of_a_text_has_a_place(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    places = Places(text)
    assert set(places.offsets) == paths_of(value)
    for path, offset in places.offsets.items():
        place = places.of(path)
        assert text.split("\n")[place.line - 1][place.column - 1] == text[offset]


# Kinds.


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        *((kind, document(sound(kind))) for kind in (Kind.IDENTITY, Kind.RESOURCE, Kind.TRUST)),
        (Kind.TRUST, document(sound(Kind.TRUST, Action=["sts:AssumeRole", "s3:GetObject"], Resource="*"))),
        (Kind.IDENTITY, {}),
        (Kind.IDENTITY, [1]),
        (Kind.IDENTITY, {"Statement": [1, {"Action": 1}]}),
    ],
)
def test_kind_is_told_by_looks(kind: Kind, made: Any) -> None:
    assert kind_of(made) is kind


def test_kind_that_is_not_given_is_told_by_looks() -> None:
    assert lint(document(sound(Kind.TRUST))) == ()


# Whatever the text.

texts = st.sampled_from(
    [
        "*",
        "",
        "s3:*",
        "arn:aws:s3:::x",
        "${",
        "${a",
        "${}",
        "?",
        ":",
        "Allow",
        "AWS",
        "x" * 300,
        "10.0.0.1",
        "\ud800",
        "é",
    ]
)
elements = st.sampled_from(
    "Sid Effect Action NotAction Resource NotResource Principal NotPrincipal Condition Other".split()
)
operators = st.sampled_from(
    "StringLike Bool IpAddress DateEquals NumericEquals Null ForAllValues:StringLikeIfExists BinaryEquals X".split()
)
keys = st.sampled_from(["aws:SourceIp", "aws:PrincipalTag/x", "s3:prefix", "x", "aws:SourceVpc", "aws:ResourceTag/a"])
conditions = st.dictionaries(
    operators, st.dictionaries(keys, texts | st.lists(texts | json_values), max_size=2), max_size=2
)
statements = st.dictionaries(elements, texts | st.lists(texts, max_size=3) | conditions | json_values, max_size=7)


@given(st.lists(statements | json_values, max_size=3) | statements | json_values, st.sampled_from(Kind))
def test_no_document_makes_lint_fail(made: Any, kind: Kind) -> None:
    for it in lint({"Version": "2012-10-17", "Statement": made}, kind):
        assert it.severity is SEVERITIES[it.code]
        assert it.line > 0 < it.column


@given(st.text() | st.text('{}[],:"\\ \nnulltrue0.1e-', max_size=30), st.sampled_from(Kind))
def test_no_text_makes_lint_fail(text: str, kind: Kind) -> None:
    lint(text, kind)


def many(**elements: Any) -> dict[str, Any]:
    return document({"Effect": "Allow", "Resource": "*", "Action": "s3:GetObject", **elements})


HOSTILE: dict[str, Callable[[int], dict[str, Any]]] = {
    "stars": lambda n: many(Action=["*" + "a*" * n]),
    "wildcards inside": lambda n: many(Action=[f"ec2:?*a?*e*i*{at}" for at in range(n)]),
    "wildcard services": lambda n: many(Action=[f"*{at}:*a*" for at in range(n)]),
    "unknown actions": lambda n: many(Action=[f"ec2:Describe{at}" for at in range(n)]),
    "unknown services": lambda n: many(Action=[f"s{at}:Get" for at in range(n)]),
    "statements": lambda n: document(*({**sound(Kind.IDENTITY), "Action": f"s3:Get{at}*"} for at in range(n))),
    "keys": lambda n: many(
        Action=[f"ec2:{letter}*" for letter in "ABCDEGILMPRSTUW"] * 200,
        Condition={"StringEquals": {f"ec2:ResourceTag/{at}": "x" for at in range(n)}},
    ),
    "resources": lambda n: many(Resource=[f"arn:aws:s3:::?*a?*b{at}{'a' * 20}" for at in range(n)]),
    "long resources": lambda n: many(
        Resource=[f"arn:aws:s3:::{at}{it}" for at in range(n // 50) for it in ("*a?" * 600, "a" * 2_000)]
    ),
    "variables": lambda n: many(Resource="arn:aws:s3:::" + "${" * n),
    "addresses": lambda n: many(
        Condition={"IpAddress": {"aws:SourceIp": [f"10.0.{at // 250}.{at % 250}" for at in range(n)]}}
    ),
    "values": lambda n: many(Condition={"StringLike": {"aws:userid": ["*"] * n}}),
}
"""Documents of a size, each made to be slow. How long they take at their largest, also in what is no line of ours (a
pattern of stars), `bench/fuzz.py` tells."""


def shared_with_all(size: int) -> dict[str, Any]:
    """A resource that everybody may use, with as many denials."""
    allowed = sound(Kind.RESOURCE, Principal="*", Action=[f"s3:Get{at}*" for at in range(size)])
    return document(allowed, {**allowed, "Effect": "Deny", "Action": [f"s3:*a*{at}*" for at in range(size)]})


def test_public_resource_with_many_denials_is_told_and_twice_as_many_are_twice_the_work() -> None:
    small, large = shared_with_all(200), shared_with_all(400)
    assert "PUBLIC_PRINCIPAL" in codes(large, Kind.RESOURCE)  # and the database of actions is read
    assert lines(lambda: lint(large, Kind.RESOURCE)) < 2.2 * lines(lambda: lint(small, Kind.RESOURCE))


@pytest.mark.parametrize("name", HOSTILE)
def test_more_of_whatever_it_is_is_as_much_more_work_however_much_there_is_already(name: str) -> None:
    """But for long resources, of which each is compared with each, since no text holds many."""
    lint(HOSTILE[name](300), Kind.IDENTITY)  # the database of actions is read
    first, second, third = (lines(lambda n=n: lint(HOSTILE[name](n), Kind.IDENTITY)) for n in (100, 200, 300))  # type: ignore[misc]
    assert third - second <= (2 if name == "long resources" else 1.2) * (second - first) + 20


def test_aws_managed_policies_have_no_errors() -> None:
    """Every eighth of them."""
    policies = [it["Document"] for it in json.loads(aws_managed_policies_data).values()][::8]
    found = [it for made in policies for it in remarks_of(made, Kind.IDENTITY)]
    assert not {it.code for it in found if SEVERITIES[it.code] is LintSeverity.ERROR} - {"MISSING_QUALIFIER"}
