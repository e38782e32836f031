"""Whom a person means: a user or role by its ARN, its path or its name."""

from auditor.cli.errors import InputError, did_you_mean
from auditor.core.model import AccountSnapshot, Observed, S, Unavailable
from auditor.core.subjects.entities import Group, Role, UserDetail
from auditor.policy.steps import short

LISTING = "aws iam get-account-authorization-details"
"""What lists users and roles."""


def observed(seen: AccountSnapshot, kind: type[S]) -> Observed[S]:
    """All of a kind. Raises InputError if it was not seen."""
    found = seen.of(kind)
    if isinstance(found, Unavailable):
        raise InputError(f"who holds what was not seen: {found.reason}")
    return found


def entities(seen: AccountSnapshot) -> list[UserDetail | Role]:
    """The account's users and roles, also those of which not everything was seen."""
    return [*observed(seen, UserDetail).subjects, *observed(seen, Role).subjects]


def entity(given: str, seen: AccountSnapshot, what: str = "PRINCIPAL") -> UserDetail | Role:
    """The user or role that is meant. Raises InputError if it is none, or not the only one."""
    known = entities(seen)
    found = [it for it in known if given in _names(it)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{what}: {given!r} is {', '.join(sorted(it.resource for it in found))}; say which")
    if given in {name for it in observed(seen, Group).subjects for name in _names(it)}:
        raise InputError(f"{what}: {given!r} is a group; ask for one of its users")
    if given in {"root", seen.owner.root_arn}:
        raise InputError(f"{what}: the root user can do whatever no policy of the organization denies it")
    nearest = did_you_mean(given, sorted({name for it in known for name in _names(it)}), LISTING)
    raise InputError(f"{what}: {given!r} is no user or role of the account; {nearest}")


def _names(it: UserDetail | Role | Group) -> tuple[str, ...]:
    kind = it.aws_type.rpartition("::")[2].lower()
    return it.resource, short(it.resource), f"{kind}/{it.name}", it.name


def of_session(given: str) -> tuple[str, bool]:
    """The role of a session's ARN; anything else as it is."""
    before, is_session, rest = given.partition(":assumed-role/")
    if not (is_session and before.startswith("arn:") and "/" in rest):
        return given, False
    return f"role/{rest.partition('/')[0]}", True
