"""Regions with their analyzers, and the analyzers' findings by kind."""

from collections.abc import Iterable

from auditor.core.derivation import Derivation, Made
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.access_analyzer import (
    Analyzer,
    AnalyzerCoverage,
    AnalyzerFinding,
    EnabledRegion,
    ExternalAccess,
    InternalAccess,
    Region,
    UnusedAccess,
)
from auditor.core.subjects.credentials import AccountSummary


def _active(analyzers: Observed[Analyzer], purpose: str) -> list[Analyzer]:
    types = {f"ACCOUNT{purpose}", f"ORGANIZATION{purpose}"}
    return [analyzer for analyzer in analyzers.subjects if analyzer.active and analyzer.type in types]


def regions(enabled: Observed[EnabledRegion], analyzers: Observed[Analyzer]) -> Made:
    """Enabled Regions with their analyzers for external access, the account's or the organization's."""
    external = _active(analyzers, "")
    return Made(
        Region(
            resource=region.resource,
            uid=region.uid,
            region=region.region,
            external_analyzers=tuple(sorted(a.name for a in external if a.region == region.region)),
        )
        for region in enabled.subjects
        if region.resource not in analyzers.gaps
    )


def coverage(accounts: Observed[AccountSummary], analyzers: Observed[Analyzer]) -> Made | Unavailable:
    """The types of the active analyzers; not known while a Region that may have one did not answer."""
    silent = [region for region, gap in analyzers.gaps.items() if not gap.inapplicable]
    types = tuple(sorted({analyzer.type for analyzer in analyzers.subjects if analyzer.active}))
    if silent and not any(it.endswith("_UNUSED_ACCESS") for it in types):
        return Unavailable(reason=f"not every Region told its analyzers: {', '.join(sorted(silent))}")
    return Made(AnalyzerCoverage(resource=it.resource, uid="account", types=types) for it in accounts.subjects)


def external_access(
    found: Observed[AnalyzerFinding], analyzers: Observed[Analyzer], enabled: Observed[EnabledRegion]
) -> Made:
    """External access findings, and whatever no other kind claims; a Region without an analyzer was not looked at."""
    external = _active(analyzers, "")
    covered = {analyzer.region for analyzer in external}
    why = Unavailable(reason="no analyzer for external access", inapplicable=True)
    gaps = {region.resource: why for region in enabled.subjects if region.resource not in covered}
    claimed = ("Unused", "Internal")
    rest = [ExternalAccess(**vars(it)) for it in found.subjects if not it.type.startswith(claimed)]
    return Made(rest, gaps, _arns(external))


def unused_access(found: Observed[AnalyzerFinding], analyzers: Observed[Analyzer]) -> Made | Unavailable:
    """Unused access findings, where an analyzer looks for them."""
    asked = _active(analyzers, "_UNUSED_ACCESS")
    seen = [UnusedAccess(**vars(it)) for it in found.subjects if it.type.startswith("Unused")]
    return Made(seen, via=_arns(asked)) if asked or seen else _nobody_looks("unused access", analyzers)


def internal_access(found: Observed[AnalyzerFinding], analyzers: Observed[Analyzer]) -> Made | Unavailable:
    """Internal access findings, where an analyzer looks for them."""
    asked = _active(analyzers, "_INTERNAL_ACCESS")
    seen = [InternalAccess(**vars(it)) for it in found.subjects if it.type.startswith("Internal")]
    return Made(seen, via=_arns(asked)) if asked or seen else _nobody_looks("internal access", analyzers)


def _arns(analyzers: Iterable[Analyzer]) -> frozenset[str]:
    return frozenset(analyzer.resource for analyzer in analyzers)


def _nobody_looks(what: str, analyzers: Observed[Analyzer]) -> Unavailable:
    if all(gap.inapplicable for gap in analyzers.gaps.values()):
        return Unavailable(reason=f"the account has no analyzer for {what}", inapplicable=True)
    return Unavailable(reason=f"no analyzer for {what} was seen, and not every Region was: {', '.join(analyzers.gaps)}")


DERIVATIONS = (
    Derivation(AnalyzerCoverage, (AccountSummary, Analyzer), coverage),
    Derivation(Region, (EnabledRegion, Analyzer), regions),
    Derivation(ExternalAccess, (AnalyzerFinding, Analyzer, EnabledRegion), external_access),
    Derivation(UnusedAccess, (AnalyzerFinding, Analyzer), unused_access),
    Derivation(InternalAccess, (AnalyzerFinding, Analyzer), internal_access),
)
