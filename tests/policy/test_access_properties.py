"""What holds of every decision, whatever the documents."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from auditor.policy.access import Decision, Held, Request, Standing, decide
from auditor.policy.conditions import judge, unmet
from auditor.policy.document import decode, statements
from tests.policy.made_policies import (
    CONDITIONS,
    VALUES,
    Document,
    contexts,
    documents,
    held,
    made_statements,
    plain_standings,
    requests,
    shared,
    standings,
    whole_contexts,
)
from tests.policy.probes.probe import ALL, OBJECT, USER, allow, deny, doc
from tests.policy.test_match import as_expression


def same(one: Decision, other: Decision) -> bool:
    """Whether both say the same, but for the statements' numbers."""
    return (one.allowed, told(one)) == (other.allowed, told(other))


def told(decision: Decision) -> set[str]:
    return {it.lower() for it in decision.conditions}


def alike(one: Decision, other: Decision) -> bool:
    """Whether both say the same, but for which conditions they tell: there may be several as good."""
    return (one.allowed, bool(one.conditions)) == (other.allowed, bool(other.conditions))


def rewritten(standing: Standing, how: Any) -> Standing:
    """The standing with each of its documents changed."""

    def anew(it: Held | None) -> Held | None:
        return it and replace(it, document=how(it.document))

    def all_anew(them: tuple[Held, ...]) -> tuple[Held, ...]:
        return tuple(replace(it, document=how(it.document)) for it in them)

    return replace(
        standing,
        identity=all_anew(standing.identity),
        boundary=anew(standing.boundary),
        session=anew(standing.session),
        service_control=tuple(all_anew(it) for it in standing.service_control),
        resource_control=tuple(all_anew(it) for it in standing.resource_control),
    )


def every_statement(how: Any) -> Any:
    """A change of a document that makes each statement into some."""
    return lambda document: {**document, "Statement": [new for it in document["Statement"] for new in how(it)]}


# What only takes away.


@given(standings, requests, shared, made_statements, st.data())
def test_a_deny_never_adds_access(
    standing: Standing, request: Request, policy: Held | None, statement: dict[str, Any], data: st.DataObject
) -> None:
    more = {**statement, "Effect": "Deny"}
    before = decide(standing, request, policy)
    where = data.draw(st.sampled_from(["identity", "boundary", "session", "service_control", "resource_control"]))
    event(f"allowed before: {before.allowed}, in {where}")
    denying = held(doc(more))
    after = {
        "identity": replace(standing, identity=(*standing.identity, denying)),
        "boundary": replace(standing, boundary=with_more(standing.boundary, more)),
        "session": replace(standing, session=with_more(standing.session, more)),
        "service_control": replace(standing, service_control=(*standing.service_control, (held(ALL), denying))),
        "resource_control": replace(standing, resource_control=(*standing.resource_control, (held(ALL), denying))),
    }[where]
    assert decide(after, request, policy).allowed <= before.allowed


def with_more(policy: Held | None, statement: dict[str, Any]) -> Held:
    return held(doc(*(policy.document["Statement"] if policy else [allow()]), statement))


@given(standings, requests, shared, made_statements)
def test_a_deny_of_the_resource_s_policy_never_adds_access(
    standing: Standing, request: Request, policy: Held | None, statement: dict[str, Any]
) -> None:
    more = {**statement, "Effect": "Deny", "Principal": "*"}
    policy = policy or held(doc())
    after = held(doc(*policy.document["Statement"], more))
    assert decide(standing, request, after).allowed <= decide(standing, request, policy).allowed


@given(standings, requests, shared, documents)
def test_an_intersection_with_a_boundary_or_session_policy_never_adds_access(
    standing: Standing, request: Request, policy: Held | None, limit: dict[str, Any]
) -> None:
    free = replace(standing, boundary=None)
    bound = replace(standing, boundary=held(limit))
    assert decide(bound, request, policy).allowed <= decide(free, request, policy).allowed
    free = replace(standing, session=None)
    bound = replace(standing, session=held(limit))
    assert decide(bound, request, policy).allowed <= decide(free, request, policy).allowed


@given(standings, requests, shared, documents)
def test_a_level_of_the_organization_never_adds_access(
    standing: Standing, request: Request, policy: Held | None, limit: dict[str, Any]
) -> None:
    level = (held(limit),)
    own, theirs = standing.service_control, standing.resource_control
    before = decide(standing, request, policy).allowed
    for levels in ((level, *own), (*own, level)):
        assert decide(replace(standing, service_control=levels), request, policy).allowed <= before
    for levels in ((level, *theirs), (*theirs, level)):
        assert decide(replace(standing, resource_control=levels), request, policy).allowed <= before


@given(standings, requests, shared, made_statements)
def test_an_allow_never_takes_access_away(
    standing: Standing, request: Request, policy: Held | None, statement: dict[str, Any]
) -> None:
    more = replace(standing, identity=(*standing.identity, held(doc({**statement, "Effect": "Allow"}))))
    assert decide(standing, request, policy).allowed <= decide(more, request, policy).allowed


# What changes nothing.


@given(standings, requests, st.randoms(use_true_random=False))
def test_order_of_policies_and_statements_changes_nothing(standing: Standing, request: Request, chance: Any) -> None:
    def shuffled(document: Document) -> Document:
        return {**document, "Statement": chance.sample(document["Statement"], len(document["Statement"]))}

    other = rewritten(standing, shuffled)
    other = replace(other, identity=tuple(chance.sample(other.identity, len(other.identity))))
    assert alike(decide(standing, request), decide(other, request))


@given(standings, requests)
def test_splitting_positive_lists_changes_nothing(standing: Standing, request: Request) -> None:
    """One statement about two actions and two resources is four statements. Of negated lists that does not hold."""

    def split(statement: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {**statement, **({"Action": action} if action else {}), **({"Resource": resource} if resource else {})}
            for action in statement.get("Action", [None])
            for resource in statement.get("Resource", [None])
        ]

    assert alike(decide(standing, request), decide(rewritten(standing, every_statement(split)), request))


@given(standings, requests)
def test_one_document_is_as_good_as_many(standing: Standing, request: Request) -> None:
    together = held(doc(*(it for policy in standing.identity for it in policy.document["Statement"])))
    assert same(decide(standing, request), decide(replace(standing, identity=(together,)), request))


@given(standings, requests)
def test_what_is_said_twice_changes_nothing(standing: Standing, request: Request) -> None:
    twice = rewritten(standing, every_statement(lambda it: [it, it]))
    twice = replace(twice, identity=twice.identity * 2, service_control=twice.service_control * 2)
    assert same(decide(standing, request), decide(twice, request))


@given(standings, requests)
def test_single_values_are_lists_of_one(standing: Standing, request: Request) -> None:
    def single(statement: dict[str, Any]) -> list[dict[str, Any]]:
        return [{key: it[0] if isinstance(it, list) and len(it) == 1 else it for key, it in statement.items()}]

    def short(document: Document) -> Document:
        said = every_statement(single)(document)
        return {**said, "Statement": said["Statement"][0]} if len(said["Statement"]) == 1 else said

    assert decide(standing, request) == decide(rewritten(standing, short), request)


@given(standings, requests, st.sampled_from([str.upper, str.lower, str.swapcase]))
def test_case_of_actions_changes_nothing(standing: Standing, request: Request, recased: Any) -> None:
    def loud(statement: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                key: [recased(one) for one in it] if key in ("Action", "NotAction") else it
                for key, it in statement.items()
            }
        ]

    expected = decide(standing, request)
    assert decide(rewritten(standing, every_statement(loud)), request) == expected
    assert decide(standing, replace(request, action=recased(request.action))) == expected


@given(standings, requests)
def test_case_of_condition_keys_and_operators_changes_nothing(standing: Standing, request: Request) -> None:
    def loud(statement: dict[str, Any]) -> list[dict[str, Any]]:
        blocks = statement.get("Condition", {})
        upper = {operator: {key.upper(): it for key, it in block.items()} for operator, block in blocks.items()}
        return [{**statement, "Condition": upper}]

    assert same(decide(standing, request), decide(rewritten(standing, every_statement(loud)), request))


@given(standings, requests)
def test_what_is_printed_and_parsed_decides_the_same(standing: Standing, request: Request) -> None:
    expected = decide(standing, request)
    assert decide(rewritten(standing, lambda it: decode(json.dumps(it, indent=1))), request) == expected
    assert decide(rewritten(standing, lambda it: decode(quote(json.dumps(it), safe=""))), request) == expected


@given(documents)
def test_parse_print_parse_gives_the_same_statements(document: dict[str, Any]) -> None:
    expected = tuple(statements(document))
    assert tuple(statements(decode(json.dumps(document)))) == expected
    assert tuple(statements(decode(quote(json.dumps(document))))) == expected


# What is unknown.


@example(  # An open pattern is met by no more than its values are.
    standing=Standing(arn=USER, identity=(held(doc(allow(Condition=CONDITIONS[-1]))),)),
    request=Request(action="s3:GetObject", resource=OBJECT),
    rest={key: values[-1] for key, values in VALUES.items()},
)
@given(standing=standings, request=requests, rest=whole_contexts)
def test_what_becomes_known_settles_what_was_open_and_nothing_else(
    standing: Standing, request: Request, rest: dict[str, tuple[str, ...]]
) -> None:
    """A denial was certain, and so was an Allow without conditions."""
    before = decide(standing, request)
    after = decide(standing, replace(request, known={**rest, **request.known}))
    event(f"allowed {before.allowed}, conditions {bool(before.conditions)}")
    assert after.conditions == ()
    if not before.conditions:
        assert after.allowed is before.allowed


@given(contexts, whole_contexts)
def test_condition_that_was_settled_stays_settled(
    known: dict[str, tuple[str, ...]], rest: dict[str, tuple[str, ...]]
) -> None:
    for condition in CONDITIONS:
        (statement,) = statements(doc(allow(Condition=condition)))
        before = judge(statement.clauses, known, variables=True)
        after = judge(statement.clauses, {**rest, **known}, variables=True)
        assert after is not None
        assert before is None or before is after, condition
        assert bool(tuple(unmet(statement.clauses, known, variables=True))) is (before is None) or before is False


# Patterns of resources.


@given(plain_standings, requests, st.sampled_from(["*", "arn:aws:s3:::*", "arn:aws:iam::*"]))
def test_what_is_allowed_on_one_resource_is_allowed_on_some(standing: Standing, request: Request, pattern: str) -> None:
    assume(as_expression(pattern).fullmatch(request.resource))
    assert decide(standing, request).allowed <= decide(standing, replace(request, resource=pattern)).allowed


# The whole of it, for documents without conditions, said in another way.


def speaks(statement: dict[str, Any], action: str, resource: str) -> bool:
    def among(patterns: list[str], text: str) -> bool:
        return any(as_expression(it).fullmatch(text) for it in patterns)

    def whole(pattern: str) -> str:
        return (
            pattern if pattern == "*" else ":".join([*pattern.split(":"), *"*****"][: max(6, pattern.count(":") + 1)])
        )

    actions = [it.lower() for it in statement.get("Action") or statement["NotAction"]]
    resources = [whole(it) for it in statement.get("Resource") or statement["NotResource"]]
    about = among(actions, action.lower()) is ("Action" in statement)
    return about and among(resources, resource) is ("Resource" in statement)


def said(policies: tuple[Held, ...], effect: str, request: Request) -> bool:
    everything = [it for policy in policies for it in policy.document["Statement"] if it["Effect"] == effect]
    return any(speaks(it, request.action, request.resource) for it in everything)


@given(plain_standings, requests)
def test_allowed_is_what_every_layer_allows_and_none_denies(standing: Standing, request: Request) -> None:
    request = replace(request, known={"aws:principaltag/team": ()})
    layers = [standing.identity, *standing.service_control]
    layers += [(it,) for it in (standing.boundary, standing.session) if it]
    denied = any(said(it, "Deny", request) for it in (*layers, *standing.resource_control))
    if standing.resource_control and request.action.startswith("iam:"):
        denied = any(said(it, "Deny", request) for it in layers)
    expected = not denied and all(said(it, "Allow", request) for it in layers)
    event(f"allowed: {expected}")
    assume(request.action != "sts:AssumeRole")
    assert decide(standing, request).allowed is expected


@given(standings, requests)
def test_account_without_levels_is_one_whose_levels_let_everything_through(
    standing: Standing, request: Request
) -> None:
    free = replace(standing, service_control=(), resource_control=())
    open_levels = ((held(ALL),), (held(ALL), held(doc(deny("sqs:*")))))
    fenced = replace(free, service_control=open_levels, resource_control=open_levels)
    assert same(decide(free, request), decide(fenced, request))
