"""What AWS refuses, and what may be otherwise in a moment."""

import pytest
from botocore.exceptions import ClientError

from auditor.aws.errors import BusyError, busy


def failing(code: str, status: int) -> None:
    answer = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    raise ClientError(answer, "GetObject")


@pytest.mark.parametrize(
    ("code", "status"), [("SlowDown", 503), ("Throttling", 400), ("TooManyRequestsException", 400), ("X", 500)]
)
def test_what_may_succeed_in_a_moment_ends_as_an_error_of_one_name(code: str, status: int) -> None:
    with pytest.raises(BusyError, match=f"^GetObject: {code}: no$"):
        busy(failing)(code, status)


@pytest.mark.parametrize(("code", "status"), [("AccessDenied", 403), ("NoSuchKey", 404)])
def test_refusal_stays_what_it_is(code: str, status: int) -> None:
    with pytest.raises(ClientError, match=code):
        busy(failing)(code, status)
