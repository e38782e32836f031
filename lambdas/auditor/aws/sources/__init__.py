"""What is asked of AWS, source by source."""

from auditor.aws.source import Source
from auditor.aws.sources.access_keys import ACCESS_KEYS
from auditor.aws.sources.account_contacts import ACCOUNT_CONTACTS
from auditor.aws.sources.account_summary import ACCOUNT_SUMMARY
from auditor.aws.sources.analyzer_findings import ANALYZER_FINDINGS
from auditor.aws.sources.analyzers import ANALYZERS
from auditor.aws.sources.authorization_details import AUTHORIZATION_DETAILS
from auditor.aws.sources.configuration_keys import CONFIGURATION_KEYS
from auditor.aws.sources.credential_report import CREDENTIAL_REPORT
from auditor.aws.sources.credentials_for_services import SERVICE_CREDENTIALS
from auditor.aws.sources.delegated_administrators import DELEGATED_ADMINISTRATORS
from auditor.aws.sources.effective_policies import EFFECTIVE_POLICIES
from auditor.aws.sources.identity_center import IDENTITY_CENTER
from auditor.aws.sources.identity_providers import IDENTITY_PROVIDERS
from auditor.aws.sources.last_accessed import LAST_ACCESSED
from auditor.aws.sources.metric_filters import METRIC_FILTERS
from auditor.aws.sources.mfa_devices import MFA_DEVICES
from auditor.aws.sources.organization import ORGANIZATION
from auditor.aws.sources.organization_features import ORGANIZATION_FEATURES
from auditor.aws.sources.organization_policies import ORGANIZATION_POLICIES
from auditor.aws.sources.password_policy import PASSWORD_POLICY
from auditor.aws.sources.regions import REGIONS
from auditor.aws.sources.roles_anywhere import ROLES_ANYWHERE
from auditor.aws.sources.server_certificates import SERVER_CERTIFICATES
from auditor.aws.sources.trails import TRAILS
from auditor.aws.sources.virtual_mfa_devices import VIRTUAL_MFA_DEVICES
from auditor.aws.sources.workloads import WORKLOADS

SOURCES: tuple[Source, ...] = (
    CREDENTIAL_REPORT,
    AUTHORIZATION_DETAILS,
    ACCOUNT_SUMMARY,
    PASSWORD_POLICY,
    VIRTUAL_MFA_DEVICES,
    MFA_DEVICES,
    ACCESS_KEYS,
    SERVICE_CREDENTIALS,
    IDENTITY_PROVIDERS,
    SERVER_CERTIFICATES,
    REGIONS,
    ANALYZERS,
    ANALYZER_FINDINGS,
    ORGANIZATION,
    ORGANIZATION_POLICIES,
    EFFECTIVE_POLICIES,
    DELEGATED_ADMINISTRATORS,
    ORGANIZATION_FEATURES,
    IDENTITY_CENTER,
    ACCOUNT_CONTACTS,
    TRAILS,
    METRIC_FILTERS,
    WORKLOADS,
    CONFIGURATION_KEYS,
    ROLES_ANYWHERE,
    LAST_ACCESSED,
)
"""Every source, after those it needs."""

ACTIONS: tuple[str, ...] = tuple(sorted({action for source in SOURCES for action in source.actions}))
"""All that the auditor asks of an account."""
