"""A run as Step Functions takes it: plan, audit every account, sum up. What is between ``{%`` and ``%}`` is JSONata."""

from typing import Any

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from auditor.aws.batches import UnreadError
from auditor.aws.entering import NotEnteredError
from auditor.aws.errors import BusyError
from auditor.aws.findings_table import ContentionError
from auditor.settings.accounts import AccountsSettings
from infra.function import AuditorFunction

State = dict[str, Any]

LABEL = "Accounts"
"""What the executions for single accounts have in their names."""

TRANSIENT = (
    *("Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"),
    *("Lambda.TooManyRequestsException", "Lambda.ClientExecutionTimeoutException"),
    *(
        error.__name__
        for error in (
            *(BusyError, ContentionError, NotEnteredError, UnreadError),
            *(EndpointConnectionError, ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError),
        )
    ),
)
"""What may be different in a minute: errors of Lambda, and what the functions raise, by the names of their classes."""

LONGEST_CAUSE = 2000
"""Characters: the cause of an error in a function has its whole stack."""


def definition(accounts: AccountsSettings, hours: int) -> State:
    """The state machine, which gives up after `hours`. What stands in ``${}`` is for CloudFormation to fill in."""
    return {
        "Comment": "Audits every account, and says how that went",
        "QueryLanguage": "JSONata",
        "TimeoutSeconds": hours * 3600,
        "StartAt": "Plan",
        "States": {
            "Plan": _plan(),
            "AnythingToDo": _either("{% $states.input.to_do > 0 %}", "Accounts", "Summarise"),
            "Accounts": _accounts(accounts),
            "Summarise": _summarise(),
            "AllWell": _either("{% $states.input.failed %}", "Failed", "Done"),
            "Failed": {"Type": "Fail", "Error": "RunFailed", "Cause": "{% $states.input.error %}"},
            "Done": {"Type": "Succeed"},
        },
    }


def substitutions(partition: str, **functions: AuditorFunction) -> dict[str, str]:
    """What CloudFormation fills in: `functions` by what the definition calls them, and what Step Functions calls."""
    calls = {"Invoke": "lambda:invoke", "Get": "s3:getObject", "Put": "s3:putObject"}
    return {
        **{name: f"arn:{partition}:states:::{call}" for name, call in calls.items()},
        **{name: it.function.function_arn for name, it in functions.items()},
    }


def _plan() -> State:
    unplanned = {"now": _or("null", "now"), "run": None, "error": _error()}
    return {
        **_call("Plan", {"now": _or("null", "now")}),
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": unplanned, "Next": "Summarise"}],
        "Next": "AnythingToDo",
    }


def _accounts(accounts: AccountsSettings) -> State:
    """The map has an execution for each account: neither their number nor their answers are in the run's own state."""
    reached = {"now": "{% $states.input.now %}", "run": "{% $states.input.run %}"}
    return {
        "Type": "Map",
        "Label": LABEL,
        "ItemReader": {
            "Resource": "${Get}",
            "ReaderConfig": {"InputType": "JSON"},
            "Arguments": {"Bucket": "{% $states.input.bucket %}", "Key": "{% $states.input.key %}"},
        },
        "ItemSelector": reached | {"item": "{% $states.context.Map.Item.Value %}"},
        "MaxConcurrency": accounts.at_once,
        "ToleratedFailurePercentage": accounts.tolerated_percent,
        "ItemProcessor": _account(),
        "ResultWriter": {
            "Resource": "${Put}",
            "Arguments": {"Bucket": "{% $states.input.bucket %}", "Prefix": "{% $states.input.run & '/results' %}"},
        },
        "Output": reached,
        "Catch": [{"ErrorEquals": ["States.ALL"], "Output": reached | {"error": _error()}, "Next": "Summarise"}],
        "Next": "Summarise",
    }


def _account() -> State:
    """One account; it has failed only if not even that can be recorded."""
    asked = "{% $merge([$states.input.item, {'now': $states.input.now, 'run': $states.input.run}]) %}"
    missed = {
        "now": "{% $states.input.now %}",
        "account": "{% $states.input.item.account %}",
        "work": "MISS",
        "reason": _error("'the audit failed: ' & "),
        "organization": "{% $exists($states.input.item.organization) ? $states.input.item.organization : null %}",
    }
    return {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": "{% $states.input.item.wait %}", "Next": "Audit"},
            "Audit": {
                **_call("Audit", asked),
                "Catch": [{"ErrorEquals": ["States.ALL"], "Output": missed, "Next": "Record"}],
                "End": True,
            },
            "Record": {**_call("Audit", "{% $states.input %}"), "End": True},
        },
    }


def _summarise() -> State:
    told = {"now": "{% $states.input.now %}", "run": "{% $states.input.run %}", "error": _or("''", "error")}
    return {**_call("Summarise", told), "Next": "AllWell"}


def _call(function: str, payload: State | str) -> State:
    """A function's answer to `payload`; only what may be different the next time is tried again."""
    return {
        "Type": "Task",
        "Resource": "${Invoke}",
        "Arguments": {"FunctionName": f"${{{function}}}", "Payload": payload},
        "Output": "{% $states.result.Payload %}",
        "Retry": [
            {
                "ErrorEquals": list(TRANSIENT),
                "IntervalSeconds": 10,
                "BackoffRate": 2,
                "MaxDelaySeconds": 300,
                "MaxAttempts": 8,
                "JitterStrategy": "FULL",
            }
        ],
    }


def _either(condition: str, then: str, otherwise: str) -> State:
    return {"Type": "Choice", "Choices": [{"Condition": condition, "Next": then}], "Default": otherwise}


def _or(otherwise: str, name: str) -> str:
    """A member of the input; what is not there would be an error."""
    return f"{{% $exists($states.input.{name}) ? $states.input.{name} : {otherwise} %}}"


def _error(before: str = "") -> str:
    error = f"$states.errorOutput.Error & ': ' & $substring($states.errorOutput.Cause, 0, {LONGEST_CAUSE})"
    return f"{{% {before}{error} %}}"
