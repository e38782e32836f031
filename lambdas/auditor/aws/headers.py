"""Parts of an account's header that what lists say of it has too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from auditor.core.life import Missed
from auditor.core.model import Membership


def membership_map(membership: Membership) -> dict[str, Any]:
    """A membership as it lies in a header, and in its `audited`."""
    return {"name": membership.name, "path": list(membership.path), "tags": dict(membership.tags)}


def membership_of(item: Mapping[str, Any]) -> Membership | None:
    """The membership out of a header, or its `audited`."""
    member = item.get("membership")
    return member and Membership(name=member["name"], path=tuple(member["path"]), tags=member["tags"])


def missed_of(item: Mapping[str, Any]) -> Missed | None:
    """The missed run out of a header, or its `audited`."""
    missed = item.get("missed")
    return Missed(at=datetime.fromisoformat(missed["at"]), reason=missed["reason"]) if missed else None
