"""Seconds and peak memory of the policy reasoning: AWS's managed policies, and accounts of growing size with chains."""

import json
import multiprocessing
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from auditor.core.model import Observed, Subject
from auditor.core.subjects.entities import Group, Policy, Role, UserDetail
from auditor.core.subjects.escalation import EscalationPath
from auditor.policy import breadth, lint
from auditor.policy.derive import derive
from auditor.policy.document import administrator_statement, decode
from auditor.policy.powers import Compiled
from auditor.policy.techniques import techniques

ACCOUNT = "111122223333"
NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
MADE = NOW - timedelta(days=400)
SIZES = (500, 1_000, 2_000, 2_400, 4_000, 10_000)
HARMLESS = (
    [{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "arn:aws:s3:::reports-${aws:username}/*"}],
    [
        {
            "Effect": "Allow",
            "Action": "logs:*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        }
    ],
    [
        {
            "Effect": "Allow",
            "NotAction": ["iam:*", "sts:*", "organizations:*"],
            "Resource": "arn:aws:dynamodb:*:*:table/x",
        }
    ],
)


def arn(what: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{what}"


def allow(action: Any, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": on, **more}


def _own(number: int, size: int) -> list[dict[str, Any]]:
    """What a principal holds itself: most something of their own, some a step to somebody else."""
    following = arn(f"role/app/role-{(number * 7 + 1) % (size // 2)}")
    steps = (
        allow(["sts:AssumeRole"], following),
        allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], [following, "arn:aws:lambda:*:*:*"]),
        allow("iam:CreateAccessKey", arn(f"user/user-{number % 97}*")),
        allow("iam:PutRolePolicy", arn(f"role/app/role-{number % 31}?")),
        allow("iam:*", arn("user/${aws:username}"), Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}}),
    )
    own = allow("s3:PutObject", f"arn:aws:s3:::bucket-{number}/*")
    denial = {"Effect": "Deny", "Action": "iam:Attach*", "Resource": "*"}
    return [own, denial, steps[number % len(steps)]] if number % 3 == 0 else [own, denial]


def _trust(number: int, size: int) -> dict[str, Any]:
    whom: list[dict[str, Any]] = [
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]},
        {"AWS": arn(f"role/app/role-{(number + 1) % (size // 2)}")},
    ]
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": whom[number % 3]}
    if number % 10 == 0:
        statement["Condition"] = {"ArnLike": {"aws:PrincipalArn": arn("role/app/*")}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _subjects(size: int) -> Iterator[Subject]:
    """Half users, half roles, every 100th of them administrator; a policy for every four, a group for every twenty."""
    many = max(size // 4, 10)
    managed = [arn(f"policy/policy-{n}") for n in range(min(many, 1500))]
    holders: dict[str, list[str]] = {}
    for number in range(size):
        kind, name = ("user", f"user-{number // 2}") if number % 2 else ("role", f"role-{number // 2}")
        own = arn(f"{kind}/{name}" if kind == "user" else f"role/app/{name}")
        attached = tuple(managed[(number * 3 + i) % len(managed)] for i in range(4))
        fields: dict[str, Any] = {
            "resource": own,
            "uid": f"ID{number}",
            "name": name,
            "created": MADE,
            "attached": attached,
            "inline": ("own",),
            "tags": {"team": "red" if number % 50 == 0 else "blue"},
        }
        for it in attached:
            holders.setdefault(it, []).append(own)
        if kind == "user":
            yield UserDetail(**fields, groups=(f"group-{number % max(size // 20, 1)}",))
        else:
            yield Role(
                **fields,
                path="/app/",
                last_used=None,
                trust=decode(_trust(number // 2, size)),
                instance_profiles=("p",),
            )
        statements = [allow("*")] if number % 100 == 0 else _own(number, size)
        yield _policy(own, f"ID{number}/own", statements, owner=own)
    for number, policy in enumerate(managed):
        statements = [*HARMLESS[number % 3], *_own(number, size)] * 3
        yield _policy(policy, f"ANPA{number}", statements, attached_to=tuple(holders.get(policy, ())))
    for number in range(max(size // 20, 1)):
        members = tuple(arn(f"user/user-{n // 2}") for n in range(size) if n % 2 and n % max(size // 20, 1) == number)
        yield Group(
            resource=arn(f"group/group-{number}"),
            uid=f"AGPA{number}",
            name=f"group-{number}",
            created=MADE,
            attached=(managed[number % len(managed)],),
            members=members,
        )


def _policy(resource_arn: str, uid: str, statements: list[dict[str, Any]], **fields: Any) -> Policy:
    document = decode({"Version": "2012-10-17", "Statement": statements})
    return Policy(
        **{
            "resource": resource_arn,
            "uid": uid,
            "name": uid,
            "owner": None,
            "attached_to": (),
            "document": document,
            **fields,
        }
    )


def account(size: int) -> tuple[float, float, int, int]:
    """CPU seconds, MB at the peak, paths and principals of an account of so many users and roles."""
    facts: dict[type[Subject], list[Subject]] = {}
    for subject in _subjects(size):
        facts.setdefault(type(subject), []).append(subject)
    seen = {kind: Observed(subjects=tuple(them), as_of=NOW) for kind, them in facts.items()}
    before = time.process_time()
    found = derive(seen)[EscalationPath]
    spent = time.process_time() - before
    assert isinstance(found, Observed), found  # noqa: S101
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    paths: tuple[Any, ...] = found.subjects
    return spent, peak, sum(bool(it.steps) for it in paths), len(paths)


def managed_policies() -> None:
    """Every per-policy question about each of AWS's managed policies."""
    texts = {name: json.dumps(it["Document"]) for name, it in json.loads(aws_managed_policies_data).items()}
    compiled = Compiled(need.action for it in techniques() for need in it.needs)
    near = arn("policy/x")
    before = time.process_time()
    found = 0
    for text in texts.values():
        document = decode(text)
        found += len(list(lint.lint(text)))
        compiled.of(document)
        for ask in (administrator_statement, breadth.sensitive_actions):
            ask(document)
        breadth.whole_services(document, near)
        breadth.any_key_decryption(document, near)
    spent = time.process_time() - before
    print(f"{len(texts)} managed policies, every question: {spent:.2f} s CPU, {found} lint findings")


def main() -> None:
    """Print the figures; each account in a process of its own, so that peaks are its own."""
    managed_policies()
    print(f"{len(techniques())} techniques")
    for size in SIZES:
        with multiprocessing.get_context("spawn").Pool(1) as alone:
            spent, peak, paths, principals = alone.apply(account, (size,))
        each = f"{1000 * spent / principals:6.2f} ms each"
        print(f"{principals:>6} principals {spent:7.2f} s CPU {each} {peak:6.0f} MB {paths:>6} paths")


if __name__ == "__main__":
    main()
