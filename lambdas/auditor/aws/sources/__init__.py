"""What is asked of AWS, source by source."""

from auditor.aws.source import Source
from auditor.aws.sources.access_keys import ACCESS_KEYS
from auditor.aws.sources.account_summary import ACCOUNT_SUMMARY
from auditor.aws.sources.analyzer_findings import ANALYZER_FINDINGS
from auditor.aws.sources.analyzers import ANALYZERS
from auditor.aws.sources.authorization_details import AUTHORIZATION_DETAILS
from auditor.aws.sources.credential_report import CREDENTIAL_REPORT
from auditor.aws.sources.identity_providers import IDENTITY_PROVIDERS
from auditor.aws.sources.last_accessed import LAST_ACCESSED
from auditor.aws.sources.organization import ORGANIZATION
from auditor.aws.sources.password_policy import PASSWORD_POLICY
from auditor.aws.sources.regions import REGIONS
from auditor.aws.sources.server_certificates import SERVER_CERTIFICATES
from auditor.aws.sources.virtual_mfa_devices import VIRTUAL_MFA_DEVICES

SOURCES: tuple[Source, ...] = (
    CREDENTIAL_REPORT,
    AUTHORIZATION_DETAILS,
    ACCOUNT_SUMMARY,
    PASSWORD_POLICY,
    VIRTUAL_MFA_DEVICES,
    ACCESS_KEYS,
    IDENTITY_PROVIDERS,
    SERVER_CERTIFICATES,
    REGIONS,
    ANALYZERS,
    ANALYZER_FINDINGS,
    ORGANIZATION,
    LAST_ACCESSED,
)
"""Every source, after those it needs."""

ACTIONS: tuple[str, ...] = tuple(sorted({action for source in SOURCES for action in source.actions}))
"""All that the auditor asks of an account."""
