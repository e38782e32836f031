"""What documents let their holder do to IAM itself, and whether that stays within managed scopes.

Statements are judged as they stand: a condition is taken to be met (but one that demands tags of a scope keeps within
it), and a Deny bites only without one. Boundaries and service control policies are not weighed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from auditor.core.glob import covers, matches
from auditor.core.scopes import ARN_PARTS, Scope, Selector

WRITES = tuple(
    f"iam:{name}".lower()
    for name in """
    AcceptDelegationRequest AcquireRole AddClientIDToOpenIDConnectProvider AddRoleToInstanceProfile AddUserToGroup
    AssociateDelegationRequest AttachGroupPolicy AttachRolePolicy AttachUserPolicy ChangePassword CreateAccessKey
    CreateAccountAlias CreateDelegationRequest CreateGroup CreateInstanceProfile CreateLoginProfile
    CreateOpenIDConnectProvider CreatePolicy CreatePolicyVersion CreateRole CreateSAMLProvider
    CreateServiceLinkedRole CreateServiceSpecificCredential CreateUser CreateVirtualMFADevice DeactivateMFADevice
    DeleteAccessKey DeleteAccountAlias DeleteAccountPasswordPolicy DeleteGroup DeleteGroupPolicy
    DeleteInstanceProfile DeleteLoginProfile DeleteOpenIDConnectProvider DeletePolicy DeletePolicyVersion DeleteRole
    DeleteRolePermissionsBoundary DeleteRolePolicy DeleteSAMLProvider DeleteSSHPublicKey DeleteServerCertificate
    DeleteServiceLinkedRole DeleteServiceSpecificCredential DeleteSigningCertificate DeleteUser
    DeleteUserPermissionsBoundary DeleteUserPolicy DeleteVirtualMFADevice DetachGroupPolicy DetachRolePolicy
    DetachUserPolicy DisableOrganizationsRootCredentialsManagement DisableOrganizationsRootSessions
    DisableOutboundWebIdentityFederation EnableMFADevice EnableOrganizationsRootCredentialsManagement
    EnableOrganizationsRootSessions EnableOutboundWebIdentityFederation PassRole PutAccountProperties PutGroupPolicy
    PutRolePermissionsBoundary PutRolePolicy PutUserPermissionsBoundary PutUserPolicy RejectDelegationRequest
    RemoveClientIDFromOpenIDConnectProvider RemoveRoleFromInstanceProfile RemoveUserFromGroup
    ResetServiceSpecificCredential ResyncMFADevice SendDelegationToken SetDefaultPolicyVersion
    SetSecurityTokenServicePreferences TagInstanceProfile TagMFADevice TagOpenIDConnectProvider TagPolicy TagRole
    TagSAMLProvider TagServerCertificate TagUser UntagInstanceProfile UntagMFADevice UntagOpenIDConnectProvider
    UntagPolicy UntagRole UntagSAMLProvider UntagServerCertificate UntagUser UpdateAccessKey
    UpdateAccountPasswordPolicy UpdateAssumeRolePolicy UpdateDelegationRequest UpdateGroup UpdateLoginProfile
    UpdateOpenIDConnectProviderThumbprint UpdateRole UpdateRoleDescription UpdateSAMLProvider UpdateSSHPublicKey
    UpdateServerCertificate UpdateServiceSpecificCredential UpdateSigningCertificate UpdateUser UploadSSHPublicKey
    UploadServerCertificate UploadSigningCertificate
    """.split()
)
"""The actions of IAM that change something: its API's operations but for those that read, and iam:PassRole."""

USERNAME = "${aws:username}"
WILDCARDS = frozenset("*?")
DEMANDS = frozenset({"stringequals", "stringlike"})
"""The operators, in lower case, by which a condition demands a tag's value of whatever it is about."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A statement with all that it says; `but` and `elsewhere` are its NotAction and NotResource."""

    allow: bool
    actions: tuple[str, ...]
    but: tuple[str, ...]
    resources: tuple[str, ...]
    elsewhere: tuple[str, ...]
    condition: Mapping[str, Any]

    @classmethod
    def of(cls, raw: Mapping[str, Any], username: str) -> Self:
        """A statement of a document, as it is for the user of this name, or (without one) for nobody yet."""
        return cls(
            allow=raw["Effect"] == "Allow",
            actions=_texts(raw.get("Action")),
            but=_texts(raw.get("NotAction")),
            resources=_texts(raw.get("Resource"), username),
            elsewhere=_texts(raw.get("NotResource"), username),
            condition=raw.get("Condition") or {},
        )

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its condition."""
        return tuple(sorted({str(key) for block in self.condition.values() for key in block}))

    def on(self, action: str, resource: str) -> bool:
        """Whether it speaks of this action on this resource, neither with a wildcard in it."""
        own = _one(_lower(self.actions), _lower(self.but), action.lower())
        return own and _one(self.resources, self.elsewhere, resource)

    def demands(self, key: str, pattern: str) -> bool:
        """Whether its condition demands that the resource's tag is as the pattern says."""
        wanted = {f"{prefix}:resourcetag/{key}".lower() for prefix in ("aws", "iam")}
        return any(
            str(name).lower() in wanted and values and all(covers(pattern, it) for it in _texts(values))
            for operator, block in self.condition.items()
            if operator.lower() in DEMANDS
            for name, values in block.items()
        )


def _texts(value: Any, username: str = "") -> tuple[str, ...]:
    texts = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(str(it).replace(USERNAME, username or USERNAME) for it in texts)


def _lower(texts: Iterable[str]) -> tuple[str, ...]:
    """As IAM compares actions."""
    return tuple(it.lower() for it in texts)


def _one(named: Iterable[str], but: tuple[str, ...], text: str) -> bool:
    return any(matches(it, text) for it in named) or (bool(but) and not any(matches(it, text) for it in but))


def said(documents: Iterable[Mapping[str, Any]], username: str = "") -> list[Said]:
    """The statements of documents that `document.statements` could read, as they are for a user of that name."""
    whole = (document["Statement"] for document in documents)
    return [Said.of(raw, username) for it in whole for raw in (it if isinstance(it, list) else [it])]


def granted(statements: Iterable[Said], action: str, resource: str) -> tuple[str, ...] | None:
    """The keys of the condition under which this action is allowed on this resource; None if it is not."""
    about = [it for it in statements if it.on(action, resource)]
    if any(not it.allow and not it.condition for it in about):
        return None
    return min((it.keys for it in about if it.allow), key=len, default=None)


def beyond(statements: Iterable[Said], scopes: Iterable[Scope]) -> list[str]:
    """The rights to change IAM, and those to do anything, on what is in none of the scopes: ``iam:put* on *``."""
    known = list(statements)
    reach = _Reach(
        selectors=tuple(selector for scope in scopes for selector in scope.selectors),
        denials=tuple(it for it in known if not it.allow and not it.condition),
    )
    return sorted({right for it in known if it.allow for right in reach.of(it)})


@dataclass(frozen=True, kw_only=True)
class _Reach:
    selectors: tuple[Selector, ...]
    denials: tuple[Said, ...]

    def of(self, it: Said) -> Iterator[str]:
        """Each right of an Allow that goes beyond."""
        for action in it.actions:
            for resource in it.resources:
                if _changes(action, resource) and not (self._inside(resource, it) or self._denied(action, resource)):
                    yield f"{action} on {resource}"
            if it.elsewhere and _changes(action, "*"):
                yield f"{action} on everything but {', '.join(it.elsewhere)}"
        if it.but and not all(any(matches(but, write) for but in _lower(it.but)) for write in WRITES):
            where = [resource for resource in it.resources if not self._inside(resource, it)]
            yield from (f"everything but {', '.join(it.but)} on {resource}" for resource in where)

    def _inside(self, resource: str, it: Said) -> bool:
        return any(_holds(selector, resource) and _tagged(selector, it) for selector in self.selectors)

    def _denied(self, action: str, resource: str) -> bool:
        return any(
            any(covers(own, action.lower()) for own in _lower(it.actions))
            and (
                any(covers(own, resource) for own in it.resources)
                or (bool(it.elsewhere) and all(self._inside(own, it) for own in it.elsewhere))
            )
            for it in self.denials
        )


def _changes(action: str, resource: str) -> bool:
    """Whether the action, which may be a pattern, changes IAM, and the resource may be something of IAM."""
    service, _, _ = action.partition(":")
    anything = bool(WILDCARDS & set(service))
    parts = resource.split(":", ARN_PARTS - 1)
    may_be_iam = len(parts) < ARN_PARTS or matches(parts[2], "iam")
    return (anything or may_be_iam) and any(matches(action.lower(), write) for write in WRITES)


def _holds(selector: Selector, resource: str) -> bool:
    """Whether the selector has all that the resource's pattern names, its tags apart."""
    kind, slash, tail = resource.split(":", ARN_PARTS - 1)[-1].partition("/")
    named = resource.count(":") >= ARN_PARTS - 1 and bool(slash) and not WILDCARDS & set(kind)
    return selector.holds(f"/{tail}") if named else selector.anywhere


def _tagged(selector: Selector, it: Said) -> bool:
    return all(it.demands(key, pattern) for key, pattern in selector.tags.items())
