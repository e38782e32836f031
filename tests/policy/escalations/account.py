"""An account in the making: users, roles and groups with what they hold, told as the facts that an audit reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.credentials import CredentialRow
from auditor.core.subjects.entities import Group, IdentityProvider, Policy, Role, UserDetail
from auditor.core.subjects.organization import (
    Affiliation,
    AttachedPolicy,
    GuardrailLevel,
    OrganizationMember,
    OrganizationRoot,
)
from auditor.core.subjects.workloads import Workload
from auditor.policy.document import Document
from tests.build import ACCOUNT, ADMINISTRATOR, NO_KEY, OWNER, ago, arn, identity_provider, key_slot, observed

Json = dict[str, Any]
ORGANIZATION = "o-a1b2c3d4e5"
MANAGEMENT = "999988887777"
PATH = ("r-ab12", "ou-ab12-team", ACCOUNT)
"""The levels of the organization's policies, the root's first."""

FULL: Json = Document(ADMINISTRATOR)
AWS_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
SERVICE_CONTROL, RESOURCE_CONTROL = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
MADE = 400
"""Days of age of everything."""


def allow(action: Any, resource: Any = "*", **more: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> Json:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def document(*said: Json) -> Json:
    return Document({"Version": "2012-10-17", "Statement": list(said)})


def trust(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> Json:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


@dataclass(kw_only=True)
class Body:
    """A user, role or group: `managed` and `boundary` are ARNs, `inline` documents; the rest only some have."""

    kind: str
    name: str
    path: str = "/"
    inline: list[Json] = field(default_factory=list)
    managed: list[str] = field(default_factory=list)
    boundary: str | None = None
    tags: dict[str, str] | None = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    trust: list[Json] = field(default_factory=list)
    profile: bool = False
    password: bool = False
    device: bool = False
    keys: int = 0

    @property
    def arn(self) -> str:
        return arn(f"{self.kind}{self.path}{self.name}")

    def common(self) -> dict[str, Any]:
        return {
            "resource": self.arn,
            "uid": f"uid-of-{self.kind}-{self.name}",
            "name": self.name,
            "path": self.path,
            "created": ago(MADE),
            "attached": tuple(self.managed),
            "inline": tuple(f"own-{number}" for number in range(len(self.inline))),
            "boundary": self.boundary,
            "tags": self.tags,
        }

    def row(self) -> CredentialRow:
        slots = [key_slot(age=10) if number < self.keys else NO_KEY for number in range(2)]
        return CredentialRow(
            resource=self.arn,
            uid=self.arn,
            name=self.name,
            created=ago(MADE),
            is_root=False,
            password_enabled=self.password,
            password_last_used=None,
            password_last_changed=None,
            mfa_active=self.device,
            keys=(slots[0], slots[1]),
        )


@dataclass(kw_only=True)
class Account:
    """`levels` has the service control policies of each of `PATH`, `resource_levels` the resource control policies."""

    bodies: dict[str, Body] = field(default_factory=dict)
    policies: dict[str, list[Json]] = field(default_factory=lambda: {AWS_ADMINISTRATOR: [FULL]})
    """By ARN of a managed policy its versions, the default one first."""

    workloads: list[Workload] | None = field(default_factory=list)
    providers: list[IdentityProvider] = field(default_factory=list)
    levels: tuple[list[Json], ...] = field(default_factory=lambda: ([FULL], [FULL], [FULL]))
    resource_levels: tuple[list[Json], ...] = field(default_factory=lambda: ([FULL], [FULL], [FULL]))
    enabled: tuple[str, ...] = (SERVICE_CONTROL, RESOURCE_CONTROL)
    manages: bool = False
    path: str = "/"
    """Of users and roles."""

    def add(self, body: Body) -> Body:
        self.bodies[body.arn] = body
        return body

    def user(self, name: str, **fields: Any) -> Body:
        return self.add(Body(kind="user", name=name, path=self.path, **fields))

    def role(self, name: str, *trusted: Json, **fields: Any) -> Body:
        return self.add(Body(kind="role", name=name, path=self.path, trust=list(trusted), **fields))

    def group(self, name: str, *members: Body, **fields: Any) -> Body:
        made = self.add(Body(kind="group", name=name, **fields))
        for it in members:
            it.groups.append(name)
        return made

    def managed(self, name: str, *versions: Json) -> str:
        """The ARN of a new managed policy."""
        made = arn(f"policy/{name}")
        self.policies[made] = list(versions)
        return made

    def provider(self, name: str) -> str:
        made = identity_provider(name)
        self.providers.append(made)
        return made.resource

    def workload(self, kind: str, resource: str, role: Body | None) -> None:
        made = Workload(resource=resource, uid=resource, region="eu-west-1", type=kind, tags=None)
        if role is not None:
            by_profile = kind == "AWS::EC2::Instance"
            made = replace(made, profile=_profile(role)) if by_profile else replace(made, role=role.arn)
        self.workloads = [*(self.workloads or ()), made]

    def of(self, kind: str) -> list[Body]:
        return [it for it in self.bodies.values() if it.kind == kind]

    def facts(self) -> Mapping[type[Subject], Observed[Subject] | Unavailable]:
        users, roles, groups = self.of("user"), self.of("role"), self.of("group")
        unseen = Unavailable(reason="nobody asked")
        return {
            UserDetail: observed(*(UserDetail(**it.common(), groups=tuple(it.groups)) for it in users)),
            Role: observed(*map(_role, roles)),
            Group: observed(*(self._group(it) for it in groups)),
            Policy: observed(*self._policies()),
            CredentialRow: observed(*(it.row() for it in users)),
            IdentityProvider: observed(*self.providers),
            Workload: unseen if self.workloads is None else observed(*self.workloads),
            **self._organization(),
        }

    def _group(self, body: Body) -> Group:
        fields = {key: value for key, value in body.common().items() if key != "boundary"}
        members = tuple(it.arn for it in self.of("user") if body.name in it.groups)
        return Group(**fields, members=members)

    def _policies(self) -> Iterator[Policy]:
        for where, versions in self.policies.items():
            yield Policy(
                resource=where,
                uid=where,
                name=where.rpartition("/")[2],
                owner=None,
                attached_to=tuple(it.arn for it in self.bodies.values() if where in it.managed),
                boundary_of=tuple(it.arn for it in self.bodies.values() if it.boundary == where),
                document=versions[0],
                other_versions=tuple(versions[1:]),
            )
        for body in self.bodies.values():
            for number, held in enumerate(body.inline):
                yield Policy(
                    resource=body.arn,
                    uid=f"{body.arn}/own-{number}",
                    name=f"own-{number}",
                    owner=body.arn,
                    attached_to=(body.arn,),
                    document=held,
                )

    def _organization(self) -> dict[type[Subject], Observed[Subject]]:
        manager = ACCOUNT if self.manages else MANAGEMENT
        return {
            Affiliation: observed(
                Affiliation(
                    resource=ACCOUNT,
                    uid="account",
                    organization=ORGANIZATION,
                    management=manager,
                    all_features=True,
                    root=OWNER.root_arn,
                )
            ),
            OrganizationRoot: observed(
                OrganizationRoot(resource=PATH[0], uid=PATH[0], policy_types=self.enabled),
            ),
            OrganizationMember: observed(
                OrganizationMember(resource=ACCOUNT, uid=ACCOUNT, name="shop", path=PATH[:-1]),
            ),
            GuardrailLevel: observed(
                *_levels(SERVICE_CONTROL, self.levels), *_levels(RESOURCE_CONTROL, self.resource_levels)
            ),
        }


def _levels(kind: str, held: tuple[list[Json], ...]) -> Iterator[GuardrailLevel]:
    for level, documents in zip(PATH, held, strict=True):
        attached = tuple(
            AttachedPolicy(name=f"policy {number}", document=it) for number, it in enumerate(documents, start=1)
        )
        yield GuardrailLevel(resource=level, uid=f"{level}/{kind}", type=kind, policies=attached)


def _role(body: Body) -> Role:
    profiles = (_profile(body),) if body.profile else ()
    trusted = document(*body.trust)
    return Role(**body.common(), last_used=None, trust=trusted, instance_profiles=profiles)


def _profile(role: Body) -> str:
    return arn(f"instance-profile/{role.name}")
