"""Answers of AWS put into HTTP: validated by botocore's model of the service, serialized by moto."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.session import get_session
from botocore.validate import ParamValidator
from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel, ServiceModel
from moto.core.serialize import SERIALIZERS, get_serializer_class

from tests.aws.wire import Refused
from tests.deployed.beside import Said

Answers = Mapping[str, Mapping[str, Any] | Refused]
"""By boto3's name of the service and the operation, as ``sso-admin.ListInstances``."""

_LOADER = get_session().get_component("data_loader")


def said(answers: Answers, region: str = "") -> Iterator[Said]:
    """The same for HTTP, in one Region or in all; raises `AssertionError` for what AWS cannot say."""
    for name, answer in answers.items():
        service, _, operation = name.partition(".")
        model = ServiceModel(_LOADER.load_service_model(service, "service-2"), service)
        asked = model.operation_model(operation)
        status, headers, body = _spoken(asked, answer)
        yield Said(
            service=model.signing_name,
            operation=operation,
            region=region,
            method=asked.http["method"],
            path=asked.http["requestUri"],
            status=status,
            headers=headers,
            body=body,
        )


def _spoken(asked: OperationModel, answer: Mapping[str, Any] | Refused) -> tuple[int, dict[str, str], bytes]:
    service = asked.service_model
    # The first that moto speaks: an emulator's functions have an older botocore, which knows no CBOR.
    protocol = next(it for it in service.metadata["protocols"] if it in SERIALIZERS)
    told = _refusal(asked, answer) if isinstance(answer, Refused) else _valid(asked, answer)
    made = get_serializer_class(service.service_name, protocol)(asked).serialize(told)
    return made["status_code"], {key: str(value) for key, value in made["headers"].items()}, str(made["body"]).encode()


def _refusal(asked: OperationModel, refused: Refused) -> "_Refusal":
    error = refused.answer["Error"]
    assert error["Code"] in {it.name for it in asked.error_shapes}, f"{asked.name} is not refused so"
    return _Refusal(error["Code"], error["Message"])


class _Refusal(ServiceException):
    """An error of whatever service the model is of: moto takes its own errors for those of the module's service."""


def _valid(asked: OperationModel, answer: Mapping[str, Any]) -> dict[str, Any]:
    report = ParamValidator().validate(dict(answer), asked.output_shape)
    assert not report.has_errors(), f"{asked.name}: {report.generate_report()}"
    assert set(answer) <= set(asked.output_shape.members), f"{asked.name} does not say {[*answer]}"
    return dict(answer)
