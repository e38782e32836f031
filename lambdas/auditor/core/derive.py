"""Facts that no single source tells: joins of what the sources said, made before any check runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, product
from typing import Any

from auditor.core.model import (
    AccessKey,
    AccountSummary,
    Analyzer,
    AnalyzerFinding,
    CredentialRow,
    EnabledRegion,
    ExternalAccess,
    Facts,
    Gaps,
    InternalAccess,
    KeyMetadata,
    KeySlot,
    Observed,
    Region,
    RootMfa,
    RootUser,
    Subject,
    Unavailable,
    UnusedAccess,
    User,
    UserDetail,
    VirtualMfaDevice,
)

CLOCK_SLACK = timedelta(minutes=1)
"""IAM's own answers may date the creation of one user a moment apart."""

UNUSED_TYPES = frozenset({"UnusedIAMRole", "UnusedIAMUserAccessKey", "UnusedIAMUserPassword", "UnusedPermission"})


@dataclass(frozen=True)
class Made:
    """What a derivation gives: subjects, and what it could not see besides the gaps of its inputs."""

    subjects: Iterable[Subject]
    gaps: Gaps = field(default_factory=dict)


@dataclass(frozen=True)
class Derivation:
    """How subjects of kind `gives` follow from the kinds it `needs`; unavailable if one of them is."""

    gives: type[Subject]
    needs: tuple[type[Subject], ...]
    make: Callable[..., Made | Unavailable]

    def derive(self, facts: Facts) -> Observed[Subject] | Unavailable:
        """Apply to `facts`; as old as the oldest input, and with the inputs' gaps."""
        inputs = [facts.get(kind, Unavailable(reason=f"no source gives {kind.__name__}")) for kind in self.needs]
        seen: list[Observed[Subject]] = []
        for known in inputs:
            if isinstance(known, Unavailable):
                return known
            seen.append(known)
        made = self.make(*(known.subjects for known in seen))
        if isinstance(made, Unavailable):
            return made
        gaps = {key: gap for known in seen for key, gap in known.gaps.items()} | dict(made.gaps)
        return Observed(subjects=tuple(made.subjects), as_of=min(known.as_of for known in seen), gaps=gaps)


def root_user(rows: Sequence[CredentialRow], summaries: Sequence[AccountSummary]) -> Made | Unavailable:
    """The root user. Summary and report may be hours apart: the worse of the two counts until they agree."""
    row = next((row for row in rows if row.is_root), None)
    if row is None:
        return Unavailable(reason="credential-report has no row for the root user")
    summary = summaries[0]
    return Made(
        [
            RootUser(
                resource=row.resource,
                uid="root",
                has_password=summary.root_password,
                has_access_key=summary.root_keys or any(slot.active for slot in row.keys),
                mfa_active=summary.root_mfa and row.mfa_active,
                password_last_used=row.password_last_used,
                keys=row.keys,
            )
        ]
    )


def root_mfa(roots: Sequence[RootUser], devices: Sequence[VirtualMfaDevice]) -> Made:
    """The root user's virtual MFA devices; hardware ones and passkeys are in no list that a member can read."""
    return Made(
        RootMfa(
            resource=root.resource,
            uid="root",
            has_credentials=root.has_credentials,
            virtual=tuple(device.resource for device in devices if device.user == root.resource),
        )
        for root in roots
    )


def users(details: Sequence[UserDetail], rows: Sequence[CredentialRow]) -> Made:
    """Users with their credentials; one the report does not know yet, or knows a deleted namesake of, is a gap."""
    by_arn = {row.resource: row for row in rows}
    found, gaps = [], {}
    for detail in details:
        row = by_arn.get(detail.resource)
        if row is None or _is_namesake(row, detail):
            gaps[detail.resource] = Unavailable(reason=f"{detail.name} is newer than the report", inapplicable=True)
        else:
            found.append(_user(detail, row))
    return Made(found, gaps)


def _is_namesake(row: CredentialRow, detail: UserDetail) -> bool:
    return row.created is not None and abs(row.created - detail.created) > CLOCK_SLACK


def _user(detail: UserDetail, row: CredentialRow) -> User:
    return User(
        resource=detail.resource,
        uid=detail.uid,
        name=detail.name,
        created=detail.created,
        password_enabled=bool(row.password_enabled),
        password_last_used=row.password_last_used,
        password_last_changed=row.password_last_changed,
        mfa_active=row.mfa_active,
        active_keys=sum(slot.active for slot in row.keys),
    )


def access_keys(metadata: Sequence[KeyMetadata], rows: Sequence[CredentialRow]) -> Made:
    """Access keys with their use; a key that changed after the report was made is a gap."""
    by_user = {row.name: row for row in rows if not row.is_root}
    held: dict[str, list[KeyMetadata]] = {}
    for key in metadata:
        held.setdefault(key.user, []).append(key)
    found, gaps = [], {}
    for name, keys in held.items():
        row = by_user.get(name)
        slots = match_keys(keys, row.keys) if row else {}
        for key in keys:
            if row is None or key.uid not in slots:
                gaps[key.resource] = Unavailable(
                    reason=f"a key of {name} changed after the report was made", inapplicable=True
                )
            else:
                found.append(_access_key(key, row.resource, slots[key.uid]))
    return Made(found, gaps)


def _access_key(key: KeyMetadata, user_arn: str, slots: tuple[KeySlot, ...]) -> AccessKey:
    return AccessKey(
        resource=key.resource,
        uid=key.uid,
        user=key.user,
        user_arn=user_arn,
        active=key.active,
        created=key.created,
        rows=slots,
    )


def match_keys(keys: Sequence[KeyMetadata], slots: Sequence[KeySlot]) -> dict[str, tuple[KeySlot, ...]]:
    """Which slots of the report may be which key: the report has slots without ids, the list ids without use.

    A slot can be a key only if both are active or both are not, and the key is not newer than the slot's rotation,
    which equals the creation unless the key was re-activated. The assignments that place the most keys, then the most
    rotations exactly, are kept; a key keeps every slot that one of them gives it.
    """
    kept: dict[tuple[int, int], list[list[tuple[str, KeySlot]]]] = {}
    for chosen in product(*([None, *(key for key in keys if _may_be(key, slot))] for slot in slots)):
        placed = [(key, slot) for key, slot in zip(chosen, slots, strict=True) if key]
        if len({key.uid for key, _ in placed}) == len(placed):
            exact = sum(_is_exactly(key, slot) for key, slot in placed)
            kept.setdefault((len(placed), exact), []).append([(key.uid, slot) for key, slot in placed])
    matched: dict[str, tuple[KeySlot, ...]] = {}
    for uid, slot in chain.from_iterable(kept[max(kept)]):
        if slot not in matched.get(uid, ()):
            matched[uid] = (*matched.get(uid, ()), slot)
    return matched


def _may_be(key: KeyMetadata, slot: KeySlot) -> bool:
    in_time = slot.rotated is not None and key.created - slot.rotated <= CLOCK_SLACK
    return key.active == slot.active and in_time


def _is_exactly(key: KeyMetadata, slot: KeySlot) -> bool:
    return slot.rotated is not None and abs(key.created - slot.rotated) <= CLOCK_SLACK


def _analyzes(analyzer: Analyzer, purpose: str) -> bool:
    scopes = ("ACCOUNT", "ORGANIZATION")
    return analyzer.active and analyzer.type in {f"{scope}{purpose}" for scope in scopes}


def regions(enabled: Sequence[EnabledRegion], analyzers: Sequence[Analyzer]) -> Made:
    """Enabled Regions with their analyzers for external access, the account's or the organization's."""
    external = [analyzer for analyzer in analyzers if _analyzes(analyzer, "")]
    return Made(
        Region(
            resource=region.resource,
            uid=region.uid,
            region=region.region,
            external_analyzers=tuple(sorted(a.name for a in external if a.region == region.region)),
        )
        for region in enabled
    )


def external_access(
    found: Sequence[AnalyzerFinding], analyzers: Sequence[Analyzer], enabled: Sequence[EnabledRegion]
) -> Made:
    """External access findings; a Region without an analyzer for them was not looked at."""
    covered = {analyzer.region for analyzer in analyzers if _analyzes(analyzer, "")}
    why = Unavailable(reason="no analyzer for external access", inapplicable=True)
    gaps = {region.resource: why for region in enabled if region.resource not in covered}
    return Made(_of_type(found, ExternalAccess, {"ExternalAccess"}), gaps)


def unused_access(found: Sequence[AnalyzerFinding], analyzers: Sequence[Analyzer]) -> Made | Unavailable:
    """Unused access findings, where an analyzer looks for them."""
    if not any(_analyzes(analyzer, "_UNUSED_ACCESS") for analyzer in analyzers):
        return Unavailable(reason="the account has no analyzer for unused access", inapplicable=True)
    return Made(_of_type(found, UnusedAccess, UNUSED_TYPES))


def internal_access(found: Sequence[AnalyzerFinding], analyzers: Sequence[Analyzer]) -> Made | Unavailable:
    """Internal access findings, where an analyzer looks for them."""
    if not any(_analyzes(analyzer, "_INTERNAL_ACCESS") for analyzer in analyzers):
        return Unavailable(reason="the account has no analyzer for internal access", inapplicable=True)
    return Made(_of_type(found, InternalAccess, {"InternalAccess"}))


def _of_type(
    found: Sequence[AnalyzerFinding], kind: type[AnalyzerFinding], types: Iterable[str]
) -> list[AnalyzerFinding]:
    wanted = frozenset(types)
    return [kind(**vars(finding)) for finding in found if finding.type in wanted]


DERIVATIONS: tuple[Derivation, ...] = (
    Derivation(RootUser, (CredentialRow, AccountSummary), root_user),
    Derivation(RootMfa, (RootUser, VirtualMfaDevice), root_mfa),
    Derivation(User, (UserDetail, CredentialRow), users),
    Derivation(AccessKey, (KeyMetadata, CredentialRow), access_keys),
    Derivation(Region, (EnabledRegion, Analyzer), regions),
    Derivation(ExternalAccess, (AnalyzerFinding, Analyzer, EnabledRegion), external_access),
    Derivation(UnusedAccess, (AnalyzerFinding, Analyzer), unused_access),
    Derivation(InternalAccess, (AnalyzerFinding, Analyzer), internal_access),
)
"""In order of need: a derivation may use what an earlier one gives."""


def derive(facts: Mapping[type[Subject], Any]) -> Facts:
    """All facts: those given and those that follow from them."""
    known = dict(facts)
    for derivation in DERIVATIONS:
        known[derivation.gives] = derivation.derive(known)
    return known
