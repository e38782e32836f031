"""Access keys, and other secrets of AWS and of others, in the configuration of resources in every enabled Region.

The answers of AWS are scanned in memory. What is kept is where a secret stands, an access key's id, which is none, and
of everything else only what it looks like.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, RootModel

from auditor.aws.carrying import CARRYING, USER_DATA_ACTIONS, user_data
from auditor.aws.inventory import Collected, collected
from auditor.aws.running import CONFIGURED
from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.aws.sources import regions
from auditor.core.model import Owner, Unavailable
from auditor.core.subjects.workloads import Carried, CarriedKeyId, CarriedSecret, place_of

KINDS = (*CONFIGURED, *CARRYING)


class Entry(Shape):
    """A place with an access key's id, or with something of another `form`."""

    type: str = Field(pattern=r"^\w+::\w+::\w+$")
    arn: str = Field(pattern=r"^arn:[^:]+:[^:]+:[^:]+:[^:]*:.")
    where: str
    key: str | None = Field(default=None, pattern=r"^[A-Z0-9]{16,128}$")
    form: str = "access key"


class Listing(RootModel[list[Entry]]):
    """The whole file."""


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """What `workloads` asks as well is asked once; besides one call for each other kind, instance and document."""
    names = regions.enabled(needed, aws.owner)
    answers = [*(collected(aws, kind, names) for kind in KINDS), user_data(aws, names)]
    gaps = {scope: gap for answer in answers for scope, gap in _gaps(answer)}
    return Asked(raw=[entry for answer in answers for entry in _entries(answer)], gaps=gaps)


def _entries(answer: Collected) -> list[dict[str, str | None]]:
    """Both versions of a launch template may carry the same key: it is told once."""
    told = dict.fromkeys((it.type, it.arn, sighting) for it in answer.found for sighting in it.carries)
    return [
        {"type": kind, "arn": arn, "where": it.where, "key": it.key, **({} if it.key else {"form": it.form})}
        for kind, arn, it in told
    ]


def _gaps(answer: Collected) -> Iterator[tuple[str, Unavailable]]:
    yield from answer.gaps.items()
    yield from ((it.arn, Unavailable(reason=it.unreadable)) for it in answer.found if it.unreadable)


def read(raw: Any, _: Owner) -> Reading:
    """One subject for each place and what stands there."""
    return Reading(subjects=[_subject(it) for it in validated(Listing, raw).root])


def _subject(it: Entry) -> Carried:
    revision = it.arn.rpartition(":")[0] if it.type == "AWS::ECS::TaskDefinition" else it.arn
    place: dict[str, Any] = {"resource": it.arn, "region": it.arn.split(":")[3], "type": it.type, "where": it.where}
    uid = place_of(revision, it.where, it.key or it.form)
    if it.key:
        return CarriedKeyId(**place, uid=uid, key=it.key, tags=None)
    return CarriedSecret(**place, uid=uid, form=it.form, tags=None)


CONFIGURATION_KEYS = Source(
    name="configuration-keys",
    actions=tuple(sorted({*USER_DATA_ACTIONS, *(action for kind in KINDS for action in kind.actions)})),
    kinds=(CarriedKeyId, CarriedSecret),
    gather=gather,
    read=read,
    needs=(regions.REGIONS.name,),
)
"""`workloads` is not among its needs: asked alone, it asks for itself."""
