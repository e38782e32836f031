"""What the account's trails record together, and which Regions they leave out."""

from collections.abc import Iterable

from auditor.core import sample_events
from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.access_analyzer import EnabledRegion
from auditor.core.subjects.trails import AccountTrails, RecordedRegion, Trail, TrailHolder


def doubt(trails: Observed[Trail], enabled: Observed[EnabledRegion] | Unavailable) -> Unavailable | None:
    """Why there may be a multi-Region trail that was not seen: each Region that answers shows all of them."""
    of_trails = [gap for key, gap in trails.gaps.items() if _is_trail(key)]
    of_regions = [gap for key, gap in trails.gaps.items() if not _is_trail(key)]
    asked = set() if isinstance(enabled, Unavailable) else {it.resource for it in enabled.subjects}
    answered = asked - set(trails.gaps)
    return next(iter(of_trails if answered else (*of_trails, *of_regions)), None)


def _is_trail(key: str) -> bool:
    return key.startswith("arn:")


def everywhere(trails: Iterable[Trail]) -> list[Trail]:
    """The trails that log in every Region."""
    return [it for it in trails if it.logging and it.multi_region]


def account_trails(
    holders: Observed[TrailHolder], trails: Observed[Trail], enabled: Observed[EnabledRegion] | Unavailable
) -> Made:
    """The account with its multi-Region trails; unseen if one that may be there could change the picture."""
    found: list[AccountTrails] = []
    gaps: dict[str, Unavailable] = {}
    logging = everywhere(trails.subjects)
    for holder in holders.subjects:
        kinds = sample_events.management(holder).items()
        left_out = tuple(kind for kind, event in kinds if not any(trail.records(event) for trail in logging))
        why = doubt(trails, enabled) if left_out else None
        if why:
            gaps[holder.resource] = why
            continue
        found.append(
            AccountTrails(
                resource=holder.resource,
                uid="account",
                multi_region=tuple(sorted(it.name for it in logging)),
                unrecorded=left_out,
            )
        )
    return Made(found, gaps)


def recorded_regions(enabled: Observed[EnabledRegion], trails: Observed[Trail], holders: Observed[TrailHolder]) -> Made:
    """Enabled Regions with the trails that log their changes; unseen where one that was not seen may cover it."""
    changes = [sample_events.management(it)["writes"] for it in holders.subjects]
    logging = [it for it in trails.subjects if it.logging and all(map(it.records, changes))]
    hidden = next((gap for key, gap in trails.gaps.items() if _is_trail(key)), None)
    found: list[RecordedRegion] = []
    gaps: dict[str, Unavailable] = {}
    for region in enabled.subjects:
        name = region.resource
        covering = tuple(sorted(it.name for it in logging if it.multi_region or it.region == name))
        why = None if covering else trails.gaps.get(name, hidden)
        if why:
            gaps[name] = why
        else:
            found.append(RecordedRegion(resource=name, uid=region.uid, region=region.region, trails=covering))
    return Made(found, gaps)


DERIVATIONS = (
    Derivation(AccountTrails, (TrailHolder, Trail), account_trails, uses=(EnabledRegion,)),
    Derivation(RecordedRegion, (EnabledRegion, Trail, TrailHolder), recorded_regions),
)
