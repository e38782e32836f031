"""Workloads with their roles, the secrets that they carry, and the account as a place of work."""

from collections.abc import Iterable
from dataclasses import replace

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.credentials import KeyMetadata
from auditor.core.subjects.entities import Principal, Role
from auditor.core.subjects.organization import Affiliation
from auditor.core.subjects.workloads import (
    INSTANCE,
    SECRET_ACCESS_KEY,
    STACK,
    CarriedKey,
    CarriedKeyId,
    CarriedSecret,
    Instance,
    LooseSecret,
    ManagementWorkloads,
    Workload,
    WorkloadRole,
)

UNSEEN_ROLE = Unavailable(reason="what its role may do was not seen")


def instances(workloads: Observed[Workload], roles: Observed[Role] | Unavailable) -> Made:
    """Instances, with the role that their profile holds as far as roles were seen."""
    by_profile = {} if isinstance(roles, Unavailable) else _by_profile(roles.subjects)
    complete = isinstance(roles, Observed) and not roles.gaps
    made = []
    for it in workloads.subjects:
        if it.type == INSTANCE:
            role = by_profile.get(it.profile or "")
            instance = Instance(**vars(it), empty_profile=complete and it.profile is not None and role is None)
            made.append(replace(instance, role=role))
    return Made(made)


def _by_profile(roles: Iterable[Role]) -> dict[str, str]:
    return {profile: role.resource for role in roles for profile in role.instance_profiles}


def workload_roles(workloads: Observed[Workload], roles: Observed[Role], principals: Observed[Principal]) -> Made:
    """Workloads with roles of this account. A role that does not exist runs nothing; another account's is not ours.

    One whose role exists, but was not completely seen, was not seen itself.
    """
    by_profile, by_name = _by_profile(roles.subjects), {role.name: role.resource for role in roles.subjects}
    administrators = {it.resource: it.administrator for it in principals.subjects}
    made, gaps = [], {}
    for it in workloads.subjects:
        role = by_profile.get(it.profile or "") or _role_named(it.role, by_name)
        if role in administrators:
            made.append(replace(WorkloadRole(**vars(it), administrator=administrators[role]), role=role))
        elif role is not None:
            gaps[it.resource] = UNSEEN_ROLE
    return Made(made, gaps)


def _role_named(arn: str | None, by_name: dict[str, str]) -> str | None:
    """The role itself: services may name it without its path."""
    role = by_name.get((arn or "").rpartition("/")[2])
    return role if role and arn and _account(role) == _account(arn) else None


def _account(arn: str) -> str:
    return arn.split(":")[4]


def carried_keys(ids: Observed[CarriedKeyId], keys: Observed[KeyMetadata] | Unavailable) -> Made:
    """Access keys in configurations; whose they are is known of those that IAM lists."""
    known = {} if isinstance(keys, Unavailable) else {key.uid: key for key in keys.subjects}
    made = []
    for it in ids.subjects:
        key = known.get(it.key)
        made.append(CarriedKey(**vars(it), user=key.user if key else None, active=key.active if key else None))
    return Made(made)


def loose_secrets(secrets: Observed[CarriedSecret], ids: Observed[CarriedKeyId]) -> Made:
    """Secrets that are told by themselves: a whole access key is one thing to mend, and is told with its id."""
    keys = {it.resource for it in ids.subjects}
    return Made(
        LooseSecret(**vars(it)) for it in secrets.subjects if not (it.form == SECRET_ACCESS_KEY and it.resource in keys)
    )


def management_workloads(workloads: Observed[Workload], accounts: Observed[Affiliation]) -> Made:
    """The account with the kinds that run in it. Where none was seen and not everything was, nothing is known.

    A stack does not run: what it makes does.
    """
    types = tuple(sorted({it.type for it in workloads.subjects} - {STACK}))
    unseen = next((gap for gap in workloads.gaps.values() if not gap.inapplicable), None)
    if unseen and not types:
        return Made([], {account.resource: unseen for account in accounts.subjects})
    return Made(
        ManagementWorkloads(resource=it.resource, uid=it.uid, management=it.is_management, types=types)
        for it in accounts.subjects
    )


DERIVATIONS = (
    Derivation(Instance, (Workload,), instances, uses=(Role,)),
    Derivation(WorkloadRole, (Workload, Role, Principal), workload_roles),
    Derivation(CarriedKey, (CarriedKeyId,), carried_keys, uses=(KeyMetadata,)),
    Derivation(LooseSecret, (CarriedSecret, CarriedKeyId), loose_secrets),
    Derivation(ManagementWorkloads, (Workload, Affiliation), management_workloads),
)
