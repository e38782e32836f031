"""Each source is lost in turn: nothing of what it showed is resolved, and that it is lost is told once."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from auditor.aws.evidence_files import decode
from auditor.aws.gather import snapshot
from auditor.aws.sources import SOURCES, effective_policies
from auditor.aws.sources.account_contacts import CONTACTS, NONE
from auditor.checks import CATALOGUE
from auditor.core.evaluate import evaluate
from auditor.core.evidence import Answer, Evidence
from auditor.core.life import Changes, Event
from auditor.core.model import Unavailable
from tests.aws.answers import (
    LOG_GROUP,
    alarm_entry,
    analyzer_entry,
    event_selectors,
    filter_entry,
    finding_entry,
    service_credential_entry,
    service_entry,
    subscription_entry,
    trail_entry,
)
from tests.aws.office import Office, minutes
from tests.aws.workload_answers import KEY_ID, here
from tests.build import ACCOUNT, NOW, arn
from tests.cli.evidence import document, ordinary

REGION = "eu-west-1"
ORGANIZATION = {"Id": "o-a1b2c3d4e5", "FeatureSet": "ALL", "MasterAccountId": "999988887777"}
ANALYZER = analyzer_entry(arn=f"arn:aws:access-analyzer:{REGION}:111122223333:analyzer/zone")
PRINCIPALS = (arn("user/ana"), arn("role/deploy"))


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    """With its times as in a file."""
    return {name: it.isoformat() if isinstance(it, datetime) else it for name, it in answer.items()}


WHOLE = ordinary() | {
    "virtual-mfa-devices.json": document({"VirtualMFADevices": []}),
    "mfa-devices.json": document({"MFADevices": []}),
    "service-credentials.json": document({"ServiceSpecificCredentials": [plain(service_credential_entry())]}),
    "identity-providers.json": document({"OpenIDConnectProviderList": [], "SAMLProviderList": []}),
    "server-certificates.json": document(
        {
            "ServerCertificateMetadataList": [
                {
                    "ServerCertificateName": "old",
                    "ServerCertificateId": "ASCA1",
                    "Arn": arn("server-certificate/old"),
                    "Path": "/",
                    "Tags": [],
                    "Expiration": (NOW - timedelta(days=9)).isoformat(),
                }
            ]
        }
    ),
    "regions.json": document(
        {"Regions": [{"RegionName": name, "OptInStatus": "opt-in-not-required"} for name in (REGION, "us-east-1")]}
    ),
    "analyzers.json": document({"analyzers": [plain(ANALYZER)]}),
    "analyzer-findings.json": document({"findings": [plain(finding_entry() | {"analyzerArn": ANALYZER["arn"]})]}),
    "organization.json": document(
        {
            "Organization": ORGANIZATION,
            "Account": {"Id": ACCOUNT, "Name": "payments"},
            "Tags": [],
            "Parents": [{"Id": "r-ab12", "Type": "ROOT"}],
        }
    ),
    "organization-policies.json": document(
        {
            "Organization": ORGANIZATION,
            "Roots": [{"Id": "r-ab12", "PolicyTypes": []}],
            "Targets": [],
            "Policies": [],
        }
    ),
    "effective-policies.json": document(
        {"EffectivePolicies": [{"PolicyType": kind, "PolicyContent": "{}"} for kind in effective_policies.KINDS]}
    ),
    "delegated-administrators.json": document(
        {"Organization": ORGANIZATION, "DelegatedAdministrators": [], "DelegatedServices": []}
    ),
    "organization-features.json": document({"EnabledFeatures": ["RootCredentialsManagement"]}),
    "identity-center.json": document({"Instances": []}),
    "account-contacts.json": document(
        {"AlternateContacts": [{"AlternateContactType": kind, "Error": NONE} for kind in CONTACTS]}
    ),
    "trails.json": document({"trailList": [trail_entry(Status={"IsLogging": True}, Selectors=event_selectors())]}),
    "metric-filters.json": document(
        {
            "logGroups": [{"arn": LOG_GROUP, "metricFilters": [filter_entry()]}],
            "MetricAlarms": [alarm_entry()],
            "CompositeAlarms": [],
            "Subscriptions": [subscription_entry()],
        }
    ),
    "workloads.json": document(
        [{"type": "AWS::EC2::Instance", "arn": here("ec2", "instance/i-1"), "role": None, "profile": None}]
    ),
    "configuration-keys.json": document(
        [{"type": "AWS::EC2::Instance", "arn": here("ec2", "instance/i-1"), "where": "UserData", "key": KEY_ID}]
    ),
    "roles-anywhere.json": document({"trustAnchors": [], "profiles": []}),
    "last-accessed.json": document(
        {
            "LastAccessed": [
                {
                    "Arn": it,
                    "JobCompletionDate": NOW.isoformat(),
                    "ServicesLastAccessed": [plain(service_entry("s3", 1)), plain(service_entry("bedrock"))],
                }
                for it in PRINCIPALS
            ]
        }
    ),
}


def evidence(at: datetime, *lost: str) -> Evidence:
    """All that there is, as of `at`, without the lost sources."""
    known = decode(WHOLE, NOW).evidence
    answers: dict[str, Any] = {
        name: replace(it, as_of=at) if isinstance(it, Answer) else it for name, it in known.answers.items()
    }
    denied = Unavailable(reason="AccessDenied")
    return replace(known, gathered_at=at, answers=answers | dict.fromkeys(lost, denied))


def audit(office: Office, at: datetime, *lost: str) -> Changes:
    """One audit, handed on; its clock is that of the first one, so that nothing ages."""
    seen = replace(evaluate(snapshot(evidence(NOW, *lost)), CATALOGUE.values()))
    later = {check: replace(it, as_of=at) for check, it in seen.examined.items()}
    findings = tuple(replace(it, evidence_at=at) for it in seen.findings)
    changes = office.audit(replace(seen, evidence_at=at, examined=later, findings=findings))
    office.hand_on(at + minutes(1))
    return changes


def gaps(office: Office) -> Counter[tuple[str, str]]:
    """The gaps that wait to be told, with their reasons."""
    waiting = [it for it in office.items("C#").values() if it["item"] == "news" and "gap" in it]
    return Counter((it["gap"]["check"], it["gap"]["reason"]) for it in waiting)


def test_evidence_is_whole_and_almost_every_source_shows_something_wrong() -> None:
    known = evidence(NOW)
    assert [name for name, it in known.answers.items() if not isinstance(it, Answer)] == []
    everything = evaluate(snapshot(known), CATALOGUE.values())
    assert everything.unplanned_gaps == {}
    assert len({it.check for it in everything.findings}) >= 8


@pytest.mark.parametrize("source", [it.name for it in SOURCES])
def test_nothing_resolves_while_a_source_is_lost_and_it_is_told_once(office: Office, source: str) -> None:
    first = audit(office, NOW)
    opened = {change.after.finding.id for change in first.transitions}
    for day in (1, 2):
        changes = audit(office, NOW + timedelta(days=day), source)
        assert [it.after.finding.check for it in changes.transitions if it.after.event is not Event.OPENED] == []
        expected = evaluate(snapshot(evidence(NOW, source)), CATALOGUE.values()).unplanned_gaps
        assert gaps(office) == Counter(expected.items())
    back = audit(office, NOW + timedelta(days=3))
    assert [change for change in back.transitions if change.after.finding.id in opened] == []
    assert gaps(office) == Counter(expected.items()) + Counter((check, "") for check in expected)
