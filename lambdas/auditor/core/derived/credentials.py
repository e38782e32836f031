"""The root user, users and access keys: the credential report joined with what IAM says itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import chain, product

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.credentials import (
    AccessKey,
    AccountSummary,
    CredentialRow,
    KeyMetadata,
    KeySlot,
    RootMfa,
    RootUser,
    User,
    VirtualMfaDevice,
)
from auditor.core.subjects.entities import Principal, UserDetail
from auditor.core.subjects.organization import Guardrails

CLOCK_SLACK = timedelta(minutes=1)
"""IAM's own answers may date the creation of one user a moment apart."""


MOST_KEYS = 16
"""Keys of one user that are worth telling apart; IAM allows two."""


def root_user(
    rows: Observed[CredentialRow], summaries: Observed[AccountSummary], guardrails: Observed[Guardrails] | Unavailable
) -> Made | Unavailable:
    """The root user. Summary and report may be hours apart: the worse of the two counts until they agree."""
    row = next((row for row in rows.subjects if row.is_root), None)
    if row is None:
        return Unavailable(reason="credential-report has no row for the root user")
    (summary,) = summaries.subjects
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
                guarded=not isinstance(guardrails, Unavailable) and any(it.root_denied for it in guardrails.subjects),
                has_certificate=summary.root_certificates or any(slot.active for slot in row.certificates),
                certificates=row.certificates,
            )
        ]
    )


def root_mfa(roots: Observed[RootUser], devices: Observed[VirtualMfaDevice]) -> Made:
    """The root user's virtual MFA devices; hardware ones and passkeys are in no list that a member can read."""
    return Made(
        RootMfa(
            resource=root.resource,
            uid="root",
            has_credentials=root.has_credentials,
            virtual=tuple(device.resource for device in devices.subjects if device.user == root.resource),
        )
        for root in roots.subjects
    )


NEWER = Unavailable(reason="newer than the credential report", inapplicable=True)


LACKING = Unavailable(reason="the credential report lacks it")


def users(
    details: Observed[UserDetail], rows: Observed[CredentialRow], principals: Observed[Principal] | Unavailable
) -> Made:
    """Users with their credentials. Who is in one source only, or has another's row, was not seen."""
    known = administrators(principals)
    by_arn = {row.resource: row for row in rows.subjects if not row.is_root}
    found, gaps = [], {}
    for detail in details.subjects:
        row = by_arn.pop(detail.resource, None)
        if row is None or _is_namesake(row, detail):
            is_new = row is not None or detail.created > rows.as_of - CLOCK_SLACK
            gaps[detail.resource] = NEWER if is_new else LACKING
        else:
            found.append(_user(detail, row, administrator=known.get(detail.resource)))
    # Deleted after the report was made, unless the evidence was made without any user.
    gone = Unavailable(reason="only the credential report knows it", inapplicable=bool(details.subjects))
    return Made(found, gaps | dict.fromkeys(by_arn, gone))


def _is_namesake(row: CredentialRow, detail: UserDetail) -> bool:
    """Whether the report still shows a deleted user of the same name."""
    return row.created is not None and abs(row.created - detail.created) > CLOCK_SLACK


def administrators(principals: Observed[Principal] | Unavailable) -> Mapping[str, bool]:
    """By ARN whether each principal that was seen is an administrator."""
    seen = () if isinstance(principals, Unavailable) else principals.subjects
    return {it.resource: it.administrator for it in seen}


def _user(detail: UserDetail, row: CredentialRow, *, administrator: bool | None) -> User:
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
        keys=row.keys,
        certificates=row.certificates,
        administrator=administrator,
        tags=detail.tags,
    )


CHANGED = Unavailable(reason="a key changed after the credential report was made", inapplicable=True)


def access_keys(
    metadata: Observed[KeyMetadata],
    rows: Observed[CredentialRow],
    details: Observed[UserDetail] | Unavailable,
    principals: Observed[Principal] | Unavailable,
) -> Made:
    """Access keys with their use, and their users' tags if those were seen.

    A user whose keys metadata and rows do not agree about was not completely seen.
    """
    known = administrators(principals)
    tags = {} if isinstance(details, Unavailable) else {user.resource: user.tags for user in details.subjects}
    held: dict[str, list[KeyMetadata]] = {}
    for key in metadata.subjects:
        held.setdefault(key.user, []).append(key)
    # Deleted after the report was made, unless the evidence was made without any key.
    unlisted = Unavailable(reason="its active keys are not listed", inapplicable=bool(metadata.subjects))
    found: list[AccessKey] = []
    gaps: dict[str, Unavailable] = {}
    for row in rows.subjects:
        keys = [] if row.is_root else held.pop(row.name, [])
        matched = match_keys(keys, row.keys)
        made = [_access_key(key, row, matched[key.uid]) for key in keys if key.uid in matched]
        administrator, tagged = known.get(row.resource), tags.get(row.resource)
        found += [replace(key, administrator=administrator, tags=tagged) for key in made]
        active = sum(slot.active for slot in row.keys)
        if not row.is_root and (len(matched) < len(keys) or sum(key.active for key in keys) < active):
            gaps[row.resource] = CHANGED if keys else unlisted
    left = chain.from_iterable(held.values())
    unknown = {key.resource: NEWER if key.created > rows.as_of - CLOCK_SLACK else LACKING for key in left}
    return Made(found, gaps | unknown)


def _access_key(key: KeyMetadata, row: CredentialRow, slots: tuple[KeySlot, ...]) -> AccessKey:
    return AccessKey(
        resource=key.resource,
        uid=key.uid,
        user=key.user,
        user_arn=row.resource,
        active=key.active,
        created=key.created,
        rows=slots,
        console=bool(row.password_enabled),
        user_created=row.created,
    )


def match_keys(keys: Sequence[KeyMetadata], slots: Sequence[KeySlot]) -> dict[str, tuple[KeySlot, ...]]:
    """Which slots of the report may be which key: the report has slots without ids, the list ids without use.

    A slot can be a key only if both are active or both are not, and the key is not newer than the slot's rotation,
    which equals the creation unless the key was re-activated, nor than the slot's use. The assignments that place the
    most keys, then the most rotations exactly, are kept; a key keeps every slot that one of them gives it.
    """
    if len(keys) > MOST_KEYS:
        return {}
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
    since = [moment for moment in (slot.rotated, slot.last_used) if moment]
    in_time = slot.rotated is not None and all(key.created - moment <= CLOCK_SLACK for moment in since)
    return key.active == slot.active and in_time


def _is_exactly(key: KeyMetadata, slot: KeySlot) -> bool:
    return slot.rotated is not None and abs(key.created - slot.rotated) <= CLOCK_SLACK


DERIVATIONS = (
    Derivation(RootUser, (CredentialRow, AccountSummary), root_user, uses=(Guardrails,)),
    Derivation(RootMfa, (RootUser, VirtualMfaDevice), root_mfa),
    Derivation(User, (UserDetail, CredentialRow), users, uses=(Principal,)),
    Derivation(AccessKey, (KeyMetadata, CredentialRow), access_keys, uses=(UserDetail, Principal)),
)
