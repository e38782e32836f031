import re
from collections import Counter, defaultdict
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from auditor.policy.actions import known
from auditor.policy.techniques import FACTS, TARGETS, Need, Technique, parsed, techniques

EVERY = techniques()
WORKING = tuple(it for it in EVERY if it.ended is None)
IN_EVIDENCE = """
    AWS::CloudFormation::Stack AWS::CodeBuild::Project AWS::EC2::Instance AWS::ECS::TaskDefinition AWS::Glue::Job
    AWS::Lambda::Function AWS::SageMaker::NotebookInstance AWS::StepFunctions::StateMachine
""".split()
PASSED = Need("iam:PassRole", "target")
RESOURCES = {
    "policy": "iam:policy",
    "group": "iam:group",
    "user": "iam:user",
    "role": "iam:role",
    "provider": "iam:saml-provider",
}
"""What an action on a target of a kind is about, as the database of actions calls it."""

GOOD: dict[str, Any] = {
    "id": "open-door",
    "title": "Open a door",
    "target": "role",
    "gives": "become",
    "service": ["lambda.amazonaws.com"],
    "needs": ["iam:PassRole@target"],
    "does": "opens {target}",
    "fix": "close it",
    "reference": "https://example.com/door",
}


def written(entry: dict[str, Any]) -> str:
    """An entry as the file has it; None leaves a member out."""
    lines = [f"{name} = {value!r}" for name, value in entry.items() if value is not None]
    return "\n".join(["[[technique]]", *lines])


def with_(**changes: Any) -> str:
    return written({**GOOD, **changes})


def named(it: Technique) -> str:
    return it.id


every = pytest.mark.parametrize("it", EVERY, ids=named)
working = pytest.mark.parametrize("it", WORKING, ids=named)


def test_there_are_well_over_a_hundred_and_some_of_each_kind() -> None:
    count = Counter(it.target for it in WORKING)
    assert len(WORKING) > 150
    assert set(count) == set(TARGETS)
    assert count["role"] > 80
    assert count["workload"] > 40
    assert count["user"] > 10
    assert {it.gives for it in WORKING} == {"become", "boost", "unbind", "join", "administrator"}
    assert {it.workload for it in WORKING} >= set(IN_EVIDENCE)


def test_they_are_sorted_by_target_and_id() -> None:
    assert list(EVERY) == sorted(EVERY, key=lambda it: (TARGETS.index(it.target), it.id))


def test_no_technique_needs_all_that_another_needs_for_the_same() -> None:
    def same(it: Technique) -> tuple[object, ...]:
        by_somebody_new = "iam:CreateUser" in {need.action for need in it.needs}  # roles can do that too
        return (it.target, it.gives, it.workload, it.when, by_somebody_new)

    wider = [
        (one.id, other.id)
        for one, other in permutations(WORKING, 2)
        if same(one) == same(other) and set(one.service) <= set(other.service) and set(other.needs) <= set(one.needs)
    ]
    assert not wider


def test_workload_of_a_type_always_trusts_the_same_service() -> None:
    services = defaultdict(set)
    for it in EVERY:
        services[it.workload].add(it.service)
    assert all(len(them) == 1 for workload, them in services.items() if workload)


@working
def test_its_actions_exist_and_are_spelled_as_aws_does(it: Technique) -> None:
    found = {need.action: known(need.action) for need in it.needs}
    assert {name: action and action.name for name, action in found.items()} == {name: name for name in found}
    assert not any(action.retired for action in found.values() if action)


@working
def test_what_it_needs_somewhere_can_be_limited_to_resources(it: Technique) -> None:
    for need in it.needs:
        action = known(need.action)
        assert need.place == "" or (action and action.uses), need


@working
def test_what_it_needs_on_its_target_is_about_such_a_target(it: Technique) -> None:
    if it.target in RESOURCES:
        for need in it.needs:
            action = known(need.action)
            uses = [f"iam:{use.resource.name}" for use in action.uses] if action and need.place == "target" else []
            assert not uses or uses == [RESOURCES[it.target]], need


@working
def test_it_needs_no_reading_that_only_makes_it_easier(it: Technique) -> None:
    assert not [need.action for need in it.needs if re.match(r"[^:]+:(List|Describe|BatchGet)", need.action)]


@every
def test_it_passes_a_role_exactly_if_the_role_must_trust_a_service(it: Technique) -> None:
    if it.target == "role":
        assert (PASSED in it.needs) == bool(it.service) == it.id.startswith("pass-role-to-")
    else:
        assert PASSED not in it.needs


@every
def test_needs_are_named_once(it: Technique) -> None:
    assert len(set(it.needs)) == len(it.needs)


@every
def test_its_fix_can_be_taken_back(it: Technique) -> None:
    prose = re.sub(r"\S*:\S*", "", it.fix)
    assert not re.search(r"(?i)\b(delet|remov|destroy|terminat|revok)", prose)
    assert re.match(r"(name|deny|limit|let|allow|give|set) ", it.fix)


@every
def test_its_words_are_a_title_and_parts_of_sentences(it: Technique) -> None:
    assert it.title[0].isupper()
    assert it.does[0].islower()
    assert it.does.split()[0].endswith("s")
    assert not any(text.endswith(".") for text in (it.title, it.does, it.fix))
    assert re.fullmatch(r"https://[a-z0-9.-]+/\S+", it.reference)


def test_titles_differ() -> None:
    assert len({it.title for it in EVERY}) == len(EVERY)


def test_ended_services_are_known_by_their_day() -> None:
    assert {it.id: it.ended for it in EVERY if it.ended} == {
        "pass-role-to-codestar-project": date(2024, 7, 31),
    }


def test_facts_are_about_the_targets_that_ask_for_them() -> None:
    assert {it.when for it in EVERY if it.when} == set(FACTS)


def test_a_good_entry_is_read() -> None:
    assert parsed(with_(needs=["iam:PassRole@target", "lambda:CreateFunction@new"], ended=None)) == (
        Technique(
            id="open-door",
            title="Open a door",
            target="role",
            gives="become",
            service=("lambda.amazonaws.com",),
            needs=(Need("iam:PassRole", "target"), Need("lambda:CreateFunction", "new")),
            does="opens {target}",
            fix="close it",
            reference="https://example.com/door",
        ),
    )


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (with_(id="Open_Door"), "kebab-case"),
        (with_(target="door"), "no such target: door"),
        (with_(gives="join"), "a role cannot be given join"),
        (with_(needs=[]), "needs nothing"),
        (with_(needs=["PassRole"]), "'PassRole' is not service:Action@place"),
        (with_(needs=["iam:passRole@target"]), "is not service:Action@place"),
        (with_(needs=["iam:PassRole@door"]), "is not service:Action@place"),
        (with_(needs=["iam:PassRole@holder"]), "only a workload has a holder"),
        (with_(service=["lambda"]), "not a service principal"),
        (with_(service=["lambda.amazonaws.com", "ec2.amazonaws.com"]), "more than one service"),
        (with_(workload="AWS::Lambda::Function"), "a workload, and nothing else"),
        (with_(target="workload", workload="Function"), "not a type of CloudFormation"),
        (with_(target="workload", workload="AWS::Lambda::Function", service=None), "a workload's role trusts"),
        (with_(target="user"), "only a role and a workload trust"),
        (with_(target="account", gives="administrator", service=None), "an account is not a resource"),
        (with_(does="opens it"), "says nothing of {target}"),
        (with_(when="password"), "no such fact of a role: password"),
        (with_(reference="http://example.com"), "no title, fix or reference"),
        (with_(fix=""), "no title, fix or reference"),
        (with_(does=None), "does"),
        (with_(needs=None), "needs"),
        (with_(colour="red"), "colour"),
        (f"{with_()}\n{with_()}", "another one has the same id"),
    ],
)
def test_a_broken_entry_is_refused_by_name(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)) as refused:
        parsed(text)
    assert str(refused.value).startswith(("technique open-door: ", "technique Open_Door: "))


def test_an_entry_without_id_is_refused_by_its_title() -> None:
    with pytest.raises(ValueError, match="technique Open a door: "):
        parsed(with_(id=None))
