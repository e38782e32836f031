"""Secrets in configurations: they are found everywhere, and are nowhere afterwards."""

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

import pytest

from auditor.aws.evidence_files import decode, encode
from auditor.aws.gather import gather, snapshot
from auditor.aws.inventory import MOST
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.configuration_keys import CONFIGURATION_KEYS, read
from auditor.aws.sources.regions import REGIONS
from auditor.aws.sources.workloads import WORKLOADS
from auditor.checks import CATALOGUE
from auditor.core.evaluate import evaluate
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.workloads import CarriedKeyId, CarriedSecret
from auditor.render.export import as_json
from tests.aws.wire import Params, Refused, Reply, Wire, always, scripted
from tests.aws.workload_answers import (
    CONFIGURATION,
    EMPTY,
    FUNCTION,
    INSTANCE,
    KEY_ID,
    SECRETS,
    TEMPLATE,
    USER_DATA,
    everything,
    here,
)
from tests.build import NOW, OWNER

SOURCES = (REGIONS, CONFIGURATION_KEYS)
LAMBDA = here("lambda", "function:pay")
PLACES = {
    ("AWS::Lambda::Function", "Environment.Variables.AWS_ACCESS_KEY_ID"),
    ("AWS::ECS::TaskDefinition", "containerDefinitions.web.environment.AWS_ACCESS_KEY_ID"),
    ("AWS::CodeBuild::Project", "environment.environmentVariables.AWS_ACCESS_KEY_ID"),
    ("AWS::CodeBuild::Project", "source.buildspec"),
    ("AWS::Glue::Job", "DefaultArguments.--access"),
    ("AWS::CloudFormation::Stack", "Outputs.AWS_ACCESS_KEY_ID"),
    ("AWS::CloudFormation::Stack", "Parameters.Key"),
    ("AWS::StepFunctions::StateMachine", "definition"),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateData.UserData"),
    ("AWS::AutoScaling::LaunchConfiguration", "UserData"),
    ("AWS::SSM::Document", "Content"),
    ("AWS::EC2::Instance", "UserData"),
}
"""Every place in which the answers carry an access key's id."""


def gathered(wire: Wire, *others: Any) -> Evidence:
    return gather(scripted(wire), (*SOURCES, *others))


def answer(wire: Wire) -> Answer:
    given = gathered(wire).answers["configuration-keys"]
    assert isinstance(given, Answer)
    return given


def in_empty(**replies: Reply) -> Wire:
    """A Region in which only this is."""
    return Wire(script=everything(**{name: always(it) for name, it in EMPTY.items()} | replies))


def test_key_is_found_in_every_place_and_told_by_its_id() -> None:
    given = answer(Wire(script=everything()))
    assert {(it["type"], it["where"]) for it in given.raw if it["key"]} == PLACES
    assert {it["key"] for it in given.raw if it["key"]} == {KEY_ID}
    assert sum(1 for it in given.raw if it["key"]) == len(PLACES)
    assert given.gaps == {}


def test_other_secrets_are_told_by_their_form_alone() -> None:
    forms = {
        (it["where"].rpartition(".")[2], it["form"])
        for it in answer(Wire(script=everything())).raw
        if it["arn"] == LAMBDA and it["key"] is None
    }
    assert forms == {
        ("AWS_SECRET_ACCESS_KEY", "AWS secret access key"),
        ("TOKEN", "GitHub Token"),
        ("DB", "Basic Auth Credentials"),
        ("PEM", "Private Key"),
    }


def test_no_secret_is_in_evidence_or_findings() -> None:
    """Every place carries them all; nothing that is written afterwards does, in clear text, encoded or compressed."""
    evidence = gathered(Wire(script=everything()), WORKLOADS)
    written = b"".join(encode(evidence, (*SOURCES, WORKLOADS)).values()).decode()
    told = as_json(evaluate(snapshot(evidence), CATALOGUE.values()))
    assert KEY_ID in written
    assert "access-key-in-configuration" in told
    for secret in (*SECRETS, USER_DATA):
        for part in (secret, secret[:12], base64.b64encode(secret.encode()).decode()[:16]):
            assert part not in written
            assert part not in told


def test_finding_tells_the_last_four_characters_of_a_key_and_no_more() -> None:
    told = as_json(evaluate(snapshot(gathered(Wire(script=everything()))), CATALOGUE.values()))
    assert "AKIA...7Q2M" in told
    assert KEY_ID not in told


def test_nothing_is_tried_out() -> None:
    """The library could ask AWS whether a key works; it would use somebody's credentials to do so."""
    wire = Wire(script=everything())
    gathered(wire, WORKLOADS)
    assert {call.name for call in wire.calls} & {"GetCallerIdentity"} == set()
    assert all(call.name.startswith(("Get", "List", "Describe", "Batch")) for call in wire.calls)


def test_variable_that_names_a_secret_holds_none() -> None:
    forms = [it["where"] for it in answer(Wire(script=everything())).raw if it["type"] == "AWS::CodeBuild::Project"]
    assert forms.count("environment.environmentVariables.AWS_SECRET_ACCESS_KEY") == 1


def test_versions_of_a_launch_template_tell_the_same_key_once() -> None:
    given = answer(in_empty(DescribeLaunchTemplateVersions=always({"LaunchTemplateVersions": [TEMPLATE, TEMPLATE]})))
    assert [it["arn"] for it in given.raw if it["key"]] == [here("ec2", "launch-template/lt-1")]


def test_launch_templates_are_asked_for_in_their_latest_and_default_versions() -> None:
    wire = in_empty()
    answer(wire)
    (call,) = wire.named("DescribeLaunchTemplateVersions")
    assert call.params["Versions"] == ["$Latest", "$Default"]


def test_own_documents_alone_are_asked_for() -> None:
    wire = in_empty()
    answer(wire)
    (call,) = wire.named("ListDocuments")
    assert call.params["Filters"] == [{"Key": "Owner", "Values": ["Self"]}]


@pytest.mark.parametrize(
    "user_data",
    [
        gzip.compress(f"#!/bin/sh\nexport AWS_ACCESS_KEY_ID={KEY_ID}\n".encode()),
        f"<powershell>\r\n$env:AWS_ACCESS_KEY_ID = '{KEY_ID}'\r\n</powershell>".encode("utf-16"),
        b"\xff\xfe\x00" + KEY_ID.encode() + b"\x00\xff",
    ],
    ids=["compressed", "utf-16", "binary"],
)
def test_user_data_is_read_in_every_form(user_data: bytes) -> None:
    encoded = base64.b64encode(user_data).decode()
    given = answer(in_empty(DescribeLaunchConfigurations=always(_configurations(encoded))))
    assert [it["key"] for it in given.raw] == [KEY_ID]


@pytest.mark.parametrize("user_data", ["", "%%%", base64.b64encode(b"\x1f\x8b broken").decode()])
def test_user_data_that_is_none_carries_nothing(user_data: str) -> None:
    given = answer(in_empty(DescribeLaunchConfigurations=always(_configurations(user_data))))
    assert (given.raw, given.gaps) == ([], {})


def _configurations(user_data: str) -> dict[str, Any]:
    return {"LaunchConfigurations": [{**CONFIGURATION, "UserData": user_data}]}


def test_instances_beyond_those_that_are_asked_about_are_a_gap() -> None:
    many = [{**INSTANCE, "InstanceId": f"i-{number}"} for number in range(MOST + 1)]
    wire = in_empty(
        DescribeInstances=always({"Reservations": [{"Instances": many}]}),
        DescribeInstanceAttribute=always({"UserData": {}}),
    )
    why = Unavailable(reason="1 were not asked about: only 500 are in a Region")
    assert answer(wire).gaps == {"eu-west-1/AWS::EC2::Instance": why}
    assert len(wire.named("DescribeInstanceAttribute")) == MOST


def test_instance_that_is_gone_since_it_was_listed_is_left_out() -> None:
    gone = everything(DescribeInstanceAttribute=always(Refused("InvalidInstanceID.NotFound")))
    given = answer(Wire(script=gone))
    assert given.gaps == {}
    assert "AWS::EC2::Instance" not in {it["type"] for it in given.raw}


OPERATIONS = {
    "ListFunctions": "AWS::Lambda::Function",
    "DescribeInstances": "AWS::EC2::Instance",
    "DescribeInstanceAttribute": "AWS::EC2::Instance",
    "DescribeTaskDefinition": "AWS::ECS::TaskDefinition",
    "BatchGetProjects": "AWS::CodeBuild::Project",
    "GetJobs": "AWS::Glue::Job",
    "DescribeStacks": "AWS::CloudFormation::Stack",
    "DescribeStateMachine": "AWS::StepFunctions::StateMachine",
    "DescribeLaunchTemplateVersions": "AWS::EC2::LaunchTemplate",
    "DescribeLaunchConfigurations": "AWS::AutoScaling::LaunchConfiguration",
    "ListDocuments": "AWS::SSM::Document",
    "GetDocument": "AWS::SSM::Document",
}


@pytest.mark.parametrize(("operation", "kind"), OPERATIONS.items())
def test_denied_service_is_a_gap_of_its_kind_in_the_region_and_the_rest_is_complete(operation: str, kind: str) -> None:
    given = answer(Wire(script=everything(**{operation: always(Refused("AccessDeniedException", "no"))})))
    assert given.gaps == {f"eu-west-1/{kind}": Unavailable(reason=f"{operation}: AccessDeniedException: no")}
    assert {(it["type"], it["where"]) for it in given.raw if it["key"]} == {it for it in PLACES if it[0] != kind}


def test_denied_user_data_hides_no_workload() -> None:
    denied = everything(DescribeInstanceAttribute=always(Refused("UnauthorizedOperation", "no")))
    workloads = gathered(Wire(script=denied), WORKLOADS).answers["workloads"]
    assert isinstance(workloads, Answer)
    assert workloads.gaps == {}
    assert "AWS::EC2::Instance" in {it["type"] for it in workloads.raw}


def test_function_whose_variables_cannot_be_decrypted_is_a_gap_and_not_clean() -> None:
    broken = {**FUNCTION, "Environment": {"Error": {"ErrorCode": "AccessDeniedException", "Message": "kms"}}}
    given = answer(Wire(script=everything(ListFunctions=always({"Functions": [broken]}))))
    assert given.gaps == {LAMBDA: Unavailable(reason="its environment cannot be read: AccessDeniedException")}


def test_state_machine_whose_definition_is_encrypted_is_a_gap_and_not_clean() -> None:
    def described(params: Params) -> Mapping[str, Any]:
        if params.get("includedData") != "METADATA_ONLY":
            raise Refused("KmsAccessDeniedException")
        script = everything()
        return {**script["DescribeStateMachine"]({}), "definition": "{}"}

    given = answer(Wire(script=everything(DescribeStateMachine=described)))
    why = Unavailable(reason="its definition cannot be read: KmsAccessDeniedException")
    assert given.gaps == {here("states", "stateMachine:pay"): why}


def test_saved_evidence_is_read_alike() -> None:
    evidence = gathered(Wire(script=everything()))
    again = decode(encode(evidence, SOURCES), NOW).evidence
    for kind in (CarriedKeyId, CarriedSecret):
        seen = snapshot(evidence, SOURCES).of(kind)
        assert isinstance(seen, Observed)
        assert snapshot(again, SOURCES).of(kind) == seen


ENTRY = {"type": "AWS::Lambda::Function", "arn": LAMBDA, "where": "Environment.Variables.DB_USER", "key": KEY_ID}


def test_entry_of_four_keys_is_a_carried_key() -> None:
    (subject,) = read([ENTRY], OWNER).subjects
    assert isinstance(subject, CarriedKeyId)
    assert (subject.resource, subject.where, subject.key, subject.region) == (
        LAMBDA,
        "Environment.Variables.DB_USER",
        KEY_ID,
        "eu-west-1",
    )


def test_id_of_a_carried_key_is_in_no_uid() -> None:
    """A uid is stored with every finding."""
    first, second = read([ENTRY, {**ENTRY, "key": KEY_ID[:-1] + "X"}], OWNER).subjects
    assert KEY_ID not in json.dumps([first.uid, second.uid])
    assert first.uid != second.uid


def test_new_revision_of_a_task_definition_carries_the_same_key() -> None:
    revisions = [
        {**ENTRY, "type": "AWS::ECS::TaskDefinition", "arn": here("ecs", f"task-definition/s:{it}")} for it in (7, 8)
    ]
    assert len({it.uid for it in read(revisions, OWNER).subjects}) == 1


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({}, "the document"),
        ([{**ENTRY, "arn": "pay"}], "[0].arn"),
        ([ENTRY, {**ENTRY, "where": None}], "[1].where"),
        ([{**ENTRY, "key": "wJalr/secret+"}], "[0].key"),
    ],
)
def test_error_names_the_place_and_repeats_nothing_of_the_value(raw: Any, place: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        read(raw, OWNER)
    assert error.value.place == place
    assert "wJalr" not in str(error.value)
