"""Tags, as AWS lists them."""

from collections.abc import Iterable

from pydantic import Field

from auditor.aws.source import Shape


class Tag(Shape):
    """An entry of Tags; the value may be empty."""

    key: str = Field(alias="Key")
    value: str = Field(alias="Value")


def by_key(tags: Iterable[Tag]) -> dict[str, str]:
    """Values by key; of a key that is listed twice the last."""
    return {tag.key: tag.value for tag in tags}
