"""A smaller policy: never more than was granted, never less than was used, and nothing of what was not."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy.access import Held
from auditor.policy.actions import Level
from auditor.policy.document import MalformedPolicyError
from auditor.policy.fitting import MANAGED, Clipping, fitted, least
from auditor.policy.minimise import NO_TRACE, Proposal, Share, Usage, Why, proposal, within
from tests.build import ADMINISTRATOR, NOW, ago

Json = dict[str, Any]


def usage(actions: Mapping[str, Mapping[str, datetime | None]] | None = None, **services: float | None) -> Usage:
    """Services by the days since their last use."""
    told = {name.replace("_", "-"): None if days is None else ago(days) for name, days in services.items()}
    return Usage(asked=NOW, window=timedelta(days=90), services=told, actions=actions or {})


def allow(*actions: str, resource: Any = "*", **elements: Any) -> Json:
    return {"Effect": "Allow", "Action": [*actions], "Resource": resource, **elements}


def held(*statements: Json, name: str = "ops", version: str = "2012-10-17") -> Held:
    return Held(name=name, document={"Version": version, "Statement": [*statements]})


def left(*statements: Json, used: Usage) -> list[Any]:
    """The statements of the one document that is proposed."""
    (document,) = proposal([held(*statements)], used).documents
    return list(document.document["Statement"])


def shares(proposed: Proposal) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(it.service, str(it.why)): it.actions for it in (*proposed.kept, *proposed.lost)}


S3_ONLY = usage(s3=3, ec2=None, iam=None)

# What stays of a statement.


@pytest.mark.parametrize(
    ("actions", "stays"),
    [
        (["s3:*", "ec2:*"], ["s3:*"]),
        (["S3:getobject", "ec2:RunInstances"], ["S3:getobject"]),
        (["*"], ["iam:PassRole", "s3:*", "sts:TagSession", "sts:SetSourceIdentity", "sts:SetContext"]),
        (["s*:Get*"], ["s3:Get*"]),
        (["*:*Object"], ["s3:*Object"]),
        (["s3*", "e*:*"], ["s3:*"]),
        (["?3:Put?"], ["s3:Put?"]),
        (["iam:*"], ["iam:PassRole"]),
        (["iam:Pass*", "s3:List*"], ["iam:PassRole", "s3:List*"]),
        (["made-up:Do", "ec2:*"], ["made-up:Do"]),
    ],
)
def test_wildcards_become_the_used_services_part(actions: list[str], stays: list[str]) -> None:
    (statement,) = left(allow(*actions), used=S3_ONLY)
    assert sorted(statement["Action"]) == sorted(stays)


def test_resources_conditions_and_what_else_a_statement_has_stay() -> None:
    rest = {"NotResource": "arn:aws:s3:::x", "Condition": {"Bool": {"aws:SecureTransport": True}}, "Sid": "A"}
    given_ = {"Effect": "Allow", "Action": "*", **rest}
    (statement,) = left(given_, used=usage(s3=1, ec2=None, iam=1, sts=1))
    assert statement == {"Effect": "Allow", "Action": ["s3:*", "iam:*", "sts:*"], **rest} | {
        "Action": statement["Action"]
    }
    assert sorted(statement["Action"]) == ["iam:*", "s3:*", "sts:*"]


def test_statement_that_needs_no_change_is_the_same_text() -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    assert left(statement, allow("ec2:*", resource="arn:x"), used=S3_ONLY) == [statement]


def test_denials_stay_as_they_are_and_come_first() -> None:
    deny = {"Sid": "D", "Effect": "Deny", "NotAction": ["ec2:*"], "NotResource": ["b", "a"]}
    assert left(allow("s3:*"), deny, deny, used=S3_ONLY) == [deny, allow("s3:*")]


def test_everything_but_some_becomes_the_used_services_by_name() -> None:
    statement = {"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "arn:y"}
    assert left(statement, used=usage(s3=1, ec2=None, iam=1)) == [allow("s3:*", resource="arn:y")]


def test_everything_but_a_part_of_a_used_service_stays_and_grows_by_what_was_not_used() -> None:
    statement = {"Effect": "Allow", "NotAction": ["s3:Delete*"], "Resource": "*"}
    proposed = proposal([held(statement)], S3_ONLY)
    first, second = proposed.documents[0].document["Statement"]
    assert first == {**statement, "NotAction": ["s3:Delete*", "ec2:*", "iam:*"]}
    assert second == allow("iam:PassRole")
    assert shares(proposed)["*", "not tracked"] == ("*",)


def test_what_differs_in_its_actions_only_is_one_statement() -> None:
    two = [held(allow("s3:Get*"), name="a"), held(allow("s3:*"), allow("s3:*", resource="arn:z"), name="b")]
    (document,) = proposal(two, S3_ONLY).documents
    assert document.document["Statement"] == [allow("s3:*"), allow("s3:*", resource="arn:z")]
    assert document.origins == (("a", "b"), ("b",))


def test_text_that_looks_like_a_variable_stays_text() -> None:
    """The version before 2012-10-17 has no variables."""
    old = held(allow("s3:*", resource="${aws:username}"), allow("s3:Get*"), version="2008-10-17")
    new = held(allow("s3:*", resource="${aws:username}"))
    found = {it.document["Version"]: len(it.document["Statement"]) for it in proposal([old, new], S3_ONLY).documents}
    assert found == {"2012-10-17": 2, "2008-10-17": 1}


def test_what_was_used_on_the_last_day_of_the_window_counts() -> None:
    proposed = proposal([held(allow("s3:*", "ec2:*"))], usage(s3=90.9, ec2=91))
    assert shares(proposed) == {("s3", "used"): ("s3:*",), ("ec2", "not used"): ("ec2:*",)}


def test_who_used_nothing_is_left_nothing() -> None:
    assert proposal([held(allow("s3:*"))], usage(s3=None)).documents == ()


def test_malformed_policy_is_an_error() -> None:
    with pytest.raises(MalformedPolicyError, match="statement 1"):
        proposal([held({"Effect": "Allow"})], S3_ONLY)


# What is told of each service.


def test_each_service_says_when_it_was_used_and_which_policies_grant_it() -> None:
    proposed = proposal([held(allow("s3:*"), name="a"), held(allow("ec2:Run*"), name="b")], usage(s3=3, ec2=300))
    assert proposed.kept == (Share(service="s3", actions=("s3:*",), why=Why.USED, last_used=ago(3), policies=("a",)),)
    (lost,) = proposed.lost
    assert (lost.service, lost.last_used, lost.policies, lost.levels) == ("ec2", ago(300), ("b",), (Level.WRITE,))


def test_services_that_only_a_wildcard_names_and_aws_does_not_report_are_lost_and_told() -> None:
    proposed = proposal([Held(name="all", document=ADMINISTRATOR)], S3_ONLY)
    outside = shares(proposed)["*", "outside tracking"]
    assert "lambda:*" in outside
    assert "ec2:*" not in outside


# Actions, where AWS tells of them.

ACTIONS = {"sqs": {"CreateQueue": ago(2), "DeleteQueue": None, "PurgeQueue": ago(200)}}
SQS = usage(ACTIONS, sqs=1)


def test_action_that_was_not_used_goes_and_one_that_aws_does_not_track_stays() -> None:
    (statement,) = left(allow("sqs:CreateQueue", "sqs:deletequeue", "sqs:SendMessage"), used=SQS)
    assert statement["Action"] == ["sqs:CreateQueue", "sqs:SendMessage"]
    told = shares(proposal([held(allow("sqs:SendMessage", "sqs:DeleteQueue"))], SQS))
    assert told == {("sqs", "not tracked"): ("sqs:SendMessage",), ("sqs", "not used"): ("sqs:DeleteQueue",)}


def test_pattern_becomes_the_names_without_what_was_not_used() -> None:
    (statement,) = left(allow("sqs:*eQueue"), used=SQS)
    assert statement["Action"] == ["sqs:CreateQueue"]
    (whole,) = left(allow("sqs:*"), used=SQS)
    assert {"sqs:CreateQueue", "sqs:SendMessage", "sqs:ReceiveMessage"} <= set(whole["Action"])
    assert not {"sqs:DeleteQueue", "sqs:PurgeQueue", "sqs:*"} & set(whole["Action"])


@pytest.mark.parametrize("actions", [{"unknown": {"A": ago(1), "B": None}}, {"ec2": {"A": ago(1), "B": None}}])
def test_pattern_that_has_no_names_or_too_many_stays_whole_and_says_what_was_not_used(
    actions: dict[str, dict[str, datetime | None]],
) -> None:
    (service,) = actions
    proposed = proposal([held(allow(f"{service}:*"))], usage(actions, **{service: 1}))
    assert shares(proposed) == {
        (service, "used"): (f"{service}:*",),
        (service, "not used, inside a pattern that is kept"): (f"{service}:B",),
    }


def test_each_unused_action_is_told_with_its_own_last_use() -> None:
    proposed = proposal([held(allow("sqs:DeleteQueue", "sqs:PurgeQueue"))], SQS)
    assert {it.actions: it.last_used for it in proposed.lost} == {
        ("sqs:DeleteQueue",): None,
        ("sqs:PurgeQueue",): ago(200),
    }


# Documents.


def clippings(count: int, **elements: Any) -> list[Clipping]:
    return [Clipping(statement=allow("s3:*", resource=f"arn:{'x' * 500}{at}", **elements)) for at in range(count)]


def test_what_is_too_large_for_a_policy_is_several() -> None:
    documents = fitted(clippings(40))
    assert len(documents) > 1
    assert all(it.size <= MANAGED for it in documents)
    assert sum(len(it.document["Statement"]) for it in documents) == 40


@pytest.mark.parametrize("element", ["Action", "Resource"])
def test_statement_that_is_too_large_is_cut(element: str) -> None:
    values = [f"s3:{'x' * 100}{at}" for at in range(200)]
    documents = fitted([Clipping(statement={"Effect": "Allow", "Action": "s3:*", "Resource": "*", element: values})])
    found = [value for it in documents for statement in it.document["Statement"] for value in statement[element]]
    assert all(it.fits for it in documents)
    assert found == values


def test_statement_that_cannot_be_cut_says_that_it_does_not_fit() -> None:
    values = [f"s3:{'x' * 100}{at}" for at in range(200)]
    (document,) = fitted([Clipping(statement={"Effect": "Allow", "NotAction": values, "Resource": "*"})])
    assert not document.fits


def test_names_of_statements_are_unique_in_a_document() -> None:
    (document,) = fitted(clippings(3, Sid="A"))
    assert [it["Sid"] for it in document.document["Statement"]] == ["A", "A2", "A3"]


def test_least_leaves_out_what_another_pattern_admits() -> None:
    assert least(["s3:Get*", "S3:getObject", "s3:**", "s3:*"]) == ["s3:**"]


def test_hostile_pattern_is_narrowed_at_once() -> None:
    assert within("*" * 100_000 + "?", "s3") == ("s3:*?",)
    assert within("*a" * 1_000, "s3") == (f"s3:{'*a' * 1_000}",)


# What holds for every policy, by an evaluation of its own.

SERVICES = ("s3", "sns", "ec2", "iam", "sts", "made")
NAMES = ("Get", "GetIt", "Put", "PassRole", "TagSession")
SAMPLES = [f"{service}:{name}" for service in SERVICES for name in NAMES]
RESOURCES = ("arn:a:one", "arn:a:two", "arn:b:one")
CONDITIONS = ({"Bool": {"k": "true"}}, {"Bool": {"j": "true"}})

services = st.sampled_from([*SERVICES, "*", "s*", "?3", "*s", "S3"])
names = st.sampled_from([*NAMES, "*", "Get*", "?et*", "*Role", "Pass*", "put"])
patterns = st.just("*") | st.builds("{}:{}".format, services, names)
resources = st.lists(st.sampled_from([*RESOURCES, "*", "arn:a:*", "*one"]), min_size=1, max_size=2)


@st.composite
def statements(draw: st.DrawFn) -> Json:
    acts, places = (draw(st.sampled_from(pair)) for pair in (("Action", "NotAction"), ("Resource", "NotResource")))
    made = {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        acts: draw(patterns | st.lists(patterns, min_size=1, max_size=3)),
        places: draw(resources),
    }
    condition = draw(st.none() | st.sampled_from(CONDITIONS))
    return {**made, **({"Condition": condition} if condition else {})}


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Some services are reported, of which some were used, and of some of those actions are tracked."""
    told = draw(st.dictionaries(st.sampled_from(SERVICES), st.sampled_from([None, 5, 300]), min_size=1))
    tracked = st.dictionaries(st.sampled_from(NAMES[:3]), st.sampled_from([None, ago(5), ago(300)]), max_size=2)
    actions = draw(st.dictionaries(st.sampled_from(SERVICES), tracked, max_size=2))
    return usage({it: found for it, found in actions.items() if told.get(it) == 5}, **told)


holdings = st.lists(st.lists(statements(), min_size=1, max_size=4), min_size=1, max_size=3)


@cache
def admits(pattern: str, text: str) -> bool:
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text))


def about(statement: Json, element: str, text: str) -> bool:
    """Whether the statement is about an action or a resource."""
    name = element if element in statement else f"Not{element}"
    values = statement[name] if isinstance(statement[name], list) else [statement[name]]
    fold = str.lower if element == "Action" else str
    return any(admits(fold(it), fold(text)) for it in values) is (name == element)


Granted = set[tuple[str, str, frozenset[str]]]
WORLDS = tuple(map(frozenset[str], ([], ["k"], ["j"], ["k", "j"])))
"""The condition keys that may be met."""


def granted(found: Iterable[Json]) -> Granted:
    """All that statements allow, of every sample, wherever some conditions are met."""
    allowed, denied = Granted(), Granted()
    for it in found:
        actions = [action for action in SAMPLES if about(it, "Action", action)]
        places = [resource for resource in RESOURCES if about(it, "Resource", resource)]
        needs = {key for block in it.get("Condition", {}).values() for key in block}
        said = allowed if it["Effect"] == "Allow" else denied
        said.update(product(actions, places, [world for world in WORLDS if needs <= world]))
    return allowed - denied


def before_and_after(policies: list[list[Json]], used: Usage) -> tuple[Granted, Granted]:
    proposed = proposal([held(*it, name=str(at)) for at, it in enumerate(policies)], used)
    after = (statement for it in proposed.documents for statement in it.document["Statement"])
    return granted(it for policy in policies for it in policy), granted(after)


@given(holdings, usages())
def test_nothing_is_granted_that_was_not(policies: list[list[Json]], used: Usage) -> None:
    before, after = before_and_after(policies, used)
    assert after <= before


@given(holdings, usages())
def test_nothing_that_was_used_is_lost(policies: list[list[Json]], used: Usage) -> None:
    before, after = before_and_after(policies, used)
    needed = {it for it in before if it[0] in NO_TRACE or _was_used(it[0], used)}
    assert needed <= after


def _was_used(action: str, used: Usage) -> bool:
    """Whether its service was used; where AWS tracks actions of the service, whether the action was."""
    service, _, name = action.partition(":")
    tracked = used.actions.get(service, {})
    return used.used(service) and (not tracked or used.counts(tracked.get(name)))


@given(holdings, usages())
def test_nothing_is_left_of_a_service_that_was_not_used(policies: list[list[Json]], used: Usage) -> None:
    _, after = before_and_after(policies, used)
    rest = {it[0] for it in after if it[0].partition(":")[0] in used.services and it[0] not in NO_TRACE}
    assert not {it for it in rest if not used.used(it.partition(":")[0])}


@given(holdings, usages())
def test_every_denial_stays(policies: list[list[Json]], used: Usage) -> None:
    proposed = proposal([held(*it) for it in policies], used)
    after = [statement for it in proposed.documents for statement in it.document["Statement"]]
    assert all(it in after for policy in policies for it in policy if it["Effect"] == "Deny")


@given(patterns, st.sampled_from(SERVICES))
def test_part_of_a_pattern_is_exactly_what_it_admits_of_the_service(pattern: str, service: str) -> None:
    parts = within(pattern, service)
    for name in NAMES:
        action = f"{service}:{name}".lower()
        assert admits(pattern.lower(), action) is any(admits(it.lower(), action) for it in parts)
