"""Regions, and what IAM Access Analyzer found in them."""

from dataclasses import dataclass
from datetime import datetime

from auditor.core.model import Subject


@dataclass(frozen=True, kw_only=True)
class EnabledRegion(Subject):
    """A Region that is enabled for the account."""

    aws_type = "AwsRegion"


@dataclass(frozen=True, kw_only=True)
class Analyzer(Subject):
    """An IAM Access Analyzer analyzer; `type` is AWS's (``ACCOUNT``, ``ORGANIZATION_UNUSED_ACCESS``, …)."""

    aws_type = "AWS::AccessAnalyzer::Analyzer"
    name: str
    type: str
    active: bool


@dataclass(frozen=True, kw_only=True)
class Region(Subject):
    """An enabled Region with the names of its active analyzers for external access."""

    aws_type = "AwsRegion"
    external_analyzers: tuple[str, ...]

    @property
    def name(self) -> str:
        """The Region's name."""
        return self.resource


@dataclass(frozen=True, kw_only=True)
class AnalyzerCoverage(Subject):
    """The types of the active analyzers that the account can see, in any Region."""

    aws_type = "AwsAccount"
    types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AnalyzerFinding(Subject):
    """An active finding of IAM Access Analyzer; `resource` is what it is about, `uid` the analyzer's finding id."""

    aws_type = "AccessAnalyzerFinding"
    gone_is_fixed = True
    type: str
    about_type: str
    analyzer: str
    created: datetime
    updated: datetime

    @property
    def resource_type(self) -> str:
        """Type of the resource that the finding is about."""
        return self.about_type

    @property
    def via(self) -> str:
        """The analyzer."""
        return self.analyzer


@dataclass(frozen=True, kw_only=True)
class ExternalAccess(AnalyzerFinding):
    """Somebody outside the zone of trust can reach the resource."""


@dataclass(frozen=True, kw_only=True)
class UnusedAccess(AnalyzerFinding):
    """A role, key, password or permission that was not used in the analyzer's window."""


@dataclass(frozen=True, kw_only=True)
class InternalAccess(AnalyzerFinding):
    """A principal inside the organization can reach a resource that was declared critical."""
