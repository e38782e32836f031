"""What holds for all sources together: what they declare, what they call, and what a refusal leaves."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto import mock_aws

from auditor.aws.gather import UnreadableSourceError, gather, snapshot
from auditor.aws.regional import each_region
from auditor.aws.session import OUT_OF_TIME, connect
from auditor.aws.source import Asked, Source
from auditor.aws.sources import ACTIONS, SOURCES
from auditor.aws.sources.account_summary import ACCOUNT_SUMMARY
from auditor.aws.sources.configuration_keys import CONFIGURATION_KEYS
from auditor.aws.sources.credential_report import CREDENTIAL_REPORT
from auditor.aws.sources.password_policy import PASSWORD_POLICY
from auditor.aws.sources.workloads import WORKLOADS
from auditor.checks import CATALOGUE
from auditor.core.evaluate import evaluate
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Observed, Owner, Unavailable
from auditor.core.subjects.credentials import AccountSummary, CredentialRow, PasswordPolicy
from auditor.render.export import as_json
from tests.aws import last_accessed
from tests.aws.answers import (
    ADMINISTRATOR,
    NO_DETAILS,
    TRAIL,
    administrator_entry,
    alarm_entry,
    alternate_contact,
    analyzer_entry,
    certificate_entry,
    delegated_entry,
    effective_policy,
    event_selectors,
    filter_entry,
    finding_entry,
    job,
    key_entry,
    mfa_entry,
    policy_entry,
    report,
    report_key,
    report_row,
    role_entry,
    root_row,
    service_credential_entry,
    service_entry,
    subscription_entry,
    trail_entry,
    user_entry,
)
from tests.aws.one_of_each import BESIDE_ONE_OF_EACH, make_one_of_each
from tests.aws.organized import organize
from tests.aws.watched_trail import make_watched_trail
from tests.aws.wire import Params, Refused, Reply, Wire, always, new_session, pages_of, scripted
from tests.aws.workload_answers import EMPTY, FULL
from tests.build import ACCOUNT, NOW, OWNER, ago, arn
from tests.deployed.access_analyzer import FakeAccessAnalyzer

IN_EU = {"eu-west-1": {"analyzers": [analyzer_entry()], "findings": {analyzer_entry()["arn"]: [finding_entry()]}}}
SCP = "SERVICE_CONTROL_POLICY"
SUMMARY = {"SummaryMap": {"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0}}


def script(**replies: Reply) -> dict[str, Reply]:
    """An account with one of each thing, as far as `replies` say nothing else."""
    text = report(root_row(), report_row("ana", **report_key()))
    details = {**NO_DETAILS, "UserDetailList": [administrator_entry()], "IsTruncated": False}
    answers: dict[str, Mapping[str, Any]] = {
        "GetCredentialReport": {"Content": text.encode(), "GeneratedTime": ago(0.1)},
        "GenerateCredentialReport": {"State": "COMPLETE"},
        "GetAccountAuthorizationDetails": details,
        "GetAccountSummary": SUMMARY,
        "GetAccountPasswordPolicy": {"PasswordPolicy": {"MinimumPasswordLength": 8}},
        "ListVirtualMFADevices": {"VirtualMFADevices": []},
        "ListMFADevices": {"MFADevices": [mfa_entry()], "IsTruncated": False},
        "ListAccessKeys": {"AccessKeyMetadata": [key_entry()], "IsTruncated": False},
        "ListOpenIDConnectProviders": {"OpenIDConnectProviderList": [{"Arn": arn("oidc-provider/gitlab.com")}]},
        "GetOpenIDConnectProvider": {"Url": "gitlab.com", "ClientIDList": ["sts.amazonaws.com"]},
        "ListSAMLProviders": {"SAMLProviderList": [{"Arn": arn("saml-provider/adfs"), "ValidUntil": ago(-400)}]},
        "GetSAMLProvider": {"Tags": [{"Key": "team", "Value": "red"}]},
        "ListServerCertificates": {"ServerCertificateMetadataList": [certificate_entry()], "IsTruncated": False},
        "GetServerCertificate": {
            "ServerCertificate": {"ServerCertificateMetadata": certificate_entry(), "CertificateBody": "x"}
        },
        "ListServiceSpecificCredentials": {"ServiceSpecificCredentials": [service_credential_entry()]},
        "DescribeRegions": {"Regions": [{"RegionName": "eu-west-1", "OptInStatus": "opt-in-not-required"}]},
        "ListAnalyzers": {"analyzers": [analyzer_entry()]},
        "ListFindingsV2": {"findings": [finding_entry()]},
        "DescribeOrganization": {
            "Organization": {"Id": "o-a1b2c3d4e5", "FeatureSet": "ALL", "MasterAccountId": ACCOUNT}
        },
        "DescribeAccount": {"Account": {"Id": ACCOUNT, "Name": "payments"}},
        "ListTagsForResource": {"Tags": []},
        "ListParents": {"Parents": [{"Id": "r-ab12", "Type": "ROOT"}]},
        "ListRoots": {"Roots": [{"Id": "r-ab12", "PolicyTypes": [{"Type": SCP, "Status": "ENABLED"}]}]},
        "ListPoliciesForTarget": {"Policies": [{"Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": SCP}]},
        "DescribePolicy": {
            "Policy": {"PolicySummary": {"Id": "p-FullAWSAccess", "Name": "FullAWSAccess"}, "Content": ADMINISTRATOR}
        },
        "ListDelegatedAdministrators": {"DelegatedAdministrators": [delegated_entry()]},
        "ListDelegatedServicesForAccount": {"DelegatedServices": [{"ServicePrincipal": "sso.amazonaws.com"}]},
        "ListOrganizationsFeatures": {"EnabledFeatures": ["RootSessions"]},
        "ListInstances": {"Instances": [{"InstanceArn": f"arn:aws:sso:::instance/ssoins-{16 * '1'}"}]},
        "DescribeTrails": {"trailList": [trail_entry()]},
        "GetTrailStatus": {"IsLogging": True, "LatestDeliveryTime": ago(0.1)},
        "GetEventSelectors": event_selectors(),
        "DescribeMetricFilters": {"metricFilters": [filter_entry()]},
        "DescribeAlarms": {"MetricAlarms": [alarm_entry()], "CompositeAlarms": []},
        "ListSubscriptionsByTopic": {"Subscriptions": [subscription_entry()]},
        **EMPTY,
        **FULL,
        "GenerateServiceLastAccessedDetails": {"JobId": str(UUID(int=1))},
        "GetServiceLastAccessedDetails": job(service_entry("s3", 1), service_entry("ec2")),
    }
    asked = {"DescribeEffectivePolicy": effective_policy, "GetAlternateContact": alternate_contact}
    return {name: always(answer) for name, answer in answers.items()} | asked | replies


def test_sources_are_asked_in_the_order_of_their_needs() -> None:
    begun: list[str] = []
    gather(scripted(Wire(script=script())), begin=lambda source: begun.append(source.name))
    assert begun == [source.name for source in SOURCES]
    asked = [set(begun[: begun.index(source.name)]) for source in SOURCES]
    assert all(set(source.needs) <= before for source, before in zip(SOURCES, asked, strict=True))


def test_every_source_of_a_whole_account_answers() -> None:
    evidence = gather(scripted(Wire(script=script())))
    assert [name for name, it in evidence.answers.items() if isinstance(it, Unavailable)] == []
    assert (evidence.owner, evidence.gathered_at) == (OWNER, NOW)


def test_gathering_calls_nothing_but_reads() -> None:
    wire = Wire(script=script(GetCredentialReport=always(Refused("ReportExpired"))))
    pauses: list[float] = []
    gather(scripted(wire, pauses=pauses))
    others = {call.name for call in wire.calls if not call.name.startswith(("Get", "List", "Describe", "BatchGet"))}
    assert others == {"GenerateCredentialReport", "GenerateServiceLastAccessedDetails"}


@pytest.fixture
def moto_account() -> Iterator[None]:
    last_accessed.install()
    with mock_aws():
        iam = new_session().client("iam")
        iam.create_user(UserName="ana")
        iam.create_access_key(UserName="ana")
        iam.create_virtual_mfa_device(VirtualMFADeviceName="spare")
        organize(new_session().client("organizations"))
        make_watched_trail(new_session())
        make_one_of_each(iam, "ana")
        yield


def _run_one_of_each(owner: Owner) -> None:
    """What is asked about one by one, so that it is asked about."""
    session = new_session("eu-west-1")
    ami = session.client("ec2").register_image(Name="own")["ImageId"]
    session.client("ec2").run_instances(ImageId=ami, MinCount=1, MaxCount=1)
    container = {"name": "web", "image": "x", "memory": 128}
    session.client("ecs").register_task_definition(family="shop", containerDefinitions=[container])
    session.client("codebuild").create_project(
        name="build",
        source={"type": "S3", "location": "bucket/path"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=f"arn:aws:iam::{owner.account}:role/build",
    )
    session.client("sagemaker").create_notebook_instance(
        NotebookInstanceName="lab", InstanceType="ml.t2.medium", RoleArn=arn("role/lab")
    )
    definition = '{"StartAt": "a", "States": {"a": {"Type": "Pass", "End": true}}}'
    session.client("stepfunctions").create_state_machine(name="pay", definition=definition, roleArn=arn("role/states"))
    document = '{"schemaVersion": "2.2", "mainSteps": []}'
    session.client("ssm").create_document(Name="set-up", Content=document, DocumentType="Command")


SCRIPT: dict[str, Reply] = BESIDE_ONE_OF_EACH | {"DescribeRegions": always(FULL["DescribeRegions"])}


@pytest.mark.usefixtures("moto_account")
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_source_calls_exactly_what_it_declares(source: Source) -> None:
    """Against moto, so that no script has to know beforehand what will be called."""
    session, wire = new_session(), Wire(script=SCRIPT)
    FakeAccessAnalyzer(IN_EU).mount(session)  # type: ignore[arg-type]
    Wire(script=SCRIPT).mount(session)
    aws = replace(connect(session, NOW), pause=lambda _: None)
    if source in (WORKLOADS, CONFIGURATION_KEYS):
        _run_one_of_each(aws.owner)
    needed = gather(aws, _needs_of(source)).answers
    recorded = new_session()
    FakeAccessAnalyzer(IN_EU).mount(recorded)  # type: ignore[arg-type]
    wire.mount(recorded)
    raw = {name: answer.raw for name, answer in needed.items() if isinstance(answer, Answer)}
    source.gather(replace(aws, session=recorded), raw)
    assert wire.actions == set(source.actions)


def _needs_of(source: Source) -> list[Source]:
    named = [it for it in SOURCES if it.name in source.needs]
    return [*(deeper for it in named for deeper in _needs_of(it)), *named]


def test_all_actions_are_those_of_the_sources() -> None:
    assert list(ACTIONS) == sorted({action for source in SOURCES for action in source.actions})


OPERATIONS = {
    "credential-report": ["GetCredentialReport"],
    "authorization-details": ["GetAccountAuthorizationDetails"],
    "account-summary": ["GetAccountSummary"],
    "password-policy": ["GetAccountPasswordPolicy"],
    "virtual-mfa-devices": ["ListVirtualMFADevices"],
    "mfa-devices": ["ListMFADevices"],
    "access-keys": ["ListAccessKeys"],
    "identity-providers": [
        "ListOpenIDConnectProviders",
        "GetOpenIDConnectProvider",
        "ListSAMLProviders",
        "GetSAMLProvider",
    ],
    "server-certificates": ["ListServerCertificates", "GetServerCertificate"],
    "service-credentials": ["ListServiceSpecificCredentials"],
    "regions": ["DescribeRegions"],
    "organization": ["DescribeOrganization", "DescribeAccount", "ListTagsForResource", "ListParents"],
    "organization-policies": ["ListRoots", "ListPoliciesForTarget", "DescribePolicy"],
    "effective-policies": ["DescribeEffectivePolicy"],
    "delegated-administrators": ["ListDelegatedAdministrators", "ListDelegatedServicesForAccount"],
    "organization-features": ["ListOrganizationsFeatures"],
    "account-contacts": ["GetAlternateContact"],
    "last-accessed": ["GenerateServiceLastAccessedDetails", "GetServiceLastAccessedDetails"],
}


@pytest.mark.parametrize(
    ("source", "operation"), [(source, operation) for source, names in OPERATIONS.items() for operation in names]
)
def test_denied_source_is_unavailable_with_the_reason_and_so_is_what_needs_it(source: str, operation: str) -> None:
    denied = script(**{operation: always(Refused("AccessDenied", "ana may not"))})
    answers = gather(scripted(Wire(script=denied))).answers
    expected = {source: Unavailable(reason=f"{operation}: AccessDenied: ana may not")}
    for dependent in SOURCES:
        lacking = next((needed for needed in dependent.needs if needed in expected), None)
        if lacking:
            expected[dependent.name] = Unavailable(reason=f"needs {lacking}: {expected[lacking].reason}")
    assert {name: it for name, it in answers.items() if isinstance(it, Unavailable)} == expected


REGIONAL = {
    "ListInstances": ("identity-center", "eu-west-1"),
    "ListAnalyzers": ("analyzers", "eu-west-1"),
    "DescribeTrails": ("trails", "eu-west-1"),
    "GetTrailStatus": ("trails", TRAIL),
    "GetEventSelectors": ("trails", TRAIL),
    "DescribeMetricFilters": ("metric-filters", "eu-west-1"),
    "DescribeAlarms": ("metric-filters", "eu-west-1"),
    "ListSubscriptionsByTopic": ("metric-filters", "eu-west-1"),
}


@pytest.mark.parametrize("operation", REGIONAL)
def test_denied_regional_source_is_a_gap_of_each_region(operation: str) -> None:
    denied = script(**{operation: always(Refused("AccessDeniedException", "no"))})
    source, scope = REGIONAL[operation]
    answer = gather(scripted(Wire(script=denied))).answers[source]
    assert isinstance(answer, Answer)
    assert answer.gaps == {scope: Unavailable(reason=f"{operation}: AccessDeniedException: no")}


def test_refused_credentials_are_not_taken_for_a_region_that_is_not_enabled() -> None:
    refused = script(GetAccountSummary=always(Refused("InvalidClientTokenId", "The security token is invalid")))
    answer = gather(scripted(Wire(script=refused)), [ACCOUNT_SUMMARY]).answers["account-summary"]
    assert answer == Unavailable(reason="GetAccountSummary: InvalidClientTokenId: The security token is invalid")


def test_unreadable_answer_makes_what_needs_it_unavailable_and_leaves_the_rest() -> None:
    text = report(report_row(mfa_active="perhaps"))
    broken = script(GetCredentialReport=always({"Content": text.encode(), "GeneratedTime": NOW}))
    answers = gather(scripted(Wire(script=broken))).answers
    assert answers["access-keys"] == Unavailable(
        reason="needs credential-report, which cannot be read: "
        "line 2, column mfa_active: 'perhaps' is neither true nor false"
    )
    assert isinstance(answers["regions"], Answer)


@pytest.mark.parametrize(
    ("status", "code"), [(400, "Throttling"), (400, "RequestLimitExceeded"), (503, "ServiceUnavailable")]
)
def test_throttled_call_is_made_again(status: int, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waits.append)
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket._sleep_amount", lambda *_: 0)
    bodies = [_error(code)] * 3 + [_SUMMARY_XML]

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        body = bodies.pop(0)
        return AWSResponse(request.url, status if b"<Error>" in body else 200, {}, _Raw(body))

    aws = scripted(Wire())
    aws.session.events.register("before-send.iam", answer)
    given = gather(aws, [ACCOUNT_SUMMARY]).answers["account-summary"]
    assert isinstance(given, Answer)
    assert given.raw == {"SummaryMap": {"Users": 3}}
    assert (len(waits), bodies) == (3, [])


class _Raw:
    """A body as urllib3 would stream it."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.body


def _error(code: str) -> bytes:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>later</Message></Error></ErrorResponse>".encode()


_SUMMARY_XML = b"""<GetAccountSummaryResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetAccountSummaryResult>
<SummaryMap><entry><key>Users</key><value>3</value></entry></SummaryMap>
</GetAccountSummaryResult></GetAccountSummaryResponse>"""

PARTITIONS = {"aws": ("us-east-1", "com"), "aws-cn": ("cn-north-1", "com.cn"), "aws-us-gov": ("us-gov-west-1", "com")}


@pytest.mark.parametrize(("partition", "home"), PARTITIONS.items())
def test_partition_comes_from_the_caller_and_from_nowhere_else(partition: str, home: tuple[str, str]) -> None:
    region, domain = home
    identity = {"Account": ACCOUNT, "Arn": f"arn:{partition}:sts::{ACCOUNT}:assumed-role/auditor/run", "UserId": "x"}
    there = {name: _moved(reply, partition, region) for name, reply in script().items()}
    wire = Wire(script={**there, "GetCallerIdentity": always(identity)})
    session = new_session(region)
    wire.mount(session)
    aws = connect(session, NOW)
    assert aws.owner == Owner(account=ACCOUNT, partition=partition)
    seen = evaluate(snapshot(gather(aws)), CATALOGUE.values())
    told = as_json(seen)
    assert json.loads(told)["findings"] != []
    assert {it.split(":")[1] for it in told.split('"') if it.startswith("arn:")} == {partition}
    assert f":{partition}:" in told
    assert {call.host.partition(".amazonaws.")[2] for call in wire.calls} == {domain}
    assert all(finding.owner.partition == partition for finding in seen.findings)


def _moved(reply: Reply, partition: str, region: str) -> Reply:
    """The same answer in another partition."""

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: moved(it) for key, it in value.items()}
        if isinstance(value, list):
            return [moved(it) for it in value]
        if isinstance(value, bytes):
            return moved(value.decode()).encode()
        if isinstance(value, str):
            return value.replace("arn:aws:", f"arn:{partition}:").replace("eu-west-1", region)
        return value

    return lambda params: moved(reply(params))


def test_calls_for_a_large_account_stay_within_the_budget() -> None:
    """1,000 users of whom 500 have active keys, 500 roles, 300 policies, 17 Regions with an analyzer each.

    What runs in a Region costs what its tests say, besides one call for each kind.
    """
    """1,000 users, 500 with active keys, 20 administrators with MFA, 500 roles, 300 policies, 17 Regions' analyzers."""
    users = [f"u{number:04}" for number in range(1000)]
    with_keys, administrators = set(users[::2]), set(users[::50])
    rows = [report_row(name, **(report_key() if name in with_keys else {})) for name in users]
    entities = [
        *(("UserDetailList", (administrator_entry if name in administrators else user_entry)(name)) for name in users),
        *(("RoleDetailList", role_entry(f"r{number:04}")) for number in range(500)),
        *(("Policies", policy_entry(f"p{number:04}")) for number in range(300)),
    ]
    regions = [f"eu-west-{number}" for number in range(1, 18)]

    def details(params: Params) -> dict[str, Any]:
        pages = list(pages_of(entities, params["MaxItems"]))
        number = int(params.get("Marker", 0))
        more = {"IsTruncated": True, "Marker": str(number + 1)} if number + 1 < len(pages) else {"IsTruncated": False}
        return {name: [it for kind, it in pages[number] if kind == name] for name in NO_DETAILS} | more

    wire = Wire(
        script=script(
            GetCredentialReport=always({"Content": report(root_row(), *rows).encode(), "GeneratedTime": NOW}),
            GetAccountAuthorizationDetails=details,
            DescribeRegions=always({"Regions": [{"RegionName": it, "OptInStatus": "opted-in"} for it in regions]}),
            **{name: always(it) for name, it in EMPTY.items()},
        )
    )
    evidence = gather(scripted(wire))
    assert not [it for it in evidence.answers.values() if isinstance(it, Unavailable)]
    counts = {name: len(wire.named(name)) for name in sorted({call.name for call in wire.calls})}
    print("calls:", len(wire.calls), counts)  # noqa: T201
    assert counts.pop("ListAccessKeys") == 500
    assert counts.pop("ListMFADevices") == 20
    assert counts.pop("ListAnalyzers") == 17
    assert counts.pop("ListFindingsV2") == 17
    assert counts.pop("ListInstances") == 17
    assert counts.pop("DescribeTrails") == 17
    assert counts.pop("GetAccountAuthorizationDetails") == 2
    assert counts.pop("DescribeEffectivePolicy") == 3
    assert counts.pop("GetAlternateContact") == 3
    assert counts.pop("ListPoliciesForTarget") == 2
    assert {name: counts.pop(name) for name in EMPTY} == dict.fromkeys(EMPTY, 17)
    assert counts.pop("GenerateServiceLastAccessedDetails") == 200
    assert counts.pop("GetServiceLastAccessedDetails") == 200
    assert counts == dict.fromkeys(counts, 1)


def evidence(**answers: Answer | Unavailable) -> Evidence:
    return Evidence(owner=OWNER, gathered_at=NOW, answers={it.replace("_", "-"): a for it, a in answers.items()})


def test_snapshot_knows_each_kind_with_its_evidences_age_and_gaps() -> None:
    gap = {"eu-west-2": Unavailable(reason="denied")}
    text = Answer(raw=report(report_row()), as_of=ago(0.1), gaps=gap)
    seen = snapshot(evidence(credential_report=text), [CREDENTIAL_REPORT]).of(CredentialRow)
    assert isinstance(seen, Observed)
    assert ([it.name for it in seen.subjects], seen.as_of, seen.gaps) == (["ana"], ago(0.1), gap)


def test_source_that_was_not_asked_is_unavailable() -> None:
    seen = snapshot(evidence(), [PASSWORD_POLICY]).of(PasswordPolicy)
    assert seen == Unavailable(reason="password-policy: it was not asked")


@pytest.mark.parametrize("inapplicable", [True, False])
def test_reason_of_a_source_is_the_reason_of_its_kinds(*, inapplicable: bool) -> None:
    missing = Unavailable(reason="no such API", inapplicable=inapplicable)
    seen = snapshot(evidence(account_summary=missing), [ACCOUNT_SUMMARY]).of(AccountSummary)
    assert seen == Unavailable(reason="account-summary: no such API", inapplicable=inapplicable)


def test_unreadable_answer_is_unavailable_with_the_place() -> None:
    broken = evidence(account_summary=Answer(raw={"SummaryMap": {}}, as_of=NOW))
    seen = snapshot(broken, [ACCOUNT_SUMMARY]).of(AccountSummary)
    assert seen == Unavailable(reason="account-summary: cannot be read: SummaryMap.AccountMFAEnabled: Field required")


def test_unreadable_answer_is_an_error_that_names_its_file_where_a_person_gave_it() -> None:
    broken = evidence(account_summary=Answer(raw={"SummaryMap": {}}, as_of=NOW))
    with pytest.raises(UnreadableSourceError) as error:
        snapshot(broken, [ACCOUNT_SUMMARY], strict=True)
    assert str(error.value) == "account-summary.json: SummaryMap.AccountMFAEnabled: Field required"


# What earlier runs were told.


def recalling(*, remembers: bool) -> tuple[Source, list[Mapping[str, Any]]]:
    """A source that says what it was given."""
    given: list[Mapping[str, Any]] = []

    def gather_(_: Any, needed: Mapping[str, Any]) -> Asked:
        given.append(dict(needed))
        return Asked(raw={})

    made = replace(PASSWORD_POLICY, name="own", needs=("account-summary",), gather=gather_, remembers=remembers)
    return made, given


@pytest.mark.parametrize("remembers", [True, False])
def test_source_gets_its_own_last_answer_only_if_it_remembers(*, remembers: bool) -> None:
    source, given = recalling(remembers=remembers)
    before = {"own": {"last": 1}, "account-summary": {"last": 2}, "retired": {"last": 3}}
    gather(scripted(Wire(script=script())), [ACCOUNT_SUMMARY, source], before=before)
    assert given == [{"account-summary": SUMMARY} | ({"own": {"last": 1}} if remembers else {})]


def test_source_that_remembers_gets_nothing_in_the_first_run() -> None:
    source, given = recalling(remembers=True)
    gather(scripted(Wire(script=script())), [ACCOUNT_SUMMARY, source])
    assert given == [{"account-summary": SUMMARY}]


# When time runs out.


def test_nothing_more_is_asked_when_time_has_run_out_and_that_is_said() -> None:
    """What was asked before is kept; a Region that hangs must not cost the whole audit."""
    wire, seconds = Wire(script=script()), iter(range(10_000))
    account = replace(scripted(wire), elapsed=lambda: float(next(seconds)))
    answers = gather(account.within(3)).answers
    asked = [name for name, it in answers.items() if isinstance(it, Answer)]
    assert asked == [source.name for source in SOURCES[:3]]
    assert {it.reason for it in answers.values() if isinstance(it, Unavailable)} == {OUT_OF_TIME.reason}
    assert not OUT_OF_TIME.inapplicable


def test_regions_that_there_is_no_time_for_are_gaps() -> None:
    account = replace(scripted(Wire(script=script())), until=-1.0)
    assert each_region(account, "accessanalyzer", ["eu-west-1"], lambda *_: ["seen"]) == (
        [],
        {"eu-west-1": OUT_OF_TIME},
    )
