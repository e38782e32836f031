"""How a proposal is put into force so that every step of it can be taken back."""

import shlex
from collections.abc import Iterator, Sequence

from auditor.core.subjects.entities import Principal
from auditor.policy.fitting import Fitted
from auditor.policy.steps import short
from auditor.render.escape import plain

INLINE_QUOTA = {"User": 2048, "Role": 10240}
"""Characters of all inline policies together."""


def policy_names(principal: Principal, count: int) -> tuple[str, ...]:
    """The names of the new policies."""
    name = f"minimal-{principal.name}"
    return (name,) if count == 1 else tuple(f"{name}-{place}" for place in range(1, count + 1))


def commands(principal: Principal, names: Sequence[str], documents: Sequence[Fitted]) -> tuple[str, ...]:
    """Lines for a shell, remarks among them. Nothing is deleted: what is detached can be attached again."""
    if principal.aws_owned:
        return ("# IAM Identity Center makes this role anew: put the documents into its permission set",)
    return tuple(map(plain, _commands(principal, names, documents))) if all(it.fits for it in documents) else ()


def _commands(principal: Principal, names: Sequence[str], documents: Sequence[Fitted]) -> Iterator[str]:
    for name in names:
        yield _aws("create-policy", "--policy-name", name, "--policy-document", f"file://{name}.json")
    if len(names) == 1 and principal.boundary is None:
        yield "# Either as a boundary: what it holds stays, and counts no more than this."
        yield from _bounding(principal, _arn(principal, names[0]))
        yield "# Or instead of what it holds:"
    yield from _exchanging(principal, names, documents)


def _bounding(principal: Principal, arn: str) -> Iterator[str]:
    kind, who = _kind(principal)
    if kind == "role":
        yield "# It also limits what policies of resources give to the role."
    yield _aws(f"put-{kind}-permissions-boundary", *who, "--permissions-boundary", arn)
    yield f"# undone by: {_aws(f'delete-{kind}-permissions-boundary', *who)}"


def _exchanging(principal: Principal, names: Sequence[str], documents: Sequence[Fitted]) -> Iterator[str]:
    kind, who = _kind(principal)
    for name in names:
        yield _aws(f"attach-{kind}-policy", *who, "--policy-arn", _arn(principal, name))
    for arn in principal.attached:
        yield f"{_aws(f'detach-{kind}-policy', *who, '--policy-arn', arn)}   # undone by attach-{kind}-policy"
    for group in principal.groups:
        left = _aws("remove-user-from-group", *who, "--group-name", group.rpartition("/")[2])
        yield f"{left}   # undone by add-user-to-group"
    if principal.inline and documents:
        yield from _replaced(principal, names[0], documents[0].size)


def _replaced(principal: Principal, name: str, size: int) -> Iterator[str]:
    """An inline policy can only be deleted, or have another text."""
    kind, who = _kind(principal)
    if size * len(principal.inline) > INLINE_QUOTA[principal.kind]:
        yield f"# its inline policies ({', '.join(principal.inline)}) stay: the new text is too large for their quota"
        return
    for old in principal.inline:
        put = _aws(f"put-{kind}-policy", *who, "--policy-name", old, "--policy-document", f"file://{name}.json")
        yield f"{put}   # its present text is in authorization-details.json; undone by putting that back"


def _kind(principal: Principal) -> tuple[str, tuple[str, str]]:
    kind = principal.kind.lower()
    return kind, (f"--{kind}-name", principal.name)


def _arn(principal: Principal, name: str) -> str:
    return f"{principal.resource.removesuffix(short(principal.resource))}policy/{name}"


def _aws(*words: str) -> str:
    return shlex.join(("aws", "iam", *words))
