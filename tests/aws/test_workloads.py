"""Workloads with their roles: what is listed, what a refusal hides, and what is asked how often."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from auditor.aws.evidence_files import decode, encode
from auditor.aws.gather import gather, snapshot
from auditor.aws.inventory import MOST
from auditor.aws.session import connect
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.configuration_keys import CONFIGURATION_KEYS
from auditor.aws.sources.regions import REGIONS
from auditor.aws.sources.roles_anywhere import ROLES_ANYWHERE
from auditor.aws.sources.workloads import WORKLOADS, read
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.workloads import Workload
from tests.aws.wire import Params, Refused, Reply, Wire, always, new_session, scripted
from tests.aws.workload_answers import (
    BESIDE_MOTO,
    EMPTY,
    FUNCTION,
    INSTANCE,
    JOB,
    MACHINE_ANSWER,
    TASK,
    everything,
    here,
    listed,
    nothing_runs,
)
from tests.build import NOW, OWNER, arn

SOURCES = (REGIONS, WORKLOADS)
BOTH = (REGIONS, WORKLOADS, CONFIGURATION_KEYS)
ENTRIES: list[dict[str, Any]] = [
    {"type": "AWS::Lambda::Function", "arn": here("lambda", "function:pay"), "role": arn("role/service/pay")},
    {"type": "AWS::ECS::TaskDefinition", "arn": here("ecs", "task-definition/shop:7"), "role": arn("role/shop")},
    {
        "type": "AWS::ECS::TaskDefinition",
        "arn": here("ecs", "task-definition/shop:7"),
        "role": arn("role/start"),
        "purpose": "execution",
    },
    {"type": "AWS::CodeBuild::Project", "arn": here("codebuild", "project/build"), "role": arn("role/build")},
    {"type": "AWS::Glue::Job", "arn": here("glue", "job/load"), "role": arn("role/loader")},
    {
        "type": "AWS::CloudFormation::Stack",
        "arn": here("cloudformation", "stack/base/0a1b"),
        "role": arn("role/stacks"),
    },
    {"type": "AWS::StepFunctions::StateMachine", "arn": here("states", "stateMachine:pay"), "role": arn("role/states")},
    {
        "type": "AWS::EC2::Instance",
        "arn": here("ec2", "instance/i-1"),
        "role": None,
        "profile": arn("instance-profile/web"),
        "public": True,
    },
    {
        "type": "AWS::SageMaker::NotebookInstance",
        "arn": here("sagemaker", "notebook-instance/lab"),
        "role": arn("role/lab"),
    },
]


def answer(wire: Wire) -> Answer:
    given = gather(scripted(wire), SOURCES).answers["workloads"]
    assert isinstance(given, Answer)
    return given


def in_empty(**replies: Reply) -> Wire:
    """A Region in which only this runs."""
    nothing = {name: always(it) for name, it in EMPTY.items()}
    return Wire(script=everything(**nothing | replies))


def entries(wire: Wire, kind: str) -> list[dict[str, Any]]:
    return [it for it in answer(wire).raw if it["type"] == kind]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


def test_every_kind_is_told_with_its_role_and_nothing_else_of_its_configuration() -> None:
    given = answer(Wire(script=everything()))
    assert given.raw == ENTRIES
    assert given.gaps == {}


def test_every_entry_becomes_a_subject_in_its_region() -> None:
    subjects = read(ENTRIES, OWNER).subjects
    assert {it.region for it in subjects} == {"eu-west-1"}
    assert [it.resource_type for it in subjects] == [it["type"] for it in ENTRIES]
    assert len({it.uid for it in subjects}) == len(ENTRIES)
    assert {it.tags for it in subjects} == {None}  # nobody asked for them


def test_new_revision_of_a_task_definition_is_the_same_workload() -> None:
    seven, eight = ({**ENTRIES[1], "arn": here("ecs", f"task-definition/shop:{it}")} for it in (7, 8))
    (before,), (after,) = read([seven], OWNER).subjects, read([eight], OWNER).subjects
    assert before.uid == after.uid
    assert before.resource != after.resource


def test_account_with_nothing_in_it_has_no_workloads_and_no_gaps() -> None:
    given = answer(in_empty())
    assert (given.raw, given.gaps) == ([], {})


@pytest.mark.parametrize(
    ("changed", "public"),
    [
        ({}, True),
        ({"PublicIpAddress": None}, False),
        ({"PublicIpAddress": None, "NetworkInterfaces": [{"Association": {"PublicIp": "203.0.113.8"}}]}, True),
        ({"PublicIpAddress": None, "NetworkInterfaces": [{"Ipv6Addresses": [{"Ipv6Address": "2001:db8::1"}]}]}, False),
    ],
)
def test_instance_is_public_by_any_public_ipv4_address(changed: dict[str, Any], public: bool) -> None:  # noqa: FBT001
    instance = {name: value for name, value in (INSTANCE | changed).items() if value is not None}
    wire = in_empty(DescribeInstances=always({"Reservations": [{"Instances": [instance]}]}))
    assert [it["public"] for it in entries(wire, "AWS::EC2::Instance")] == [public]


def test_instances_that_are_gone_are_not_asked_for() -> None:
    wire = in_empty()
    answer(wire)
    (call,) = wire.named("DescribeInstances")
    (states,) = call.params["Filters"]
    assert not {"terminated", "shutting-down"} & set(states["Values"])


def test_instance_without_a_profile_is_told_too() -> None:
    bare = {name: it for name, it in INSTANCE.items() if name != "IamInstanceProfile"}
    wire = in_empty(DescribeInstances=always({"Reservations": [{"Instances": [bare]}]}))
    (entry,) = entries(wire, "AWS::EC2::Instance")
    assert entry["profile"] is None


def test_stack_without_a_role_runs_with_none() -> None:
    stack = {
        "StackName": "base",
        "StackId": here("cloudformation", "stack/base/0a1b"),
        "StackStatus": "CREATE_COMPLETE",
    }
    wire = in_empty(DescribeStacks=always({"Stacks": [{**stack, "CreationTime": "2026-01-01T00:00:00Z"}]}))
    assert entries(wire, "AWS::CloudFormation::Stack") == []


def test_job_may_name_its_role_whole() -> None:
    wire = in_empty(GetJobs=always({"Jobs": [{**JOB, "Role": arn("role/team/loader")}]}))
    assert [it["role"] for it in entries(wire, "AWS::Glue::Job")] == [arn("role/team/loader")]


def test_task_may_name_its_roles_without_their_arns() -> None:
    """AWS tells a role as it was registered, and takes a name; a variable may have none."""
    named = {"taskRoleArn": "shop", "executionRoleArn": "team/pull", "containerDefinitions": [{"environment": [{}]}]}
    task = always({"taskDefinition": {**TASK, **named}})
    wire = in_empty(ListTaskDefinitionFamilies=always({"families": ["shop"]}), DescribeTaskDefinition=task)
    roles = [it["role"] for it in entries(wire, "AWS::ECS::TaskDefinition")]
    assert roles == [arn("role/shop"), arn("role/team/pull")]


@pytest.mark.parametrize(
    ("operation", "reply", "kind"),
    [
        ("ListFunctions", listed("Functions", 3, FUNCTION, "NextMarker"), "AWS::Lambda::Function"),
        ("DescribeInstances", listed("Reservations", 3, {"Instances": [INSTANCE]}), "AWS::EC2::Instance"),
        ("GetJobs", listed("Jobs", 3, JOB), "AWS::Glue::Job"),
    ],
)
def test_all_pages_are_read(operation: str, reply: Reply, kind: str) -> None:
    wire = in_empty(**{operation: reply})
    assert len(entries(wire, kind)) == 3
    assert len(wire.named(operation)) == 3


def test_projects_are_described_a_hundred_at_a_time() -> None:
    names = [f"p{number}" for number in range(230)]

    def described(params: Params) -> Mapping[str, Any]:
        here_ = [{"name": it, "arn": here("codebuild", f"project/{it}")} for it in params["names"]]
        return {"projects": here_}

    wire = in_empty(ListProjects=always({"projects": names}), BatchGetProjects=described)
    assert len(entries(wire, "AWS::CodeBuild::Project")) == 230
    assert [len(call.params["names"]) for call in wire.named("BatchGetProjects")] == [100, 100, 30]


def test_more_than_are_asked_about_one_by_one_are_a_gap_and_not_clean() -> None:
    families = [f"f{number}" for number in range(MOST + 2)]
    wire = in_empty(
        ListTaskDefinitionFamilies=always({"families": families}),
        DescribeTaskDefinition=always({"taskDefinition": {**TASK, "containerDefinitions": []}}),
    )
    why = Unavailable(reason="2 were not asked about: only 500 are in a Region")
    assert answer(wire).gaps == {"eu-west-1/AWS::ECS::TaskDefinition": why}
    assert len(wire.named("DescribeTaskDefinition")) == MOST


def test_what_is_gone_since_it_was_listed_is_left_out() -> None:
    wire = Wire(script=everything(DescribeStateMachine=always(Refused("StateMachineDoesNotExist"))))
    given = answer(wire)
    assert given.gaps == {}
    assert "AWS::StepFunctions::StateMachine" not in {it["type"] for it in given.raw}


def test_role_of_a_state_machine_whose_definition_is_encrypted_is_told() -> None:
    def described(params: Params) -> Mapping[str, Any]:
        if params.get("includedData") != "METADATA_ONLY":
            raise Refused("KmsAccessDeniedException")
        return {**MACHINE_ANSWER, "definition": "{}"}

    given = answer(Wire(script=everything(DescribeStateMachine=described)))
    assert ENTRIES[6] in given.raw
    assert given.gaps == {}


LISTINGS = {
    "ListFunctions": "AWS::Lambda::Function",
    "DescribeInstances": "AWS::EC2::Instance",
    "ListTaskDefinitionFamilies": "AWS::ECS::TaskDefinition",
    "DescribeTaskDefinition": "AWS::ECS::TaskDefinition",
    "ListProjects": "AWS::CodeBuild::Project",
    "BatchGetProjects": "AWS::CodeBuild::Project",
    "ListNotebookInstances": "AWS::SageMaker::NotebookInstance",
    "DescribeNotebookInstance": "AWS::SageMaker::NotebookInstance",
    "GetJobs": "AWS::Glue::Job",
    "DescribeStacks": "AWS::CloudFormation::Stack",
    "ListStateMachines": "AWS::StepFunctions::StateMachine",
    "DescribeStateMachine": "AWS::StepFunctions::StateMachine",
}


@pytest.mark.parametrize(("operation", "kind"), LISTINGS.items())
def test_denied_service_is_a_gap_of_its_kind_in_the_region_and_the_rest_is_complete(operation: str, kind: str) -> None:
    given = answer(Wire(script=everything(**{operation: always(Refused("AccessDeniedException", "no"))})))
    why = Unavailable(reason=f"{operation}: AccessDeniedException: no")
    assert given.gaps == {f"eu-west-1/{kind}": why}
    assert given.raw == [it for it in ENTRIES if it["type"] != kind]


def test_denied_region_is_a_gap_and_the_others_are_complete() -> None:
    regions = [{"RegionName": name, "OptInStatus": "opt-in-not-required"} for name in ("eu-west-1", "eu-west-2")]
    aws = scripted(
        in_empty(DescribeRegions=always({"Regions": regions}), ListFunctions=always({"Functions": [FUNCTION]}))
    )

    def refuse(params: Mapping[str, Any], **_: object) -> None:
        if "eu-west-2" in params["url"]:
            raise EndpointConnectionError(endpoint_url=params["url"])

    aws.session.events.register_first("before-call.lambda", refuse)
    given = gather(aws, SOURCES).answers["workloads"]
    assert isinstance(given, Answer)
    assert [it["type"] for it in given.raw] == ["AWS::Lambda::Function"]
    assert set(given.gaps) == {"eu-west-2/AWS::Lambda::Function"}
    assert not given.gaps["eu-west-2/AWS::Lambda::Function"].inapplicable


def test_region_in_which_a_service_is_not_offered_is_so_by_design() -> None:
    aws = scripted(in_empty(DescribeRegions=always({"Regions": [{"RegionName": "xx-new-1"}]})))

    def refuse(params: Mapping[str, Any], **_: object) -> None:
        raise EndpointConnectionError(endpoint_url=params["url"])

    aws.session.events.register_first("before-call.glue", refuse)
    given = gather(aws, SOURCES).answers["workloads"]
    assert isinstance(given, Answer)
    assert {scope: gap.inapplicable for scope, gap in given.gaps.items()} == {"xx-new-1/AWS::Glue::Job": True}


def test_both_sources_together_ask_for_each_kind_once() -> None:
    alone, together = Wire(script=everything()), Wire(script=everything())
    gather(scripted(alone), (REGIONS, CONFIGURATION_KEYS))
    gather(scripted(together), BOTH)
    assert {name: len(together.named(name)) for name in LISTINGS} == dict.fromkeys(LISTINGS, 1)
    shared = set(LISTINGS) - {"ListNotebookInstances", "DescribeNotebookInstance"}
    assert {name: len(alone.named(name)) for name in shared} == dict.fromkeys(shared, 1)


def test_region_in_which_nothing_runs_costs_one_call_for_each_kind() -> None:
    wire = in_empty()
    gather(scripted(wire), BOTH)
    listing = set(EMPTY) - {"ListTrustAnchors", "ListProfiles"}
    assert sorted(call.name for call in wire.calls) == sorted(["DescribeRegions", *listing])


def test_saved_evidence_is_read_alike() -> None:
    evidence = gather(scripted(Wire(script=everything(ListFunctions=always(Refused("AccessDenied"))))), SOURCES)
    again = decode(encode(evidence, SOURCES), evidence.gathered_at).evidence
    assert seen(again) == seen(evidence)


def seen(evidence: Evidence) -> Observed[Workload]:
    observed = snapshot(evidence, SOURCES).of(Workload)
    assert isinstance(observed, Observed)
    return observed


def test_entries_of_three_keys_are_enough() -> None:
    (subject,) = read([ENTRIES[0]], OWNER).subjects
    assert subject == Workload(
        resource=here("lambda", "function:pay"),
        uid=here("lambda", "function:pay"),
        region="eu-west-1",
        type="AWS::Lambda::Function",
        role=arn("role/service/pay"),
        tags=None,
    )


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({}, "the document"),
        ([{"type": "AWS::Lambda::Function"}], "[0].arn"),
        ([ENTRIES[0], {**ENTRIES[1], "arn": "shop"}], "[1].arn"),
        ([{**ENTRIES[0], "role": "pay"}], "[0].role"),
        ([{**ENTRIES[0], "type": "<b>"}], "[0].type"),
    ],
)
def test_error_names_the_place(raw: Any, place: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        read(raw, OWNER)
    assert error.value.place == place


def test_question_that_two_sources_have_is_asked_once_an_audit() -> None:
    asked: list[str] = []

    def ask() -> int:
        asked.append("it")
        return len(asked)

    aws = scripted(Wire())
    assert [aws.once("it", ask) for _ in range(2)] == [1, 1]
    assert replace(aws).once("it", lambda: "again") == "again"
    assert asked == ["it"]


def test_account_of_moto_is_seen_whole_with_what_it_lacks_answered_beside_it() -> None:
    session = new_session("eu-west-1")
    Wire(script={"DescribeRegions": everything()["DescribeRegions"]}).mount(session)
    for event in BESIDE_MOTO:
        session.events.register(event, nothing_runs)
    with mock_aws():
        new_session("eu-west-1").client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
        evidence = gather(connect(session, NOW), (*BOTH, ROLES_ANYWHERE))
    answers = {name: it for name, it in evidence.answers.items() if isinstance(it, Answer)}
    assert {name: it.gaps for name, it in answers.items()} == {name: {} for name in evidence.answers}
    assert [it["type"] for it in answers["workloads"].raw] == ["AWS::EC2::Instance"]
