"""The resources of every Region that run with a role or carry configuration, one kind after the other.

Two sources ask alike: one for the roles, one for the secrets. Each kind is asked for once an audit, and is scanned as
soon as it is there, so that no secret is kept for longer than that.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from auditor.aws.regional import each_region
from auditor.aws.secret_scan import Sighting, sightings
from auditor.aws.session import Aws
from auditor.core.model import Gaps, Owner, Unavailable, kind_in

MOST = 500
"""Resources of one kind in a Region that are asked about one by one. The others are a gap: at ten calls a second, more
of them would hold up the audit for minutes."""

GONE = ("InvalidDocument", "InvalidInstanceID.NotFound", "ResourceNotFoundException", "StateMachineDoesNotExist")
NOT_OFFERED = Unavailable(reason="AWS does not offer the service in the Region", inapplicable=True)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A resource: how it runs, an entry for each role that it has, and the secrets in its configuration.

    `runs` has an entry's members besides type and arn; it is empty for what runs nothing. `unreadable` says why its
    configuration could not be read.
    """

    type: str
    arn: str
    runs: tuple[Mapping[str, Any], ...] = ()
    carries: tuple[Sighting, ...] = ()
    unreadable: str = ""


@dataclass(frozen=True, kw_only=True)
class Unasked:
    """How many resources of a Region were not asked about, because there are too many of them."""

    region: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Place:
    """A Region of an account."""

    owner: Owner
    region: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource here: AWS tells only the ids of some."""
        return f"arn:{self.owner.partition}:{service}:{self.region}:{self.owner.account}:{resource}"

    def iam_role(self, name: str) -> str:
        """The ARN of a role of the account; IAM has no Regions."""
        return f"arn:{self.owner.partition}:iam::{self.owner.account}:role/{name}"


Answers = list[Found | Unasked]


@dataclass(frozen=True)
class Kind:
    """A kind of resource: CloudFormation's name, the boto3 service to ask, and how to ask it in one Region."""

    type: str
    service: str
    actions: tuple[str, ...]
    ask: Callable[[Any, Place], Answers]


@dataclass(frozen=True, kw_only=True)
class Collected:
    """All resources of a kind that were seen, and the gaps: a key says the Region and the kind."""

    found: tuple[Found, ...]
    gaps: Gaps = field(default_factory=dict)


def collected(aws: Aws, kind: Kind, regions: Iterable[str]) -> Collected:
    """The resources of a kind in all these Regions, side by side; asked for once an audit."""
    names = tuple(sorted(regions))
    return aws.once((kind.type, names), lambda: collect(aws, kind, names))


def collect(aws: Aws, kind: Kind, regions: Iterable[str]) -> Collected:
    """The same, asked for now."""
    answers, gaps = each_region(
        aws, kind.service, regions, lambda client, region: kind.ask(client, Place(owner=aws.owner, region=region))
    )
    offered = aws.session.get_available_regions(kind.service, aws.owner.partition)
    missing = {region: _without_endpoint(gap, region in offered) for region, gap in gaps.items()}
    for it in answers:
        if isinstance(it, Unasked):
            missing[it.region] = Unavailable(reason=f"{it.count} were not asked about: only {MOST} are in a Region")
    return Collected(
        found=tuple(it for it in answers if isinstance(it, Found)),
        gaps={kind_in(region, kind.type): gap for region, gap in missing.items()},
    )


def _without_endpoint(why: Unavailable, offered: bool) -> Unavailable:  # noqa: FBT001
    """A Region that boto3 does not know the service in may be newer than boto3: it was asked all the same."""
    return NOT_OFFERED if not offered and why.reason.startswith("EndpointConnectionError") else why


def pages(client: Any, operation: str, member: str, size: int | None = None, **params: Any) -> list[Any]:
    """What all pages of an operation list; `size` is the largest page where AWS's default is smaller."""
    config = {"PageSize": size} if size else {}
    paginator = client.get_paginator(operation)
    return list(paginator.paginate(**params, PaginationConfig=config).build_full_result().get(member, []))


def one_by_one(place: Place, names: list[str], ask: Callable[[str], Found]) -> Answers:
    """What `ask` tells of each name, of the first `MOST`; one that is gone since it was listed is left out."""
    answers: Answers = []
    for name in names[:MOST]:
        try:
            answers.append(ask(name))
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise
    return answers + ([Unasked(region=place.region, count=len(names) - MOST)] if len(names) > MOST else [])


def scanned(texts: Mapping[str, Any]) -> tuple[Sighting, ...]:
    """The secrets in values by their places; what is not there is no text."""
    return sightings((where, str(text)) for where, text in texts.items() if text is not None)
