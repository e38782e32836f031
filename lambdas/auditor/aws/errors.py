"""The one place that turns what AWS refuses into `Unavailable`."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from auditor.core.model import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

AWS_ERRORS = (ClientError, BotoCoreError)


class NotReadyError(BotoCoreError):  # type: ignore[misc]  # botocore is untyped
    """AWS did not finish something in the time that was allowed for it."""

    fmt = "{what} was not ready after {seconds} seconds"


class LateError(BotoCoreError):  # type: ignore[misc]  # botocore is untyped
    """A source has more to ask than the audit has time for."""

    fmt = "not asked: the audit had no time left for it"


class BusyError(RuntimeError):
    """AWS throttled, or failed by itself: the same again may succeed."""


THROTTLED = frozenset(
    {
        *("ProvisionedThroughputExceededException", "RequestLimitExceeded", "RequestThrottled", "SlowDown"),
        *("Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"),
        *("TransactionInProgressException", "LimitExceededException", "PriorRequestNotComplete"),
    }
)
SERVERS_OWN = 500
"""HTTP statuses from here on are the service's fault."""


def busy(handler: Callable[P, T]) -> Callable[P, T]:
    """Let what a function may try again end as a BusyError: many services' throttling has no error class of its own."""

    @wraps(handler)
    def handled(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return handler(*args, **kwargs)
        except ClientError as error:
            if is_transient(error):
                raise BusyError(as_unavailable(error).reason) from error
            raise

    return handled


def is_transient(error: ClientError) -> bool:
    """Whether the same request may succeed in a moment."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in THROTTLED or status >= SERVERS_OWN


def as_unavailable(error: ClientError | BotoCoreError) -> Unavailable:
    """Why an answer is missing, in one line: the operation and AWS's error code and message."""
    if isinstance(error, LateError):
        return Unavailable(reason=str(error))
    if not isinstance(error, ClientError):
        return Unavailable(reason=f"{type(error).__name__}: {error}")
    code = error.response.get("Error", {}).get("Code", "unknown error")
    message = error.response.get("Error", {}).get("Message", "")
    return Unavailable(reason=f"{error.operation_name}: {code}: {message}".removesuffix(": "))
