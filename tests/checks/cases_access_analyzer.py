from auditor.checks.access_analyzer import (
    account_without_unused_access_analyzer,
    external_access,
    internal_access,
    region_without_analyzer,
    unused_access,
)
from auditor.core.case import Case
from auditor.core.subjects.access_analyzer import AnalyzerCoverage
from tests import build
from tests.build import ACCOUNT, analyzer_finding, region

EXTERNAL = analyzer_finding(type="ExternalAccess")
INTERNAL = analyzer_finding(type="InternalAccess")
UNUSED = tuple(
    analyzer_finding(type=it)
    for it in ("UnusedIAMRole", "UnusedIAMUserAccessKey", "UnusedIAMUserPassword", "UnusedPermission")
)


def coverage(*types: str) -> AnalyzerCoverage:
    return AnalyzerCoverage(resource=ACCOUNT, uid="account", types=types)


CASES = (
    Case(
        external_access,
        fails={build.external_access(): "arn:aws:s3:::ledger can be reached from outside since 2026-11-10"},
        left_out=(INTERNAL, *UNUSED),
    ),
    Case(
        unused_access,
        fails={
            build.unused_access(): (
                "arn:aws:s3:::ledger has access that is not used (UnusedPermission) since 2026-11-10"
            ),
        },
        left_out=(EXTERNAL, INTERNAL),
    ),
    Case(
        internal_access,
        fails={
            build.internal_access(): (
                "arn:aws:s3:::ledger can be reached from inside the organization since 2026-11-10"
            ),
        },
        left_out=(EXTERNAL, *UNUSED),
    ),
    Case(
        region_without_analyzer,
        fails={region("eu-west-1"): "nothing in eu-west-1 is analyzed for external access"},
        passes=(region("eu-west-1", "zone"), region("eu-west-1", "zone", "organization")),
    ),
    Case(
        account_without_unused_access_analyzer,
        fails={
            coverage(): "no analyzer looks for access that is not used",
            coverage("ACCOUNT", "ORGANIZATION"): "no analyzer looks for access that is not used",
        },
        passes=(coverage("ACCOUNT", "ACCOUNT_UNUSED_ACCESS"), coverage("ORGANIZATION_UNUSED_ACCESS")),
    ),
)
