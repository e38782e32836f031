"""What the run over all accounts promises."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from aws_cdk.assertions import Template

from auditor.aws import entering, run_store
from auditor.aws.batches import UnreadError
from auditor.aws.entering import NotEnteredError
from auditor.aws.errors import BusyError
from auditor.aws.findings_table import ContentionError
from infra.definition import TRANSIENT
from tests.infra.templates import faults, granted, listed, of_type, statements_of, text


def machine_of(template: Template) -> Any:
    (machine,) = of_type(template, "AWS::StepFunctions::StateMachine")
    return machine


@pytest.fixture(scope="module")
def definition(audited: Template) -> Any:
    return json.loads(machine_of(audited)["DefinitionString"])


def states_of(machine: Any) -> Iterator[tuple[str, Any]]:
    """Every state by its name, those within a map too."""
    for name, state in machine["States"].items():
        yield name, state
        yield from states_of(state["ItemProcessor"]) if "ItemProcessor" in state else ()


def followers(state: Any) -> set[str]:
    return {it["Next"] for it in (state, *state.get("Catch", ()), *state.get("Choices", ())) if "Next" in it} | {
        state[key] for key in ("Default",) if key in state
    }


def test_fault_of_the_definition_is_one_that_cfn_lint_finds(audited: Template) -> None:
    template = audited.to_json()
    (machine,) = (it for it in template["Resources"].values() if it["Type"] == "AWS::StepFunctions::StateMachine")
    machine["Properties"]["DefinitionString"] = machine["Properties"]["DefinitionString"].replace('"Wait"', '"Weight"')
    assert any(it.startswith("E3601") for it in faults(json.dumps(template)))


def test_every_state_can_be_reached_and_leads_somewhere(definition: Any) -> None:
    for machine in (definition, definition["States"]["Accounts"]["ItemProcessor"]):
        led_to = {it for state in machine["States"].values() for it in followers(state)} | {machine["StartAt"]}
        assert led_to == set(machine["States"])
        ends = {name for name, state in machine["States"].items() if not followers(state)}
        assert all(machine["States"][it].get("End") or machine["States"][it]["Type"] != "Task" for it in ends)


def test_everything_that_is_called_is_filled_in(audited: Template) -> None:
    machine = machine_of(audited)
    filled_in = machine["DefinitionSubstitutions"]
    assert set(re.findall(r"\$\{(\w+)\}", machine["DefinitionString"])) == set(filled_in)
    assert {name: text(it) for name, it in filled_in.items() if name in {"Invoke", "Get", "Put"}} == {
        "Invoke": "arn:<AWS::Partition>:states:::lambda:invoke",
        "Get": "arn:<AWS::Partition>:states:::s3:getObject",
        "Put": "arn:<AWS::Partition>:states:::s3:putObject",
    }
    handlers = audited.find_resources("AWS::Lambda::Function")
    called = {name: handlers[filled_in[name]["Fn::GetAtt"][0]] for name in ("Plan", "Audit", "Summarise")}
    assert {name: it["Properties"]["Handler"] for name, it in called.items()} == {
        name: f"auditor.handlers.{name.lower()}.handler" for name in called
    }


def test_only_what_may_be_different_in_a_minute_is_tried_again(definition: Any) -> None:
    tasks = {name: state for name, state in states_of(definition) if state["Type"] == "Task"}
    assert set(tasks) == {"Plan", "Audit", "Record", "Summarise"}
    for task in tasks.values():
        (retry,) = task["Retry"]
        assert tuple(retry["ErrorEquals"]) == TRANSIENT
        assert (retry["JitterStrategy"], retry["MaxDelaySeconds"]) == ("FULL", 300)
    assert not [it for it in TRANSIENT if it.startswith(("States.", "Sandbox.", "Runtime.")) or it == "Lambda.Unknown"]
    assert not {
        "ClientError",
        "OrganizationUnseenError",
        "RosterError",
        "SettingsError",
        "AccessDeniedException",
    } & set(TRANSIENT)
    assert "Retry" not in dict(states_of(definition))["Accounts"]


def test_own_errors_that_are_tried_again_are_called_so() -> None:
    """Lambda tells Step Functions the names of classes: an error that was renamed would not be tried again."""
    ours = {it.__name__ for it in (BusyError, ContentionError, NotEnteredError, UnreadError)}
    assert ours | {"ReadTimeoutError", "Lambda.TooManyRequestsException"} <= set(TRANSIENT)


def test_whatever_fails_is_summed_up_or_recorded(definition: Any) -> None:
    caught = {
        name: [(it["ErrorEquals"], it["Next"]) for it in state["Catch"]]
        for name, state in states_of(definition)
        if "Catch" in state
    }
    assert caught == {
        "Plan": [(["States.ALL"], "Summarise")],
        "Accounts": [(["States.ALL"], "Summarise")],
        "Audit": [(["States.ALL"], "Record")],
    }


def test_what_is_summed_up_is_always_there(definition: Any) -> None:
    states = dict(states_of(definition))
    (unplanned,), (broken_off,) = states["Plan"]["Catch"], states["Accounts"]["Catch"]
    assert set(unplanned["Output"]) == set(broken_off["Output"]) == {"now", "run", "error"}
    assert set(states["Accounts"]["Output"]) == {"now", "run"}
    told = states["Summarise"]["Arguments"]["Payload"]
    assert set(told) == {"now", "run", "error"}
    assert told["error"].startswith("{% $exists($states.input.error) ?")


def test_map_is_as_the_settings_say(definition: Any, template: Template) -> None:
    accounts = definition["States"]["Accounts"]
    assert (accounts["MaxConcurrency"], accounts["ToleratedFailurePercentage"]) == (50, 7)
    assert accounts["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert definition["TimeoutSeconds"] == 50 * 3600
    usual = json.loads(machine_of(template)["DefinitionString"])["States"]["Accounts"]
    assert (usual["MaxConcurrency"], usual["ToleratedFailurePercentage"]) == (20, 20)


def test_machine_s_role_is_about_its_functions_its_executions_and_its_objects(audited: Template) -> None:
    machine = machine_of(audited)
    role = machine["RoleArn"]["Fn::GetAtt"][0]
    allowed = statements_of(audited, role)
    (bucket,) = audited.find_resources("AWS::S3::Bucket")
    states = "arn:<AWS::Partition>:states:<AWS::Region>:111122223333"
    called = {text(machine["DefinitionSubstitutions"][it]) for it in ("Plan", "Audit", "Summarise")}
    assert {sid: {text(it) for it in listed(statement["Resource"])} for sid, statement in allowed.items()} == {
        "CallFunctions": called,
        "StartAccounts": {f"{states}:stateMachine:AccountAuditor-run"},
        "LookAfterAccounts": {f"{states}:execution:AccountAuditor-run{it}:*" for it in ("", "/Accounts")},
        "KeepResults": {f"<{bucket}.Arn>/{run_store.PREFIX}/*"},
    }
    assert machine["StateMachineName"] == "AccountAuditor-run"
    trust = audited.find_resources("AWS::IAM::Role")[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert [(it["Principal"], it["Condition"]) for it in trust] == [
        ({"Service": "states.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": "111122223333"}})
    ]


def test_only_what_enters_accounts_may_and_only_by_the_role_s_name(audited: Template) -> None:
    enters = {
        name
        for name, role in audited.find_resources("AWS::IAM::Role").items()
        if (given := role["Properties"].get("RoleName")) and given.startswith("AccountAuditor-")
        if statements_of(audited, name)["EnterAccounts"]["Action"] == entering.ACTIONS[0]
    }
    asking = [it for it in of_type(audited, "AWS::IAM::Policy") if "sts:AssumeRole" in json.dumps(it["PolicyDocument"])]
    assert {it["Roles"][0]["Ref"] for it in asking} == enters
    assert text(granted(audited)["EnterAccounts"]["Resource"]) == "arn:<AWS::Partition>:iam::*:role/account-auditor"


def test_account_alone_enters_no_other_and_asks_no_organization(template: Template) -> None:
    assert not {"EnterAccounts", "ReadTheOrganization"} & set(granted(template))
