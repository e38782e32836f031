"""When each user and role last tried to use each service that its identity policies grant.

AWS answers by a job for each principal, which only the session that started it may read. So a run asks some principals
only, those that were never asked first and then those whose answer is oldest, and takes what earlier runs were told of
the others. What the answer means: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_access-advisor.html

- Attempts count, those that were denied too; they show after some four hours, and for 400 days.
- Permissions boundaries, guardrails, resource policies and trust policies play no part in what counts as granted.
- Passing a role, data events, and use in Regions that AWS does not track leave no trace.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from botocore.exceptions import BotoCoreError
from pydantic import Field

from auditor.aws.errors import AWS_ERRORS, NotReadyError, as_unavailable
from auditor.aws.session import Aws
from auditor.aws.source import Asked, MalformedEvidenceError, Moment, Reading, Shape, Source, validated
from auditor.aws.sources import authorization_details
from auditor.core.evidence import Refresh
from auditor.core.model import Owner, Unavailable
from auditor.core.subjects.activity import LastAccessed, ServiceUse
from auditor.core.subjects.entities import Role, UserDetail

NAME = "last-accessed"
SIDE_BY_SIDE = 8
POLL_SECONDS = 2.0
DEADLINE_SECONDS = 180.0
"""For all principals of a run together."""

KEPT = ("ServiceNamespace", "LastAuthenticated", "LastAuthenticatedRegion")
"""The members of an entry that say something: an administrator has one of each service that there is."""


class JobFailedError(BotoCoreError):  # type: ignore[misc]  # botocore is untyped
    """AWS began to look, and could not tell."""

    fmt = "the job failed: {code}: {message}"


class Used(Shape):
    """An entry of ServicesLastAccessed."""

    namespace: str = Field(alias="ServiceNamespace")
    last_used: Moment | None = Field(alias="LastAuthenticated", default=None)


class Told(Shape):
    """The answer about one principal: the members of GetServiceLastAccessedDetails that are kept, and whose it is."""

    arn: str = Field(alias="Arn")
    generated: Moment = Field(alias="JobCompletionDate")
    services: list[Used] = Field(alias="ServicesLastAccessed")


class Listing(Shape):
    """The answers about all principals."""

    told: list[Told] = Field(alias="LastAccessed")


@dataclass(frozen=True, kw_only=True)
class Known:
    """An answer as it is kept, and when AWS gave it."""

    generated: datetime
    raw: Mapping[str, Any]


def gather(aws: Aws, needed: Mapping[str, Any]) -> Asked:
    """Two calls or more for each principal that is asked, some at a time; the answers of earlier runs besides.

    A principal that has none, or only one that is too old, is a gap.
    """
    created = _principals(needed[authorization_details.AUTHORIZATION_DETAILS.name], aws.owner)
    known = _known(needed.get(NAME), created)
    told = _told(aws, _due(created, known, aws))
    failed = {arn: it for arn, it in told.items() if isinstance(it, AWS_ERRORS)}
    gone = {arn for arn, it in told.items() if it is None}
    known |= {arn: it for arn, it in told.items() if isinstance(it, Known)}
    young = {arn for arn, it in known.items() if aws.now - it.generated < aws.refresh.after}
    if failed and len(failed) == len(told) and not young:
        raise next(iter(failed.values()))
    gaps = {
        arn: as_unavailable(failed[arn]) if arn in failed else _later(aws.refresh, asked_before=arn in known)
        for arn in created
        if arn not in young | gone
    }
    return Asked(
        raw={"LastAccessed": [known[arn].raw for arn in sorted(known)]},
        made_at=min((known[arn].generated for arn in young), default=None),
        gaps=gaps,
    )


def _principals(details: Any, owner: Owner) -> dict[str, datetime]:
    """Who there is to ask about, and since when."""
    subjects = authorization_details.read(details, owner).subjects
    users = {it.resource: it.created for it in subjects if isinstance(it, UserDetail)}
    return users | {it.resource: it.created for it in subjects if isinstance(it, Role) and not it.service_linked}


def _known(before: Any, created: Mapping[str, datetime]) -> dict[str, Known]:
    """What earlier runs were told of those who are still there, and not of others of their names."""
    try:
        told = validated(Listing, before).told
    except MalformedEvidenceError:
        return {}  # none, or not readable: asked again
    entries = zip(told, before["LastAccessed"], strict=True)
    return {
        it.arn: Known(generated=it.generated, raw=raw)
        for it, raw in entries
        if it.arn in created and created[it.arn] <= it.generated
    }


def _due(created: Mapping[str, datetime], known: Mapping[str, Known], aws: Aws) -> list[str]:
    """Whom to ask now: the new, those whose answer is too old, and so many more that no day has more than its share."""
    refresh = aws.refresh
    new = sorted(created.keys() - known.keys())
    oldest_first = sorted(known, key=lambda arn: (known[arn].generated, arn))
    since = aws.now - max((it.generated for it in known.values()), default=aws.now)
    share = ceil(len(created) * min(max(since / refresh.after, 0), 1))
    stale = sum(aws.now - it.generated >= refresh.after for it in known.values())
    return [*new, *oldest_first[: max(share, stale)]][: refresh.a_run]


def _later(refresh: Refresh, *, asked_before: bool) -> Unavailable:
    when = f"not asked for {refresh.after.days} days" if asked_before else "not asked yet"
    return Unavailable(reason=f"{when}: {refresh.a_run} principals are asked in a run", inapplicable=True)


def _told(aws: Aws, arns: list[str]) -> dict[str, Any]:
    """For each principal a `Known`, the error that it ended with, or None if it is not there any more."""
    iam = aws.client("iam")
    ask = _within(aws, iam)

    def answer(arn: str) -> Any:
        try:
            return ask(arn)
        except AWS_ERRORS as error:
            return error

    with ThreadPoolExecutor(max_workers=SIDE_BY_SIDE) as pool:
        return dict(zip(arns, pool.map(answer, arns), strict=True))


def _within(aws: Aws, iam: Any) -> Callable[[str], Known | None]:
    """How to ask for one principal, until the deadline for all of them."""
    begun = aws.elapsed()

    def in_time() -> None:
        aws.ensure_time()
        if aws.elapsed() - begun >= DEADLINE_SECONDS:
            raise NotReadyError(what="what it used last", seconds=int(DEADLINE_SECONDS))

    def ask(arn: str) -> Known | None:
        in_time()
        try:
            job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
        except iam.exceptions.NoSuchEntityException:
            return None
        while (answer := _page(iam, job))["JobStatus"] == "IN_PROGRESS":
            in_time()
            aws.pause(POLL_SECONDS)
        return _whole(iam, job, answer, arn)

    return ask


def _page(iam: Any, job: str, **marker: str) -> Any:
    return iam.get_service_last_accessed_details(JobId=job, MaxItems=1000, **marker)


def _whole(iam: Any, job: str, answer: Any, arn: str) -> Known:
    """The answer of a job that has ended, with all of its pages."""
    if answer["JobStatus"] != "COMPLETED":
        error = answer.get("Error", {})
        raise JobFailedError(code=error.get("Code", "unknown error"), message=error.get("Message", ""))
    services = [*answer["ServicesLastAccessed"]]
    page = answer
    while page.get("IsTruncated"):
        page = _page(iam, job, Marker=page["Marker"])
        services += page["ServicesLastAccessed"]
    entries = [{name: it[name] for name in KEPT if name in it} for it in services]
    generated = answer["JobCompletionDate"]
    raw = {"Arn": arn, "JobCompletionDate": generated, "ServicesLastAccessed": entries}
    return Known(generated=generated, raw=raw)


def read(raw: Any, _: Owner) -> Reading:
    """One subject a principal."""
    return Reading(subjects=[_subject(it) for it in validated(Listing, raw).told])


def _subject(it: Told) -> LastAccessed:
    services = tuple(ServiceUse(namespace=used.namespace, last_used=used.last_used) for used in it.services)
    return LastAccessed(resource=it.arn, uid=it.arn, generated=it.generated, services=services)


LAST_ACCESSED = Source(
    name=NAME,
    actions=("iam:GenerateServiceLastAccessedDetails", "iam:GetServiceLastAccessedDetails"),
    kinds=(LastAccessed,),
    gather=gather,
    read=read,
    needs=(authorization_details.AUTHORIZATION_DETAILS.name,),
    remembers=True,
)
