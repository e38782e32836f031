"""AWS as a script: what each operation answers, and a record of every call that was really made.

Scripted answers are validated by botocore's own model of the service, so a script that says what AWS cannot say fails
the test instead of misleading it. What no script answers goes on, to moto or to another fake.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.model import OperationModel
from botocore.validate import ParamValidator

from auditor.aws import session
from auditor.aws.session import Aws
from auditor.core.model import Owner
from tests.build import NOW, OWNER

OTHER_ACTION = {
    "access-analyzer:ListFindingsV2": ("access-analyzer:ListFindings",),
    "monitoring:DescribeAlarms": ("cloudwatch:DescribeAlarms",),
    "cloudformation:DescribeStacks": ("cloudformation:DescribeStacks", "cloudformation:ListStacks"),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "sns:PublishBatch": ("sns:Publish",),
}
"""The IAM actions of the operations that are not called like theirs."""

IN_TRANSACTION = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}
"""A transaction is authorized as what it holds."""

Params = Mapping[str, Any]
Reply = Callable[[Params], Mapping[str, Any]]


class Refused(Exception):  # noqa: N818  (an answer, not a fault of the test)
    """An answer of AWS's that is an error."""

    def __init__(self, code: str, message: str = "the message of AWS") -> None:
        super().__init__(code)
        self.answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of an operation, as the API names it."""

    operation: OperationModel
    region: str
    host: str
    params: Params

    @property
    def name(self) -> str:
        return str(self.operation.name)

    @property
    def actions(self) -> tuple[str, ...]:
        action = f"{self.operation.service_model.signing_name}:{self.name}"
        if action == "dynamodb:TransactWriteItems":
            return tuple(IN_TRANSACTION[kind] for it in self.params["TransactItems"] for kind in it)
        return OTHER_ACTION.get(action, (action,))


@dataclass(kw_only=True)
class Wire:
    """Answers by operation; `calls` are all that were made, answered by the script or not."""

    script: Mapping[str, Reply] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def mount(self, session: boto3.Session) -> "Wire":
        """Listen to every client of `session` that is still to be made."""
        session.events.register("provide-client-params", self._asked)
        session.events.register("before-call", self._called)
        return self

    def named(self, *names: str) -> list[Call]:
        return [call for call in self.calls if call.name in names]

    @property
    def actions(self) -> set[str]:
        """The IAM actions that the calls needed."""
        return {action for call in self.calls for action in call.actions}

    def _asked(self, params: Params, context: dict[str, Any], **_: object) -> None:
        context["asked"] = params

    def _called(
        self, model: OperationModel, params: Params, context: dict[str, Any], **_: object
    ) -> tuple[AWSResponse, Mapping[str, Any]] | None:
        url = params["url"]
        call = Call(operation=model, region=context["client_region"], host=url.split("/")[2], params=context["asked"])
        self.calls.append(call)
        reply = self.script.get(call.name)
        if reply is None:
            return None
        try:
            answer = deepcopy(reply(call.params))  # botocore joins pages in place
        except Refused as refused:
            return AWSResponse(url, 400, {}, None), refused.answer
        assert _faults(model, answer) == []
        return AWSResponse(url, 200, {}, None), answer


def _faults(model: OperationModel, answer: Mapping[str, Any]) -> list[str]:
    report = ParamValidator().validate(dict(answer), model.output_shape)
    unknown = sorted(set(answer) - set(model.output_shape.members))
    return [f"{model.name} knows no {name}" for name in unknown] + (
        [report.generate_report()] if report.has_errors() else []
    )


def always(answer: Mapping[str, Any] | Refused) -> Reply:
    """The same answer to every call."""

    def reply(_: Params) -> Mapping[str, Any]:
        if isinstance(answer, Refused):
            raise answer
        return answer

    return reply


def in_turn(*answers: Mapping[str, Any] | Refused) -> Reply:
    """One answer after the other, the last one for ever."""
    left = list(answers)

    def reply(params: Params) -> Mapping[str, Any]:
        return always(left.pop(0) if len(left) > 1 else left[0])(params)

    return reply


def paged(member: str, pages: Sequence[Sequence[Any]], **rest: Any) -> Reply:
    """IAM's pages, one for each call with the marker of the last."""

    def reply(params: Params) -> Mapping[str, Any]:
        number = int(params.get("Marker", 0))
        more = {"IsTruncated": True, "Marker": str(number + 1)} if number + 1 < len(pages) else {"IsTruncated": False}
        return {**rest, member: pages[number], **more}

    return reply


def new_session(region_name: str = "us-east-1", **credentials: str) -> boto3.Session:
    return session.new_session(region_name=region_name, **credentials)


def scripted(wire: Wire, *, now: datetime = NOW, owner: Owner = OWNER, pauses: list[float] | None = None) -> Aws:
    """An account that answers by script; the seconds that the audit would have waited go into `pauses`.

    No other time goes by.
    """
    session = new_session()
    wire.mount(session)
    waited = pauses if pauses is not None else []
    return Aws(session=session, owner=owner, now=now, pause=waited.append, elapsed=lambda: sum(waited))


def pages_of(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
