"""The one place that turns what AWS refuses into `Unavailable`."""

from botocore.exceptions import BotoCoreError, ClientError

from auditor.core.model import Unavailable

AWS_ERRORS = (ClientError, BotoCoreError)

NOT_ENABLED = frozenset({"UnrecognizedClientException", "AuthFailure", "InvalidClientTokenId", "OptInRequired"})
"""What a Region answers to good credentials while it is not enabled for the account."""


class NotReadyError(BotoCoreError):  # type: ignore[misc]  # botocore is untyped
    """AWS did not finish something in the time that was allowed for it."""

    fmt = "{what} was not ready after {seconds} seconds"


def as_unavailable(error: ClientError | BotoCoreError) -> Unavailable:
    """Why an answer is missing, in one line: the operation and AWS's error code and message."""
    if not isinstance(error, ClientError):
        return Unavailable(reason=f"{type(error).__name__}: {error}")
    code = error.response.get("Error", {}).get("Code", "unknown error")
    message = error.response.get("Error", {}).get("Message", "")
    if code in NOT_ENABLED:
        reason = f"{error.operation_name}: {code}: the Region is not enabled for the account"
        return Unavailable(reason=reason, inapplicable=True)
    return Unavailable(reason=f"{error.operation_name}: {code}: {message}".removesuffix(": "))
