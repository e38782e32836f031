"""The one place that turns what AWS refuses into `Unavailable`."""

from botocore.exceptions import BotoCoreError, ClientError

from auditor.core.model import Unavailable

AWS_ERRORS = (ClientError, BotoCoreError)


class NotReadyError(BotoCoreError):  # type: ignore[misc]  # botocore is untyped
    """AWS did not finish something in the time that was allowed for it."""

    fmt = "{what} was not ready after {seconds} seconds"


def as_unavailable(error: ClientError | BotoCoreError) -> Unavailable:
    """Why an answer is missing, in one line: the operation and AWS's error code and message."""
    if not isinstance(error, ClientError):
        return Unavailable(reason=f"{type(error).__name__}: {error}")
    code = error.response.get("Error", {}).get("Code", "unknown error")
    message = error.response.get("Error", {}).get("Message", "")
    return Unavailable(reason=f"{error.operation_name}: {code}: {message}".removesuffix(": "))
