"""The Regions of the partition and which of them are enabled for the account."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, MalformedEvidenceError, Reading, Shape, Source, validated
from auditor.core.model import Owner, Unavailable
from auditor.core.subjects.access_analyzer import EnabledRegion

NOT_ENABLED = Unavailable(reason="the Region is not enabled for the account", inapplicable=True)


class RegionShape(Shape):
    """An entry of Regions."""

    name: str = Field(alias="RegionName")
    opt_in: str = Field(alias="OptInStatus", default="opt-in-not-required")


class Listing(Shape):
    """The whole answer."""

    regions: list[RegionShape] = Field(alias="Regions")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """One call, which also names the Regions that are not enabled."""
    return Asked(raw={"Regions": aws.client("ec2").describe_regions(AllRegions=True)["Regions"]})


def read(raw: Any, _: Owner) -> Reading:
    """One subject for each enabled Region; the others are gaps."""
    listed = validated(Listing, raw).regions
    enabled = [it.name for it in listed if it.opt_in != "not-opted-in"]
    if not enabled:
        raise MalformedEvidenceError("Regions", "none is enabled, and an account without a Region there is not")
    return Reading(
        subjects=[EnabledRegion(resource=name, uid=name, region=name) for name in sorted(enabled)],
        gaps={EnabledRegion: {it.name: NOT_ENABLED for it in listed if it.opt_in == "not-opted-in"}},
    )


def enabled(needed: Mapping[str, Any], owner: Owner) -> list[str]:
    """The names of the enabled Regions in the answers that a source needs, in order."""
    subjects = read(needed[REGIONS.name], owner).subjects
    return [it.resource for it in subjects if isinstance(it, EnabledRegion)]


REGIONS = Source(name="regions", actions=("ec2:DescribeRegions",), kinds=(EnabledRegion,), gather=gather, read=read)
