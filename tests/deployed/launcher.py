"""Starts ministack with what the deployed tests need and it lacks; runs under ministack's own interpreter.

`python -m tests.deployed.launcher STATE` serves until its standard input closes, so it cannot outlive its parent. STATE
is the folder through which `emulator.Emulator` talks to it:

- `access-analyzer.json`: what the fake Access Analyzer answers; its calls pass ministack's IAM enforcement;
- `beside.json`: what is answered instead of ministack; these calls pass its IAM enforcement, too;
- `account-states.json`: what Organizations says of the states of accounts, by their ids;
- `calls.jsonl`: every decision of that enforcement, one JSON object a line; of repeated allowances the first;
- `iam-age`: seconds by which the creation dates of new IAM resources lie in the past.
"""

import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, responses, router
from ministack.services import iam, organizations

from tests.deployed import service_roles, streams
from tests.deployed.access_analyzer import FakeAccessAnalyzer
from tests.deployed.beside import Request, Said, find

_SERVICE = "access-analyzer"
_ACTIONS = {"access-analyzer:ListFindingsV2": "access-analyzer:ListFindings", "sns:PublishBatch": "sns:Publish"}
"""Operations that AWS authorizes as another action."""

_LACKING = {
    "account": "account",
    "acm-pca": "acm-pca",
    "rolesanywhere": "rolesanywhere",
    "sagemaker": "sagemaker",
    "sso": "sso-admin",
}
"""Services that ministack does not have, or not enough of to know their operations: by signing name, botocore's."""

_ALSO = {"cloudformation:DescribeStacks": "cloudformation:ListStacks"}
"""What AWS asks besides where no resource is named."""


def main(state: Path) -> None:
    """Patch ministack, then serve by its own environment variables until standard input closes or SIGTERM."""
    threading.Thread(target=_end_with_parent, args=[state], daemon=True).start()
    record = service_roles.once(_recorder(state / "calls.jsonl"))
    iam_evaluator.enforce = _recorded(iam_evaluator.enforce, record)
    iam_evaluator._resolve_condition_key = _of_the_role(iam_evaluator._resolve_condition_key)
    service_roles.enforce(record)
    streams.serve()
    _serve_access_analyzer(state / "access-analyzer.json")
    _serve_beside(state / "beside.json")
    handlers = iam._IAM_HANDLERS
    handlers["GetAccountAuthorizationDetails"] = _with_aws_managed(handlers["GetAccountAuthorizationDetails"])
    organizations._public_account = _with_state(organizations._public_account, state / "account-states.json")
    iam._now = lambda: _time_of_creation(state / "iam-age")
    # As root it would also take port 443 of the machine.
    app._port_is_bindable = lambda *_: False
    sys.argv = sys.argv[:1]
    app.main()


def _end_with_parent(state: Path) -> None:
    sys.stdin.buffer.read()
    shutil.rmtree(state, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def _recorder(path: Path) -> service_roles.Record:
    def record(principal: str, action: str, resource: str, *, allowed: bool) -> None:
        line = {"principal": principal, "action": action, "resource": resource, "allowed": allowed}
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    return record


def _recorded(decide: Callable[..., object], record: service_roles.Record) -> Callable[..., object]:
    """Wrap ministack's enforcement, which answers None for an allowance."""

    def decided(key: str, action: str, service: str, region: str, resource_arn: str = "*", **more: object) -> object:
        also = _ALSO.get(action) if resource_arn == "*" else None
        for it in [action, also] if also else [action]:
            denied = decide(key, it, service, region, resource_arn=resource_arn, **more)
            record(iam_evaluator.caller_arn(), it, resource_arn, allowed=denied is None)
            if denied is not None:
                return denied
        return None

    return decided


def _with_state(described: Callable[..., dict[str, object]], states: Path) -> Callable[..., object]:
    """Let an account have the state that AWS tells since 2025, besides the status that it told before."""

    def stated(account: Mapping[str, str]) -> object:
        told = described(account)
        return {**told, "State": json.loads(states.read_text()).get(account["Id"], told["Status"])}

    return stated


def _of_the_role(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """Let `aws:PrincipalArn` be the role's ARN in a session of it, as AWS does, and not the session's."""

    def resolved(key: str, context: Any) -> Any:
        value = resolve(key, context)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(value):
            return value
        account, name = value.split(":")[4], value.split("/")[1]
        return f"arn:aws:iam::{account}:role/{name}"

    return resolved


def _time_of_creation(age: Path) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - float(age.read_text())))


def _with_aws_managed(details: Callable[..., object]) -> Callable[..., object]:
    """Let the authorization details hold the AWS managed policies that are attached, which ministack leaves out.

    A template's condition that it does not resolve leaves an attached policy without a name, which AWS would refuse.
    """

    def detailed(params: object) -> object:
        holders = [*iam._users.values(), *iam._groups.values(), *iam._roles.values()]
        for it in holders:
            it["AttachedPolicies"] = [arn for arn in it.get("AttachedPolicies", ()) if arn]
        attached = {arn for it in holders for arn in it["AttachedPolicies"]}
        own = iam._policies
        iam._policies = dict(own.items()) | {arn: it for arn in attached if (it := iam._aws_managed_policies.get(arn))}
        try:
            return details(params)
        finally:
            iam._policies = own

    return detailed


def _serve_access_analyzer(regions: Path) -> None:
    """Route, authorize and answer the service like ministack's own."""

    def fake(account: str) -> FakeAccessAnalyzer:
        told = json.loads(regions.read_text())
        for it in told.values():
            it["analyzers"] = [analyzer for analyzer in it["analyzers"] if analyzer["arn"].split(":")[4] == account]
        return FakeAccessAnalyzer(told)

    async def handle(
        method: str, path: str, _headers: object, body: bytes, query: Mapping[str, list[str]]
    ) -> tuple[int, dict[str, str], bytes]:
        answer = fake(responses.get_account_id()).answer(responses.get_region(), method, path, query, body)
        return answer.status, answer.headers, answer.body

    _know(_SERVICE, "accessanalyzer")
    app.SERVICE_HANDLERS[_SERVICE] = handle
    iam_actions.extract_iam_action = _as_action(iam_actions.extract_iam_action)
    iam_actions.extract_resource_arn = _on_analyzer(iam_actions.extract_resource_arn)


def _know(service: str, model: str) -> None:
    """Route and authorize a service by the name that it is signed with, and by botocore's model of it."""
    router.SERVICE_PATTERNS.setdefault(service, {"host_patterns": [rf"^{service}\."]})
    iam_actions.SERVICE_TO_IAM_NAMESPACE.setdefault(service, service)
    iam_actions._BOTOCORE_SERVICE_MAP.setdefault(service, [model])


def _serve_beside(answers: Path) -> None:
    """Let what stands in the file go before what ministack's own services say."""

    async def lacking(_method: str, path: str, *_more: object) -> tuple[int, dict[str, str], bytes]:
        return 501, {"content-type": "text/plain"}, f"nobody answers {path}".encode()

    def said() -> list[Said]:
        return [Said.of(it) for it in json.loads(answers.read_text())]

    def beside(handle: Callable[..., Any]) -> Callable[..., Any]:
        async def handled(method: str, path: str, headers: Mapping[str, str], body: bytes, query: object) -> object:
            request = Request(method=method, path=path, headers=headers, body=body)
            if told := find(said(), request):
                return told.status, told.headers, told.body
            return await handle(method, path, headers, body, query)

        return handled

    for service, model in _LACKING.items():
        _know(service, model)
    for service in {*app.SERVICE_HANDLERS, *_LACKING} - {_SERVICE}:
        app.SERVICE_HANDLERS[service] = beside(app.SERVICE_HANDLERS.get(service, lacking))


def _as_action(extract: Callable[..., str | None]) -> Callable[..., str | None]:
    """Authorize an operation as the action that AWS authorizes it as."""

    def extracted(service: str, *request: object) -> str | None:
        action = extract(service, *request)
        return _ACTIONS.get(action, action) if action else None

    return extracted


def _on_analyzer(extract: Callable[..., str]) -> Callable[..., str]:
    """Authorize the reading of findings on their analyzer."""

    def extracted(service: str, *request: Any) -> str:
        _method, _path, _headers, body, *_rest = request
        if service == _SERVICE and body:
            return str(json.loads(body).get("analyzerArn", "*"))
        return extract(service, *request)

    return extracted


if __name__ == "__main__":
    main(Path(sys.argv[1]))
