"""Subjects, findings and evaluations with defaults, dated relative to one fixed moment. Ages are days before it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from auditor.core.check import Severity
from auditor.core.evaluate import Evaluation, Examined, Finding, Skip, finding_id
from auditor.core.exceptions import ExceptionRule, Rules
from auditor.core.life import Changes, Event, Ledger, Record, Resolution, Status
from auditor.core.model import AccountSnapshot, Observed, Owner, Subject, Unavailable
from auditor.core.reconcile import reconcile
from auditor.core.subjects.access_analyzer import (
    Analyzer,
    AnalyzerFinding,
    EnabledRegion,
    ExternalAccess,
    InternalAccess,
    Region,
    UnusedAccess,
)
from auditor.core.subjects.credentials import (
    AccessKey,
    AccountSummary,
    BedrockKey,
    CertificateSlot,
    CredentialRow,
    KeyMetadata,
    KeySlot,
    MfaDevice,
    PasswordPolicy,
    RootMfa,
    RootUser,
    ServiceCredential,
    ServiceCredentialMetadata,
    User,
    UserWithDevices,
    UserWithRights,
    UserWithServices,
    VirtualMfaDevice,
)
from auditor.core.subjects.entities import (
    Group,
    IdentityProvider,
    Policy,
    Principal,
    Role,
    ServerCertificate,
    UserDetail,
)
from auditor.core.subjects.organization import Affiliation
from auditor.core.subjects.trails import FieldSelector, Trail, TrailHolder

ACCOUNT = "111122223333"
OWNER = Owner(account=ACCOUNT, partition="aws")
NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
ADMINISTRATOR = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def when(days: float | None) -> datetime | None:
    return None if days is None else ago(days)


def arn(what: str) -> str:
    return f"arn:{OWNER.partition}:iam::{ACCOUNT}:{what}"


def observed(
    *subjects: Subject, age: float = 0, gaps: Mapping[str, str | Unavailable] | None = None
) -> Observed[Subject]:
    why = {scope: Unavailable(reason=it) if isinstance(it, str) else it for scope, it in (gaps or {}).items()}
    return Observed(subjects=subjects, as_of=ago(age), gaps=why)


def snapshot(facts: Mapping[type[Subject], Observed[Subject] | Unavailable]) -> AccountSnapshot:
    return AccountSnapshot(owner=OWNER, gathered_at=NOW, facts=facts)


def key_slot(*, age: float | None, used: float | None = None, active: bool = True) -> KeySlot:
    return KeySlot(
        active=active, rotated=when(age), last_used=when(used), last_used_region=None, last_used_service=None
    )


NO_KEY = key_slot(age=None, active=False)


def certificate(*, age: float | None = 800, active: bool = True) -> CertificateSlot:
    return CertificateSlot(active=active, rotated=when(age))


def credential_row(name: str = "ana", *, age: float | None = 400, **fields: Any) -> CredentialRow:
    row = CredentialRow(
        resource=arn(f"user/{name}"),
        uid=arn(f"user/{name}"),
        name=name,
        created=when(age),
        is_root=False,
        password_enabled=True,
        password_last_used=ago(1),
        password_last_changed=ago(30),
        mfa_active=True,
        keys=(NO_KEY, NO_KEY),
    )
    return replace(row, **fields)


def root_row(**fields: Any) -> CredentialRow:
    own: dict[str, Any] = {"resource": OWNER.root_arn, "uid": OWNER.root_arn, "is_root": True, "password_enabled": None}
    return credential_row("<root_account>", **own | fields)


def account_summary(
    *, password: bool = True, keys: bool = False, mfa: bool = True, certificates: bool = False
) -> AccountSummary:
    return AccountSummary(
        resource=ACCOUNT,
        uid="account",
        root_password=password,
        root_keys=keys,
        root_mfa=mfa,
        root_certificates=certificates,
    )


def virtual_device(serial: str, user: str | None) -> VirtualMfaDevice:
    return VirtualMfaDevice(resource=serial, uid=serial, user=user)


def mfa_device(serial: str = "GAHT12345678", user: str = "ana", *, copyable: bool = False) -> MfaDevice:
    return MfaDevice(resource=serial, uid=serial, user=user, copyable=copyable)


def key_metadata(uid: str = "AKIA1", *, age: float = 0, user: str = "ana", active: bool = True) -> KeyMetadata:
    return KeyMetadata(resource=uid, uid=uid, user=user, active=active, created=ago(age))


def user_detail(name: str = "ana", *, age: float = 400, uid: str = "AIDA1", **fields: Any) -> UserDetail:
    return UserDetail(resource=arn(f"user/{name}"), uid=uid, name=name, created=ago(age), **fields)


def group(name: str = "staff", **fields: Any) -> Group:
    return Group(resource=arn(f"group/{name}"), uid=f"AGPA-{name}", name=name, created=ago(400), **fields)


def principal(kind: str = "Role", name: str = "deploy", **fields: Any) -> Principal:
    resource = arn(f"{kind.lower()}/{name}")
    return Principal(resource=resource, uid=f"A-{name}", name=name, created=ago(400), kind=kind, **fields)


def root(*, password_used: float | None = None, key: bool = False, mfa: bool = True, **fields: Any) -> RootUser:
    user = RootUser(
        resource=OWNER.root_arn,
        uid="root",
        has_password=True,
        has_access_key=key,
        mfa_active=mfa,
        password_last_used=when(password_used),
        keys=(NO_KEY, NO_KEY),
    )
    return replace(user, **fields)


def root_mfa(*virtual: str, credentials: bool = True) -> RootMfa:
    return RootMfa(resource=OWNER.root_arn, uid="root", has_credentials=credentials, virtual=virtual)


def user(
    *, age: float = 400, password_used: float | None = 1, password_changed: float | None = 30, **fields: Any
) -> User:
    made = User(
        resource=arn("user/ana"),
        uid="AIDA1",
        name="ana",
        created=ago(age),
        password_enabled=True,
        password_last_used=when(password_used),
        password_last_changed=when(password_changed),
        mfa_active=True,
        active_keys=0,
    )
    return replace(made, **fields)


def user_with_rights(**fields: Any) -> UserWithRights:
    return UserWithRights(**vars(user(**fields)))


def user_with_devices(copyable: tuple[str, ...] = (), bound: tuple[str, ...] = (), **fields: Any) -> UserWithDevices:
    return UserWithDevices(**vars(user(**fields)), copyable_devices=copyable, bound_devices=bound)


def user_with_services(*services: str, **fields: Any) -> UserWithServices:
    return UserWithServices(**vars(user(**fields)), services=services)


def service_credential_metadata(
    uid: str = "ACCA1", *, age: float = 10, ends: float | None = None, **fields: Any
) -> ServiceCredentialMetadata:
    """`ends` is in days after now."""
    made = ServiceCredentialMetadata(
        resource=uid,
        uid=uid,
        user="ana",
        service="codecommit.amazonaws.com",
        active=True,
        created=ago(age),
        expires=None if ends is None else ago(-ends),
    )
    return replace(made, **fields)


def service_credential(**fields: Any) -> ServiceCredential:
    return ServiceCredential(**vars(service_credential_metadata(**fields)), user_arn=arn("user/ana"))


def bedrock_key(*, administrator: bool = False, whole: bool = False, **fields: Any) -> BedrockKey:
    credential = service_credential(service="bedrock.amazonaws.com", **fields)
    return BedrockKey(**vars(credential), administrator=administrator, whole_service=whole)


def access_key(*, age: float = 0, used: float | None = None, active: bool = True, **fields: Any) -> AccessKey:
    key = AccessKey(
        resource="AKIA1",
        uid="AKIA1",
        user="ana",
        user_arn=arn("user/ana"),
        active=active,
        created=ago(age),
        rows=(key_slot(age=age, used=used, active=active),),
    )
    return replace(key, **fields)


def role(*, age: float = 400, used: float | None = None, path: str = "/", name: str = "deploy", **fields: Any) -> Role:
    resource = arn(f"role{path}{name}")
    return Role(resource=resource, uid="AROA1", name=name, path=path, created=ago(age), last_used=when(used), **fields)


def policy(document: Mapping[str, Any], **fields: Any) -> Policy:
    managed = Policy(
        resource=arn("policy/everything"),
        uid="ANPA1",
        name="everything",
        owner=None,
        attached_to=(arn("role/deploy"),),
        document=document,
    )
    return replace(managed, **fields)


def identity_provider(name: str = "saml-provider/adfs", **fields: Any) -> IdentityProvider:
    protocol = name.partition("-")[0]
    made = IdentityProvider(resource=arn(name), uid=arn(name), protocol=protocol, valid_until=None)
    return replace(made, **fields)


def server_certificate(*, left: float = 400, **fields: Any) -> ServerCertificate:
    """A certificate that is good for so many days more."""
    resource = arn("server-certificate/shop")
    made = ServerCertificate(resource=resource, uid="ASCA1", name="shop", expires=ago(-left))
    return replace(made, **fields)


def allowing(action: Any = "*", resource: Any = "*", **elements: Any) -> dict[str, Any]:
    """A document of one Allow statement."""
    return {"Statement": {"Effect": "Allow", "Action": action, "Resource": resource, **elements}}


def trusting(principal: Any = "*", action: Any = "sts:AssumeRole", **elements: Any) -> dict[str, Any]:
    """A trust policy of one Allow statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **elements}
    return {"Version": "2012-10-17", "Statement": [statement]}


def password_policy(**fields: Any) -> PasswordPolicy:
    strong = PasswordPolicy(
        resource=ACCOUNT,
        uid="account",
        set=True,
        minimum_length=14,
        reuse_prevention=24,
        max_age_days=None,
        upper=True,
        lower=True,
        number=True,
        symbol=True,
    )
    return replace(strong, **fields)


def affiliation(**fields: Any) -> Affiliation:
    """A member of somebody else's organization."""
    member = Affiliation(
        resource=ACCOUNT,
        uid="account",
        organization="o-a1b2c3d4e5",
        management="999988887777",
        all_features=True,
        root=OWNER.root_arn,
    )
    return replace(member, **fields)


def enabled_region(name: str = "eu-west-1") -> EnabledRegion:
    return EnabledRegion(resource=name, uid=name, region=name)


def region(name: str = "eu-west-1", *analyzers: str) -> Region:
    return Region(resource=name, uid=name, region=name, external_analyzers=analyzers)


def analyzer(region: str = "eu-west-1", **fields: Any) -> Analyzer:
    made = Analyzer(
        resource=f"arn:{OWNER.partition}:access-analyzer:{region}:{ACCOUNT}:analyzer/zone",
        uid="zone",
        region=region,
        name="zone",
        type="ACCOUNT",
        active=True,
    )
    return replace(made, **fields)


def analyzer_finding(kind: type[AnalyzerFinding] = AnalyzerFinding, **fields: Any) -> AnalyzerFinding:
    types: dict[type[AnalyzerFinding], str] = {UnusedAccess: "UnusedPermission", InternalAccess: "InternalAccess"}
    made = kind(
        resource="arn:aws:s3:::ledger",
        uid="f-1",
        region="eu-west-1",
        type=types.get(kind, "ExternalAccess"),
        about_type="AWS::S3::Bucket",
        analyzer=analyzer().resource,
        created=ago(10),
        updated=ago(5),
    )
    return replace(made, **fields)


def external_access(**fields: Any) -> AnalyzerFinding:
    return analyzer_finding(ExternalAccess, **fields)


def unused_access(**fields: Any) -> AnalyzerFinding:
    return analyzer_finding(UnusedAccess, **fields)


def internal_access(**fields: Any) -> AnalyzerFinding:
    return analyzer_finding(InternalAccess, **fields)


def trail_holder() -> TrailHolder:
    return TrailHolder(resource=ACCOUNT, uid="account", partition=OWNER.partition)


def selector(*, reads: bool = True, writes: bool = True, without: tuple[str, ...] = ()) -> tuple[FieldSelector, ...]:
    """An event selector for management events."""
    both = reads and writes
    return (
        FieldSelector(field="eventCategory", equals=("Management",)),
        FieldSelector(field="readOnly", equals=() if both else ("true",) if reads else ("false",)),
        FieldSelector(field="eventSource", not_equals=without),
    )


def trail(name: str = "all", region: str = "eu-west-1", *, account: str = ACCOUNT, **fields: Any) -> Trail:
    """A multi-Region trail that records everything and delivers to CloudWatch Logs."""
    resource = f"arn:{OWNER.partition}:cloudtrail:{region}:{account}:trail/{name}"
    made = Trail(
        resource=resource,
        uid=resource,
        region=region,
        name=name,
        own=account == ACCOUNT,
        organization=account != ACCOUNT,
        multi_region=True,
        global_events=True,
        logging=True,
        validated=True,
        log_group=f"arn:{OWNER.partition}:logs:{region}:{account}:log-group:CloudTrail/{name}",
        selectors=(selector(),),
    )
    return replace(made, **fields)


def finding(uid: str = "AKIA1", check: str = "stale-access-key", *, age: float = 0, **fields: Any) -> Finding:
    """A finding about what has this unique id, in evidence of `age` days before now."""
    made = Finding(
        id=finding_id(OWNER, check, uid, ""),
        check=check,
        title="Active access key is older than the rotation limit",
        severity=Severity.HIGH,
        owner=OWNER,
        uid=uid,
        resource=uid,
        resource_type="AWS::IAM::AccessKey",
        principal=arn("user/ana"),
        region="global",
        reason=f"{uid} of ana is 91 days old (limit 90)",
        evidence={"created": "2026-08-21T06:00:00+00:00"},
        controls=("cis-5.0/1.13", "fsbp/IAM.3"),
        fix=f"aws iam update-access-key --user-name ana --access-key-id {uid} --status Inactive",
        evidence_at=ago(age),
    )
    return replace(made, **fields)


def skip(scope: str | None = None, check: str = "stale-access-key", *, inapplicable: bool = False) -> Skip:
    return Skip(check=check, scope=scope, reason="AccessDenied", inapplicable=inapplicable)


def evaluation(
    *findings: Finding,
    age: float = 0,
    looked_at: Mapping[str, tuple[str, ...]] | None = None,
    skipped: tuple[Skip, ...] = (),
    via: tuple[str, ...] = (),
) -> Evaluation:
    """An evaluation of evidence of `age` days before now; `looked_at` are the uids by check, besides the findings'."""
    uids = {check: set(seen) for check, seen in (looked_at or {}).items()}
    for found in findings:
        uids.setdefault(found.check, set()).add(found.uid)
    return Evaluation(
        owner=OWNER,
        evidence_at=ago(age),
        findings=tuple(replace(found, evidence_at=ago(age)) for found in findings),
        examined={
            check: Examined(uids=frozenset(seen), as_of=ago(age), via=frozenset(via)) for check, seen in uids.items()
        },
        skipped=skipped,
    )


def record(found: Finding, event: Event = Event.OPENED, *, age: float = 0, **fields: Any) -> Record:
    """A finding whose last transition was `event`, `age` days ago; first seen 9 days before unless it is new."""
    resolved = event is Event.RESOLVED
    first = age if event is Event.OPENED else age + 9
    made = Record(
        finding=found,
        status=Status.RESOLVED if resolved else Status.OPEN,
        event=event,
        first_seen=ago(first),
        opened_at=ago(age if event is Event.REOPENED else first),
        changed_at=ago(age),
        version=1 if event is Event.OPENED else 2,
        resolution=Resolution.FIXED if resolved else None,
    )
    return replace(made, **fields)


def exception_rule(*, ends: float = 10, **fields: Any) -> ExceptionRule:
    """An exception for every stale key of the account; its last day is `ends` days after now's."""
    made = ExceptionRule(
        account=ACCOUNT,
        check="stale-access-key",
        resource="*",
        reason="the vendor rotates it in spring",
        owner="payments",
        until=ago(-ends).date(),
    )
    return replace(made, **fields)


def after(changes: Changes, ledger: Ledger) -> Ledger:
    """The ledger once the changes are written."""
    written = {change.after.finding.id: change.after for change in changes.transitions}
    exceptions = [it for it in ledger.exceptions if it != changes.removed]
    return Ledger(
        header=changes.header or ledger.header,
        records={**ledger.records, **written},
        exceptions=(*exceptions, *([changes.added] if changes.added else [])),
    )


def audited(*evaluations: Evaluation, ledger: Ledger | None = None, rules: Rules | None = None) -> Ledger:
    """What is known after these evaluations, one after the other."""
    known = ledger or Ledger()
    for it in evaluations:
        known = after(reconcile(it, known, rules), known)
    return known


def only(changes: Changes) -> Record:
    """The record after the one transition that there is."""
    (change,) = changes.transitions
    return change.after


def events(changes: Changes) -> list[tuple[str, Event]]:
    """Every transition as the subject's uid and what happened."""
    return [(change.after.finding.uid, change.after.event) for change in changes.transitions]
