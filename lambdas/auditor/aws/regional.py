"""Asking every Region the same, side by side."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from auditor.aws.errors import AWS_ERRORS, as_unavailable
from auditor.aws.session import Aws
from auditor.core.model import Unavailable

SIDE_BY_SIDE = 16
NOT_ENABLED = ("UnrecognizedClientException", "AuthFailure", "InvalidClientTokenId", "OptInRequired")
"""What a Region answers to good credentials while it is not enabled for the account."""

CLOSED_REGION = "explicit deny in a service control policy"
"""How AWS says that the organization keeps a Region closed: nothing can be there, and nobody needs to mend it."""


def each_region(
    aws: Aws, service: str, regions: Iterable[str], ask: Callable[[Any, str], list[Any]]
) -> tuple[list[Any], dict[str, Unavailable]]:
    """Join what `ask` brings from a Region's client and name; and why some Regions brought nothing."""
    return each_resource(aws, service, {region: region for region in regions}, ask)


def each_resource(
    aws: Aws, service: str, homes: Mapping[str, str], ask: Callable[[Any, str], list[Any]]
) -> tuple[list[Any], dict[str, Unavailable]]:
    """Join what `ask` brings of each resource, with the client of the Region that `homes` names for it.

    And why some resources brought nothing.
    """
    # A boto3 session makes clients in one thread only; the clients themselves may be used in any.
    clients = {region: aws.client(service, region) for region in sorted(set(homes.values()))}
    resources = sorted(homes)

    def answer(resource: str) -> list[Any] | Unavailable:
        try:
            aws.ensure_time()
            return ask(clients[homes[resource]], resource)
        except AWS_ERRORS as error:
            return _of_region(as_unavailable(error))

    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        answers = dict(zip(resources, pool.map(answer, resources), strict=True))
    gaps = {resource: it for resource, it in answers.items() if isinstance(it, Unavailable)}
    return [item for it in answers.values() if not isinstance(it, Unavailable) for item in it], gaps


def _of_region(why: Unavailable) -> Unavailable:
    if any(code in why.reason for code in NOT_ENABLED):
        return Unavailable(reason="the Region is not enabled for the account", inapplicable=True)
    return replace(why, inapplicable=CLOSED_REGION in why.reason)
