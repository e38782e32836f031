"""Makes ministack's own services use the roles that they were given; loaded by `launcher`, inside ministack.

ministack checks the calls of functions, but lets its scheduler, its stream poller, its on-failure destinations and its
state machines act without permissions. Here the scheduler assumes the schedule's role and starts its target with it,
a function asynchronously as AWS does, or else writes to the schedule's dead-letter queue with it; an event source
mapping reads its stream as the function's role; on-failure destinations are written to as the function's role; and a
state machine calls functions, reads the items of a map, starts its executions and writes where its results lie as its
own role. The scheduler also looks every second, and fills in the context attributes of a schedule's input; and what a
Distributed Map says in JSONata is understood.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

from ministack.core import arn, iam_evaluator, responses
from ministack.services import eventbridge, iam, lambda_svc, s3, scheduler, stepfunctions

_READ_STREAM = ("dynamodb:ListStreams", "dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords")
_START = {"lambda": "lambda:InvokeFunction", "states": "states:StartExecution"}
"""What starts a schedule's target, by its service."""

_machine: ContextVar[Mapping[str, Any]] = ContextVar("machine")
"""The state machine whose execution goes on."""

_CONTEXT_ATTRIBUTE = re.compile(r"<aws\.scheduler\.([a-z-]+)>")

Mapped = Mapping[str, Any]


class Record(Protocol):
    """Writes down a decision."""

    def __call__(self, principal: str, action: str, resource: str, *, allowed: bool) -> None: ...


def enforce(record: Record) -> None:
    """Patch ministack; `record` is told each decision."""
    scheduler._SCHEDULE_TICK_INTERVAL = 1
    eventbridge._invoke_target = _as_scheduler(eventbridge._invoke_target, record)
    lambda_svc._iter_all_esms = _as_reader(lambda_svc._iter_all_esms, record)
    eventbridge._dispatch_to_lambda = _asynchronously
    lambda_svc._send_ddb_stream_failure_record = _as_sender(
        lambda_svc._send_ddb_stream_failure_record,
        record,
    )
    stepfunctions._resolve_params_obj = _in_jsonata(stepfunctions._resolve_params_obj)
    stepfunctions._execute_task = _of_its_machine(stepfunctions._execute_task)
    stepfunctions._run_distributed_map = _of_its_machine(_as_map(stepfunctions._run_distributed_map, record))
    stepfunctions._call_lambda = _as_caller(stepfunctions._call_lambda, record)
    lambda_svc._route_async_failure = _as_keeper(lambda_svc._route_async_failure, record)


def once(record: Record) -> Record:
    """Pass on each denial, and of repeated allowances the first."""
    last: dict[tuple[str, str, str], bool] = {}

    def told(principal: str, action: str, resource: str, *, allowed: bool) -> None:
        if not allowed or not last.get((principal, action, resource)):
            last[principal, action, resource] = allowed
            record(principal, action, resource, allowed=allowed)

    return told


def _as_scheduler(invoke: Callable[..., None], record: Record) -> Callable[..., None]:
    """Wrap the invocation of a target: for the scheduler it needs the schedule's role, and gets a filled-in input."""

    def invoked(target: Mapped, event: Mapped, rule: Mapped, view: object = None) -> None:
        if event.get("Source") != "aws.scheduler":
            invoke(target, event, rule, view)
            return
        role, letters = target["RoleArn"], target.get("DeadLetterConfig", {}).get("Arn", "")
        if not _trusts_scheduler(role, rule):
            return
        if _allows(role, _START[target["Arn"].split(":")[2]], target["Arn"], record):
            invoke({**target, "Input": _filled(target.get("Input", "{}"), event)}, event, rule, view)
        elif letters and _allows(role, "sqs:SendMessage", letters, record):
            eventbridge._dispatch_to_sqs(arn.parse_arn(letters), target.get("Input", "{}"))

    return invoked


def _of_its_machine(go_on: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a step of an execution: it knows its state machine, also in the execution of a map's item."""

    def gone_on(*given: Any) -> Any:
        execution = next(it for it in given if isinstance(it, dict) and "stateMachineArn" in it)
        before = _machine.set(stepfunctions._state_machines[execution["stateMachineArn"].partition("/")[0]])
        try:
            return go_on(*given)
        finally:
            _machine.reset(before)

    return gone_on


def _in_jsonata(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the filling in of what a map is told, which knows JSONPath only."""

    def resolved(told: Any, given: Any, context: Any = None) -> Any:
        if "{%" in json.dumps(told):
            return stepfunctions._apply_jsonata_template(told, given, context)
        return resolve(told, given, context)

    return resolved


def _as_caller(call: Callable[..., Any], record: Record) -> Callable[..., Any]:
    """Wrap the invocation of a function by a state machine."""

    def called(function: str, event: object) -> Any:
        _need("lambda:InvokeFunction", f"{lambda_svc._get_func_record_for_ref(function)[1]['FunctionArn']}", record)
        return call(function, event)

    return called


def _as_map(run: Callable[..., Any], record: Record) -> Callable[..., Any]:
    """Wrap a Distributed Map: it reads its items, starts its executions, and leaves a manifest of its results."""

    def ran(state: Mapped, given: Mapped, effective: Mapped, *more: Any) -> Any:
        def told(part: str) -> Mapped:
            whole = state[part].get("Parameters") or state[part]["Arguments"]
            return dict(stepfunctions._resolve_params_obj(whole, effective, more[-1]))

        source, target = told("ItemReader"), told("ResultWriter")
        _need("s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}", record)
        _need("states:StartExecution", _machine.get()["stateMachineArn"], record)
        manifest = f"{target['Prefix']}/manifest.json"
        _need("s3:PutObject", f"arn:aws:s3:::{target['Bucket']}/{manifest}", record)
        s3._put_object(target["Bucket"], manifest, b"{}", {})
        results, then = run(state, given, effective, *more)
        return stepfunctions._apply_jsonata_output(state, given, more[-1], result=results, default=results), then

    return ran


def _need(action: str, resource: str, record: Record) -> None:
    """Raise the error that an execution fails with whose state machine may not do it."""
    role = _machine.get()["roleArn"]
    if not _allows(role, action, resource, record):
        raise stepfunctions._ExecutionError("States.Permissions", f"{role} may not {action} on {resource}")


def _asynchronously(function: str, payload: str) -> None:
    """Invoke as EventBridge and its scheduler do: with the function's retries and its on-failure destination."""
    found, configuration, _ = lambda_svc._get_func_record_for_ref(function)
    if found and configuration:
        one = lambda_svc._execution_record_for_config(found, configuration)
        lambda_svc.invoke_async_with_retry(one, json.loads(payload))


def _as_reader(
    mappings: Callable[[], Iterator[tuple[str, str, Mapped]]], record: Record
) -> Callable[[], Iterator[Any]]:
    """Wrap the event source mappings: those whose function may not read its stream are not served."""

    def readable() -> Iterator[tuple[str, str, Mapped]]:
        for account, region, mapping in mappings():
            source = mapping.get("EventSourceArn", "")
            function = lambda_svc._functions.get_scoped(account, region, mapping["FunctionName"])
            role = function["config"]["Role"] if function else ""
            actions = _READ_STREAM if ":dynamodb:" in source and role else ()
            if all(_allows(role, action, source, record) for action in actions):
                yield account, region, mapping

    return readable


def _as_sender(send: Callable[..., None], record: Record) -> Callable[..., None]:
    """Wrap the writing of a failed batch to the mapping's destination."""

    def sent(mapping: Mapped, function: Mapped, *more: object) -> None:
        queue = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
        action = "sns:Publish" if ":sns:" in queue else "sqs:SendMessage"
        if _allows(function["config"]["Role"], action, queue, record):
            send(mapping, function, *more)

    return sent


def _as_keeper(route: Callable[..., None], record: Record) -> Callable[..., None]:
    """Wrap the writing of a failed asynchronous invocation to the function's destination."""

    def routed(queue: str, function: str, *more: object) -> None:
        role = lambda_svc._functions[function]["config"]["Role"]
        if _allows(role, "sqs:SendMessage", queue, record):
            route(queue, function, *more)

    return routed


def _allows(role: str, action: str, resource: str, record: Record) -> bool:
    account, name = role.split(":")[4], role.rpartition("/")[2]
    context = _context(role, account, action, resource)
    policies = iam_evaluator._gather_role_policies(name, account)
    allowed = str(iam_evaluator.evaluate(context, policies).decision) == "Allow"
    record(role, action, resource, allowed=allowed)
    return allowed


def _trusts_scheduler(role_arn: str, schedule: Mapped) -> bool:
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    role = iam._roles.get_scoped(account, None, name) or {}
    trust = json.loads(role.get("AssumeRolePolicyDocument", "{}"))
    statements = [{**it, "Resource": "*"} for it in trust.get("Statement", [])]
    context = _context("scheduler", account, "sts:AssumeRole", role_arn)
    context.service_context = {"aws:sourceaccount": account, "aws:sourcearn": _group(schedule)}
    document = {"Statement": statements}
    result = iam_evaluator.evaluate_resource_policy(document, context, service="scheduler.amazonaws.com")
    return str(result.decision) == "Allow"


def _group(schedule: Mapped) -> str:
    """Return the ARN of a schedule's group, which is the source that Scheduler names to the role."""
    prefix = schedule["Arn"].partition(":schedule/")[0]
    return f"{prefix}:schedule-group/{schedule.get('GroupName', 'default')}"


def _context(principal: str, account: str, action: str, resource: str) -> Any:
    return iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=responses.get_region(),
    )


def _filled(text: str, event: Mapped) -> str:
    values = {
        "scheduled-time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(event["Time"])),
        "schedule-arn": event["Resources"][0],
        "execution-id": event["EventId"],
        "attempt-number": "1",
    }
    return _CONTEXT_ATTRIBUTE.sub(lambda found: values.get(found[1], found[0]), text)
