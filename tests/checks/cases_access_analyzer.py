from auditor.checks.access_analyzer import external_access, internal_access, region_without_analyzer, unused_access
from tests import build
from tests.build import analyzer_finding, region
from tests.checks.case import Case

EXTERNAL = analyzer_finding(type="ExternalAccess")
INTERNAL = analyzer_finding(type="InternalAccess")
UNUSED = tuple(
    analyzer_finding(type=it)
    for it in ("UnusedIAMRole", "UnusedIAMUserAccessKey", "UnusedIAMUserPassword", "UnusedPermission")
)

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
)
