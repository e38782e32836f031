"""IAM Access Analyzer, faked from botocore's own service model.

The emulators do not have this service. The fake routes a request, parses and validates its input, and validates its own
answer by `service-2.json`, so a fake that says what AWS cannot say fails the test instead of misleading it. It is
mounted in process with `mount`, or inside the deployed emulator by `launcher`.
"""

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NotRequired, TypedDict
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import BaseClient
from botocore.model import OperationModel, Shape
from botocore.session import get_session
from botocore.validate import ParamValidator

_MODEL = get_session().get_service_model("accessanalyzer")
_SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/access-analyzer/")
_LARGEST_PAGE = 100

Item = Mapping[str, Any]


class RegionAnswers(TypedDict):
    """What the service says in one Region: analyzers, findings by analyzer's ARN, errors by operation.

    Times are `datetime`s or ISO 8601 strings; errors are codes: `{"ListAnalyzers": "UnrecognizedClientException"}`.
    """

    analyzers: NotRequired[list[Item]]
    findings: NotRequired[dict[str, list[Item]]]
    errors: NotRequired[dict[str, str]]


class WrongFakeError(AssertionError):
    """The fake was given data that the real service cannot return, or was asked what it does not fake."""


class _ServiceError(Exception):
    """An error of the service: a code and the members that its shape asks for."""

    def __init__(self, code: str, message: str, **members: str) -> None:
        super().__init__(code)
        self.code, self.members = code, {"message": message, **members}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class FakeAccessAnalyzer:
    """Answers ListAnalyzers and ListFindingsV2 with pages, filters and errors; a Region not given has no analyzer.

    Raises `WrongFakeError` for data that is not valid by the service model.
    """

    def __init__(self, regions: Mapping[str, RegionAnswers]) -> None:
        """Validate `{region: {"analyzers": […], "findings": {arn: […]}, "errors": {operation: code}}}` at once."""
        self._regions = regions
        for answers in regions.values():
            _check("ListAnalyzers", {"analyzers": answers.get("analyzers", [])})
            for findings in answers.get("findings", {}).values():
                _check("ListFindingsV2", {"findings": findings})

    def mount(self, target: boto3.Session | BaseClient) -> None:
        """Answer for every Access Analyzer client of a session that is still to be made, or for one client."""
        events = target.meta.events if isinstance(target, BaseClient) else target.events
        events.register("before-send.accessanalyzer", self._before_send)

    def answer(self, region: str, method: str, path: str, query: Mapping[str, list[str]], body: bytes) -> Answer:
        """Answer one request; every refusal is an answer too.

        Raises `WrongFakeError` for an operation that is not faked.
        """
        operation, uri = _route(method, path)
        try:
            params = _parse(operation, uri, query, body)
            result = self._call(region, operation.name, params)
        except _ServiceError as error:
            return _refusal(error)
        _check(operation.name, result)
        return _json(200, result)

    def _before_send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        url, body = urlsplit(request.url), request.body or b""
        found = _SCOPE.search(_text(request.headers.get("Authorization", "")))
        if found is None:
            raise WrongFakeError("the request is not signed for access-analyzer")
        answer = self.answer(found["region"], request.method, url.path, parse_qs(url.query), body)
        return AWSResponse(request.url, answer.status, answer.headers, _Raw(answer.body))

    def _call(self, region: str, operation: str, params: Item) -> dict[str, Any]:
        answers = self._regions.get(region, RegionAnswers())
        if code := answers.get("errors", {}).get(operation):
            raise _ServiceError(code, f"{operation} in {region}: {code}")
        if operation == "ListAnalyzers":
            wanted = params.get("type")
            found = [it for it in answers.get("analyzers", []) if wanted in (None, it["type"])]
            return _page("analyzers", found, params)
        arn = params["analyzerArn"]
        if arn not in {it["arn"] for it in answers.get("analyzers", [])}:
            raise _ServiceError("ResourceNotFoundException", arn, resourceId=arn, resourceType="Analyzer")
        criteria = params.get("filter", {}).items()
        found = [it for it in answers.get("findings", {}).get(arn, []) if all(_meets(it, *key) for key in criteria)]
        return _page("findings", found, params)


class _Raw(io.BytesIO):
    """A body as urllib3 would stream it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _route(method: str, path: str) -> tuple[OperationModel, Mapping[str, str]]:
    for name in ("ListAnalyzers", "ListFindingsV2"):
        operation = _MODEL.operation_model(name)
        pattern = re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", operation.http["requestUri"])
        if operation.http["method"] == method and (found := re.fullmatch(pattern, path)):
            return operation, {key: unquote(value) for key, value in found.groupdict().items()}
    raise WrongFakeError(f"not faked: {method} {path}")


def _parse(operation: OperationModel, uri: Mapping[str, str], query: Mapping[str, list[str]], body: bytes) -> Item:
    params: dict[str, Any] = json.loads(body) if body else {}
    for name, shape in operation.input_shape.members.items():
        wire = shape.serialization.get("name", name)
        texts = {"querystring": query.get(wire, []), "uri": [uri[wire]] if wire in uri else []}
        for text in texts.get(shape.serialization.get("location"), []):
            params[name] = int(text) if shape.type_name == "integer" else text
    if faults := _faults(operation.input_shape, params):
        raise _ServiceError("ValidationException", "; ".join(faults), reason="fieldValidationFailed")
    return params


def _meets(finding: Item, key: str, criterion: Item) -> bool:
    if key not in _MODEL.shape_for("FindingSummaryV2").members:
        raise _ServiceError("ValidationException", f"unknown filter key {key}", reason="fieldValidationFailed")
    value = str(finding.get(key, ""))
    held: Mapping[str, Callable[[Any], bool]] = {
        "eq": lambda wanted: value in wanted,
        "neq": lambda wanted: value not in wanted,
        "contains": lambda wanted: any(part in value for part in wanted),
        "exists": lambda wanted: (key in finding) == wanted,
    }
    return all(held[operator](wanted) for operator, wanted in criterion.items())


def _page(member: str, items: list[Item], params: Item) -> dict[str, Any]:
    token, size = params.get("nextToken", "after-0"), min(params.get("maxResults", _LARGEST_PAGE), _LARGEST_PAGE)
    if params.get("sort") or size < 1 or not re.fullmatch(r"after-\d+", token):
        raise _ServiceError("ValidationException", "sort, maxResults or nextToken", reason="fieldValidationFailed")
    start = int(token.removeprefix("after-"))
    more = {"nextToken": f"after-{start + size}"} if start + size < len(items) else {}
    return {member: items[start : start + size], **more}


def _check(operation: str, result: Item) -> None:
    if faults := _faults(_MODEL.operation_model(operation).output_shape, result):
        raise WrongFakeError(f"{operation}: {'; '.join(faults)}")


def _faults(shape: Shape, value: object) -> list[str]:
    """Return what is wrong with a value: types, required and unknown members, ranges, and values outside an enum."""
    report = ParamValidator().validate(value, shape)
    return [*([report.generate_report()] if report.has_errors() else []), *_strangers(shape, value)]


def _strangers(shape: Shape, value: object) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name, member in shape.members.items():
            if name in value:
                yield from _strangers(member, value[name])
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            yield from _strangers(shape.member, item)
    elif shape.type_name == "map" and isinstance(value, Mapping):
        for item in value.values():
            yield from _strangers(shape.value, item)
    elif getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{value!r} is no {shape.name}"


def _refusal(error: _ServiceError) -> Answer:
    shapes = {it.name: it for it in _MODEL.error_shapes}
    shape = shapes.get(error.code)
    body = {name: text for name, text in error.members.items() if shape is None or name in shape.members}
    status = shape.metadata["error"]["httpStatusCode"] if shape is not None else 403
    answer = _json(status, body)
    return Answer(status=status, headers={**answer.headers, "x-amzn-errortype": error.code}, body=answer.body)


def _json(status: int, body: Item) -> Answer:
    text = json.dumps(body, default=datetime.isoformat)
    return Answer(status=status, headers={"content-type": "application/json"}, body=text.encode())
