"""The stage for a technique: who uses it, on whom, what that is worth, and what it takes; nothing is granted yet."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from auditor.core.subjects.workloads import LOOKED_FOR
from auditor.policy.techniques import Need, Technique, techniques
from tests.build import ACCOUNT, arn
from tests.policy.escalations.account import (
    AWS_ADMINISTRATOR,
    FULL,
    Account,
    Body,
    Json,
    allow,
    document,
    trust,
)

ROOT = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
NOBODY = trust({"Service": "no-such-thing.amazonaws.com"})
HARMLESS = document(allow(["s3:ListAllMyBuckets", "iam:ListUsers"]))
LIMITED = document(allow(["s3:*", "cloudwatch:*"]))
"""A boundary that leaves nothing by which one gets further."""

WORKLOADS = {
    "AWS::CloudFormation::Stack": "cloudformation:eu-west-1:{}:stack/ana-shop/0a1b2c3d",
    "AWS::CodeBuild::Project": "codebuild:eu-west-1:{}:project/ana-shop",
    "AWS::EC2::Instance": "ec2:eu-west-1:{}:instance/ana-shop",
    "AWS::ECS::TaskDefinition": "ecs:eu-west-1:{}:task-definition/ana-shop:7",
    "AWS::Glue::Job": "glue:eu-west-1:{}:job/ana-shop",
    "AWS::Lambda::Function": "lambda:eu-west-1:{}:function:ana-shop",
    "AWS::SageMaker::NotebookInstance": "sagemaker:eu-west-1:{}:notebook-instance/ana-shop",
    "AWS::StepFunctions::StateMachine": "states:eu-west-1:{}:stateMachine:ana-shop",
}
"""The ARNs of workloads, without ``arn:aws:`` and account."""


@dataclass(kw_only=True)
class Stage:
    """`target` and `holder` are the ARNs that the technique's needs are about, `other` is one that is worth nothing.

    `begins` is who is judged: the actor, or who gets to be it. `extra` is what the actor has to be allowed besides, to
    make use of a change, and always is. `worthless` takes all worth from the target. `itself` says that the actor
    gains by the change without becoming anybody else. `conditions` and `before` are expected: condition keys in lower
    case, and the techniques of earlier steps.
    """

    technique: Technique
    account: Account
    actor: Body
    begins: Body
    target: str = "*"
    holder: str = "*"
    other: str = ""
    victim: Body | None = None
    itself: bool = False
    assumed: bool = False
    extra: tuple[Json, ...] = ()
    worthless: Callable[[], None] | None = None
    conditions: set[str] = field(default_factory=set)
    before: set[str] = field(default_factory=set)
    granted: list[str] = field(default_factory=list)

    @property
    def needs(self) -> tuple[Need, ...]:
        """What has to be allowed."""
        return tuple(it for it in self.technique.needs if it.place != "trusted")

    @property
    def actions(self) -> list[str]:
        return [it.action for it in self.needs]

    @property
    def everything(self) -> list[str]:
        """All actions that the actor uses."""
        return [*self.actions, *(it["Action"] for it in self.extra)]

    @property
    def services(self) -> list[str]:
        return sorted({it.partition(":")[0] for it in self.everything})

    def resource(self, need: Need) -> str:
        return {"target": self.target, "holder": self.holder}.get(need.place, "*")

    def wide(self, **more: Any) -> Json:
        """All needs on everything."""
        return allow(self.actions, "*", **more)

    def exact(self, change: Callable[[str], str] = str) -> list[Json]:
        """A statement for each need, on the target itself, as its ARN is changed."""
        return [allow(it.action, change(self.resource(it))) for it in self.needs]

    def give(self, *said: Json, to: Body | None = None) -> None:
        """As an inline policy."""
        self.note(*said)
        (to or self.actor).inline.append(document(*said))

    def note(self, *said: Json) -> None:
        """What is granted by somebody's hand."""
        for it in said:
            if it["Effect"] == "Allow" and "Action" in it:
                actions = it["Action"]
                self.granted += [actions] if isinstance(actions, str) else actions

    def on(self, place: str) -> list[str]:
        """The actions that are needed at a place."""
        return [it.action for it in self.needs if it.place == place]

    def crucial(self, among: Iterable[str] | None = None) -> str:
        """An action without which nothing known works any more, with the others. Raises Inapplicable."""
        for action in self.actions if among is None else among:
            if self.hopeless(it for it in self.actions if it != action):
                return action
        raise Inapplicable

    def aimed(self) -> str:
        """An action on the target, so that nothing known works if it is allowed elsewhere only. Raises Inapplicable."""
        extras = possible(it["Action"] for it in self.extra)
        works = [by_id()[it] for it in possible(self.everything) - extras if self.counts(it)]
        for action in self.on("target") if self.target != "*" else ():
            if all(Need(action, "target") in it.needs and it.target == self.technique.target for it in works):
                return action
        raise Inapplicable

    def hopeless(self, left: Iterable[str]) -> bool:
        """Whether the actor gets nowhere with these actions."""
        extras = {it["Action"] for it in self.extra}
        return not any(map(self.counts, possible({*left, *extras}) - possible(extras)))

    def counts(self, name: str) -> bool:
        """Whether a technique can give anything here: there are no other groups to join, and users to become."""
        own, it = self.technique, by_id()[name]
        if it.gives == "join":
            return own.gives == "join"
        return (it.target, it.gives) != ("user", "become") or (own.target, own.gives) == ("user", "become")


class Inapplicable(Exception):  # noqa: N818  (no error)
    """A way cannot be done on a stage."""


@cache
def by_id() -> dict[str, Technique]:
    return {it.id: it for it in techniques()}


@cache
def _needed() -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple(
        (it.id, frozenset(need.action.lower() for need in it.needs if need.place != "trusted"))
        for it in techniques()
        if it.ended is None
    )


def possible(patterns: Iterable[str]) -> set[str]:
    """The techniques all of whose actions these patterns of actions cover."""
    lower = [it.lower() for it in patterns]
    plain, wild = (
        {it for it in lower if "*" not in it and "?" not in it},
        [it for it in lower if "*" in it or "?" in it],
    )

    def covered(action: str) -> bool:
        return action in plain or any(fnmatchcase(action, it) for it in wild)

    return {name for name, actions in _needed() if all(map(covered, actions))}


def staged(technique: Technique, *, by_role: bool = False, flavour: str = "", path: str = "/") -> Stage | None:
    """The stage; None where the technique has none like that.

    `by_role`: the actor is a role, that nobody can assume yet. `flavour` is ``itself`` for changing oneself, ``other``
    for changing somebody whom one can then become; empty is the usual one for the kind of target.
    """
    account = Account(manages=technique.when == "management-account", path=path)
    actor = account.role("ana", NOBODY) if by_role else account.user("ana")
    stage = Stage(technique=technique, account=account, actor=actor, begins=actor)
    if technique.gives in ("boost", "unbind"):
        usual = "other" if technique.target == "role" or technique.gives == "unbind" else "itself"
        set_up = {"itself": _itself, "other": _other}[flavour or usual]
        return set_up(stage)
    return None if flavour else _BECOMING[technique.target](stage)


USERS: dict[str, dict[str, Any]] = {
    "fewer-than-two-keys": {"keys": 1},
    "keys": {"keys": 2},
    "password": {"password": True},
    "no-password": {},
    "mfa-device": {"password": True, "device": True},
}
"""Credentials of a user, by what a technique asks of it."""


def _become_user(stage: Stage) -> Stage:
    facts = USERS[stage.technique.when]
    victim = stage.account.user("ana-boss", managed=[AWS_ADMINISTRATOR], **facts)
    return _aims_at(stage, victim, stage.account.user("bo", **facts))


def _become_role(stage: Stage) -> Stage:
    technique = stage.technique
    own = NOBODY
    if technique.service:
        own = of_service(technique)
    elif technique.id == "assume-role":
        own = trust(ROOT)
    victim = stage.account.role("ana-boss", own, managed=[AWS_ADMINISTRATOR], profile=bool(technique.when))
    if technique.existing in WORKLOADS:
        harmless = stage.account.role("bo-runner", own, profile=bool(technique.when))
        stage.account.workload(technique.existing, f"arn:aws:{WORKLOADS[technique.existing].format(ACCOUNT)}", harmless)
    return _aims_at(stage, victim, stage.account.role("bo", own, profile=bool(technique.when)))


def of_service(technique: Technique) -> Json:
    """How a role trusts the technique's service; Cognito signs people in itself."""
    service = technique.service[0]
    if service.startswith("cognito-identity."):
        return trust({"Federated": service}, "sts:AssumeRoleWithWebIdentity")
    return trust({"Service": service}, ["sts:AssumeRole", "sts:TagSession"])


def _aims_at(stage: Stage, victim: Body, other: Body) -> Stage:
    stage.victim, stage.target, stage.other = victim, victim.arn, other.arn
    stage.worthless = victim.managed.clear
    return stage


def _through_workload(stage: Stage) -> Stage:
    technique, account = stage.technique, stage.account
    own = of_service(technique)
    profile = technique.workload == "AWS::EC2::Instance"
    victim = account.role("ana-boss", own, managed=[AWS_ADMINISTRATOR], profile=profile)
    other = account.role("bo", own, profile=profile)
    stage.victim, stage.holder, stage.worthless = victim, victim.arn, victim.managed.clear
    stage.assumed = technique.workload not in LOOKED_FOR
    if not stage.assumed:
        shape = f"arn:aws:{WORKLOADS[technique.workload].format(ACCOUNT)}"
        stage.target, stage.other = shape, shape.replace("ana-shop", "bo-shop")
        account.workload(technique.workload, stage.target, victim)
        account.workload(technique.workload, stage.other, other)
    return stage


def _through_provider(stage: Stage) -> Stage:
    account = stage.account
    stage.target, stage.other = account.provider("saml-provider/ana-adfs"), account.provider("saml-provider/bo-adfs")
    victim, other = (
        account.role(name, trust({"Federated": provider}, "sts:AssumeRoleWithSAML"))
        for name, provider in (("ana-boss", stage.target), ("bo", stage.other))
    )
    victim.managed.append(AWS_ADMINISTRATOR)
    stage.victim, stage.worthless = victim, victim.managed.clear
    assert not other.managed
    return stage


def _join(stage: Stage) -> Stage | None:
    if stage.actor.kind == "role" and "iam:CreateUser" not in stage.actions:
        return None
    group = stage.account.group("ana-bosses", managed=[AWS_ADMINISTRATOR])
    stage.target, stage.other = group.arn, stage.account.group("bo-staff").arn
    stage.worthless = group.managed.clear
    return stage


def _of_account(stage: Stage) -> Stage:
    return stage


_BECOMING: dict[str, Callable[[Stage], Stage | None]] = {
    "user": _become_user,
    "role": _become_role,
    "workload": _through_workload,
    "provider": _through_provider,
    "group": _join,
    "account": _of_account,
}


def _itself(stage: Stage) -> Stage | None:
    """The actor changes what it is, holds or belongs to."""
    account, actor, kind = stage.account, stage.actor, stage.technique.target
    stage.itself = True
    if kind in ("user", "role"):
        if kind != actor.kind:
            return None
        stage.target = actor.arn
        stage.other = (account.user("bo") if kind == "user" else account.role("bo", NOBODY)).arn
    elif kind == "group":
        if actor.kind == "role":
            return None
        stage.target, stage.other = account.group("ana-staff", actor).arn, account.group("bo-staff").arn
        stage.worthless = actor.groups.clear
    else:
        _policies(stage, actor)
    return _bounded(stage, actor)


def _other(stage: Stage) -> Stage | None:
    """The actor changes somebody whom it can become."""
    account, actor, kind = stage.account, stage.actor, stage.technique.target
    if kind in ("user", "group"):
        victim = account.user("ana-mate")
        stage.extra = (allow("iam:CreateAccessKey", victim.arn),)
        actor.inline.append(document(*stage.extra))
        stage.worthless = _forbidding(actor, "iam:CreateAccessKey")
        stage.before = {"create-access-key"}
    else:
        victim = account.role("ana-mate", trust({"AWS": actor.arn}))
        stage.worthless = _unnamed(victim)
        stage.before = {"assume-role"}
    if kind in ("user", "role"):
        stage.target = victim.arn
        stage.other = (account.user("bo") if kind == "user" else account.role("bo", NOBODY)).arn
    elif kind == "group":
        stage.target, stage.other = account.group("ana-staff", victim).arn, account.group("bo-staff").arn
    else:
        _policies(stage, victim)
    stage.victim = victim
    return _bounded(stage, victim)


def _bounded(stage: Stage, whom: Body) -> Stage:
    """Who loses the boundary is an administrator but for that: it leaves no more than the change takes."""
    if stage.technique.gives == "unbind":
        whom.managed.append(AWS_ADMINISTRATOR)
        what = [*stage.everything] if whom is stage.actor else ["s3:*"]
        whom.boundary = stage.account.managed("ana-limit", document(allow(what)))
        stage.worthless = whom.managed.clear
    return stage


VERSIONS: dict[str, list[Json]] = {
    "": [HARMLESS],
    "other-version": [HARMLESS, FULL],
    "fewer-than-five-versions": [HARMLESS] * 4,
    "five-versions": [HARMLESS] * 5,
}
"""Versions of a policy, by what a technique asks of it."""


def _policies(stage: Stage, holder: Body) -> None:
    versions = VERSIONS[stage.technique.when]
    stage.target = stage.account.managed("ana-tools", *versions)
    stage.other = stage.account.managed("bo-tools", HARMLESS, FULL)
    holder.managed.append(stage.target)
    stage.worthless = holder.managed.clear


def _forbidding(actor: Body, action: str) -> Callable[[], None]:
    return lambda: actor.inline.append(document({"Effect": "Deny", "Action": action, "Resource": "*"}))


def _unnamed(victim: Body) -> Callable[[], None]:
    return lambda: victim.trust.__setitem__(slice(None), [NOBODY])


def named(name: str) -> str:
    """The ARN of a user who does not exist."""
    return arn(f"user/{name}")
