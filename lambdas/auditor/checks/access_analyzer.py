"""What IAM Access Analyzer found, and where nobody asked it."""

from auditor.core.check import Context, Problem, Problems, Severity, check, day
from auditor.core.subjects.access_analyzer import (
    AnalyzerCoverage,
    AnalyzerFinding,
    ExternalAccess,
    InternalAccess,
    Region,
    UnusedAccess,
)


@check(
    Severity.HIGH,
    controls=("access-analyzer/ExternalAccess", "iam-best-practice/11", "iam-anti-pattern/6"),
    fix="aws accessanalyzer get-finding-v2 --region {it.region} --analyzer-arn {it.analyzer} --id {it.uid}"
    "   # then narrow the resource's policy, or archive the finding if the access is intended",
)
def external_access(finding: ExternalAccess, ctx: Context) -> Problems:  # noqa: ARG001
    """Somebody outside the account or organization can reach a resource.

    Access Analyzer proved from the policies that a principal outside the zone of trust has access. Every such access
    is either intended, and then archived with a reason, or a leak.
    """
    yield _as_problem(finding, "can be reached from outside")


@check(
    Severity.LOW,
    controls=(
        "access-analyzer/UnusedIAMRole",
        "access-analyzer/UnusedIAMUserAccessKey",
        "access-analyzer/UnusedIAMUserPassword",
        "access-analyzer/UnusedPermission",
        "iam-best-practice/8",
        "iam-best-practice/9",
        "iam-anti-pattern/5",
        "iam-manager/6",
    ),
    fix="aws accessanalyzer generate-finding-recommendation --region {it.region} --analyzer-arn {it.analyzer}"
    " --id {it.uid}",
)
def unused_access(finding: UnusedAccess, ctx: Context) -> Problems:  # noqa: ARG001
    """Access was granted and not used.

    Access Analyzer saw no use of the role, key, password or permission in its window. What nobody uses can go without
    anybody missing it, and serves only an intruder.
    """
    yield _as_problem(finding, f"has access that is not used ({finding.type})")


@check(
    Severity.MEDIUM,
    controls=("access-analyzer/InternalAccess", "iam-best-practice/6", "iam-best-practice/11"),
    fix="aws accessanalyzer get-finding-v2 --region {it.region} --analyzer-arn {it.analyzer} --id {it.uid}"
    "   # then narrow the access, or archive the finding if it is intended",
)
def internal_access(finding: InternalAccess, ctx: Context) -> Problems:  # noqa: ARG001
    """Principal inside the organization can reach a resource declared critical.

    Somebody named the resource as one whose every access should be known. Each principal that can reach it is either
    expected, and then archived, or one too many.
    """
    yield _as_problem(finding, "can be reached from inside the organization")


def _as_problem(finding: AnalyzerFinding, what: str) -> Problem:
    return Problem(f"{finding.resource} {what} since {day(finding.created)}", {"updated": finding.updated})


@check(
    Severity.MEDIUM,
    controls=(
        "cis-1.4/1.20",
        "cis-1.5/1.20",
        "cis-2.0/1.20",
        "cis-3.0/1.20",
        "cis-4.0/1.20",
        "cis-5.0/1.19",
        "cis-6.0/2.19",
        "cis-7.0/2.18",
        "fsbp/IAM.28",
        "config/iam-external-access-analyzer-enabled",
        "trusted-advisor/07602fcad6",
        "access-analyzer/ACCOUNT",
        "access-analyzer/ORGANIZATION",
        "iam-best-practice/11",
        "iam-anti-pattern/6",
    ),
    fix="aws accessanalyzer create-analyzer --region {it.name} --type ACCOUNT --analyzer-name account",
)
def region_without_analyzer(region: Region, ctx: Context) -> Problems:  # noqa: ARG001
    """Enabled Region has no analyzer for external access.

    Access Analyzer looks at one Region at a time. Where it is off, a bucket, key or queue that is shared with the
    whole world stays unnoticed. An organization's analyzer counts where the account can see it.
    """
    if not region.external_analyzers:
        yield Problem(f"nothing in {region.name} is analyzed for external access")


@check(
    Severity.LOW,
    controls=(
        "access-analyzer/ACCOUNT_UNUSED_ACCESS",
        "access-analyzer/ORGANIZATION_UNUSED_ACCESS",
        "iam-best-practice/8",
        "iam-best-practice/9",
        "iam-anti-pattern/5",
        "iam-manager/6",
    ),
    fix="aws accessanalyzer create-analyzer --type ACCOUNT_UNUSED_ACCESS --analyzer-name unused-access"
    " --configuration unusedAccess={{unusedAccessAge=90}}",
)
def account_without_unused_access_analyzer(account: AnalyzerCoverage, ctx: Context) -> Problems:  # noqa: ARG001
    """Account has no analyzer for unused access.

    Only this analyzer compares what every role and user may do with what they did. IAM is global: one Region is
    enough. It is paid by the role and user. An organization's analyzer counts where the account can see it.
    """
    if not any(it.endswith("_UNUSED_ACCESS") for it in account.types):
        yield Problem("no analyzer looks for access that is not used")
