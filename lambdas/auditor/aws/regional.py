"""Asking every Region the same."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from auditor.aws.errors import AWS_ERRORS, as_unavailable
from auditor.core.model import Unavailable

SIDE_BY_SIDE = 16


def each_region(regions: Iterable[str], ask: Callable[[str], list[Any]]) -> tuple[list[Any], dict[str, Unavailable]]:
    """The joined answers of all Regions, and why some gave none."""

    def answer(region: str) -> list[Any] | Unavailable:
        try:
            return ask(region)
        except AWS_ERRORS as error:
            return as_unavailable(error)

    names = sorted(set(regions))
    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        answers = dict(zip(names, pool.map(answer, names), strict=True))
    gaps = {region: it for region, it in answers.items() if isinstance(it, Unavailable)}
    return [item for it in answers.values() if not isinstance(it, Unavailable) for item in it], gaps
