"""How a policy of a resource names a principal: itself, its role or session, its account, or everybody.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from auditor.policy.document import Party, Statement
from auditor.policy.match import ARN_FIELDS

ACCOUNT = 4
"""The field of an ARN that names the account."""

ACCOUNT_NAMED, EVERYBODY, ITSELF, SESSION, ROLE = "account", "everybody", "itself", "session", "role"
SESSION_NAME = "sts:RoleSessionName"
"""The key on which it hangs whether a role is the session that a policy names."""


def is_role(arn: str) -> bool:
    """Whether it is a role's ARN, and not that of one of its sessions."""
    return ":role/" in arn


def naming_of(statement: Statement, arn: str) -> str | None:
    """How a policy of a resource names a principal of the ARN: the most direct way; None if it does not."""
    listed = [it for it in (_naming(party, arn) for party in statement.parties or statement.not_parties or ()) if it]
    if statement.not_parties is not None:
        return None if listed else EVERYBODY
    return min(listed, key=(ITSELF, ROLE, EVERYBODY, SESSION, ACCOUNT_NAMED).index, default=None)


def _naming(party: Party, arn: str) -> str | None:
    if party.value == "*":
        return EVERYBODY
    if party.kind != "AWS":
        return None
    if party.value == arn:
        return ITSELF
    account = arn.split(":")[ACCOUNT]
    if party.value == account or party.value.endswith(f"::{account}:root"):
        return ACCOUNT_NAMED
    mine, theirs = _role_name(arn), _role_name(party.value)
    if mine is None or mine != theirs or is_role(arn) is is_role(party.value):
        return None
    return SESSION if is_role(arn) else ROLE


def _role_name(arn: str) -> tuple[str, str] | None:
    """The account and the name of the role that the ARN of a role or of one of its sessions is about."""
    fields = arn.split(":", ARN_FIELDS - 1)
    kind, _, rest = fields[-1].partition("/")
    if len(fields) < ARN_FIELDS or kind not in ("role", "assumed-role"):
        return None
    return fields[ACCOUNT], rest.rpartition("/")[2] if kind == "role" else rest.partition("/")[0]
