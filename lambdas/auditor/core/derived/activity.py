"""Users and roles with the services that they use."""

from dataclasses import fields

from auditor.core.derivation import Derivation, Made
from auditor.core.derived.credentials import administrators
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.activity import Activity, LastAccessed, UserActivity
from auditor.core.subjects.credentials import User
from auditor.core.subjects.entities import Principal, Role, UserDetail

LACKING = Unavailable(reason="AWS was not asked what it used last")
RECREATED = Unavailable(reason="what it used last was told of one of the same name, before it was made")


def activities(
    accesses: Observed[LastAccessed],
    users: Observed[UserDetail],
    roles: Observed[Role],
    principals: Observed[Principal] | Unavailable,
) -> Made:
    """Every user and role that was asked about; service-linked roles are not. Of two answers the newer one counts."""
    known = {it.resource: it for it in sorted(accesses.subjects, key=lambda it: it.generated)}
    mighty = administrators(principals)
    found, gaps = [], {}
    entities: list[UserDetail | Role] = [*users.subjects, *(it for it in roles.subjects if not it.service_linked)]
    for entity in entities:
        access = known.get(entity.resource)
        if entity.resource in accesses.gaps:
            continue
        if access is None or access.generated < entity.created:
            gaps[entity.resource] = RECREATED if access else LACKING
            continue
        found.append(_activity(entity, access, administrator=mighty.get(entity.resource)))
    return Made(found, gaps)


def _activity(entity: UserDetail | Role, access: LastAccessed, *, administrator: bool | None) -> Activity:
    return Activity(
        resource=entity.resource,
        uid=entity.uid,
        tags=entity.tags,
        kind=entity.aws_type.rpartition("::")[2],
        name=entity.name,
        created=entity.created,
        generated=access.generated,
        services=access.services,
        administrator=administrator,
    )


def user_activities(known: Observed[Activity], users: Observed[User]) -> Made:
    """The users among them, with their credentials."""
    credentials = {it.resource: it for it in users.subjects}
    return Made(
        UserActivity(
            **{field.name: getattr(it, field.name) for field in fields(it)},
            password_enabled=user.password_enabled,
            keys=user.keys,
        )
        for it in known.subjects
        if (user := credentials.get(it.resource))
    )


DERIVATIONS = (
    Derivation(Activity, (LastAccessed, UserDetail, Role), activities, uses=(Principal,)),
    Derivation(UserActivity, (Activity, User), user_activities),
)
