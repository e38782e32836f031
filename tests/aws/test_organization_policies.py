"""Guardrails at every level, management policies, delegated administrators and central root access."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from auditor.aws.evidence_files import decode, encode
from auditor.aws.gather import gather, snapshot
from auditor.aws.source import MalformedEvidenceError, Source
from auditor.aws.sources import effective_policies, organization_features
from auditor.aws.sources.delegated_administrators import DELEGATED_ADMINISTRATORS
from auditor.aws.sources.effective_policies import EFFECTIVE_POLICIES, NOT_SUPPORTED
from auditor.aws.sources.organization import LACKING, NO_ORGANIZATION, NOT_ANSWERED, ORGANIZATION
from auditor.aws.sources.organization_features import ORGANIZATION_FEATURES
from auditor.aws.sources.organization_policies import ORGANIZATION_POLICIES
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import GLOBAL, Observed, Subject, Unavailable
from auditor.core.subjects.credentials import RootUser
from auditor.core.subjects.organization import (
    AiOptOut,
    AttachedPolicy,
    BackupRules,
    CentralRootAccess,
    DelegatedAdministrator,
    Delegations,
    GuardrailLevel,
    Guardrails,
    OrganizationRoot,
    TagRules,
)
from auditor.policy.derive import derive
from tests.aws import test_organization
from tests.aws.answers import delegated_entry, effective_policy
from tests.aws.test_organization import ABOVE, INNER, MANAGEMENT, NOT_ALLOWED, ROOT, UNIT
from tests.aws.wire import Params, Refused, Reply, Wire, always, scripted
from tests.build import ACCOUNT, NOW, OWNER, account_summary, observed, root_row

SCP, RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NO_ROOT = {
    "Effect": "Deny",
    "Action": "*",
    "Resource": "*",
    "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:root"}},
}
DOCUMENTS = {"p-FullAWSAccess": FULL, "p-no-root-1": {"Statement": NO_ROOT}, "p-RCPFullAWSAccess": FULL}
ATTACHED = {
    (SCP, ROOT): ["p-FullAWSAccess"],
    (SCP, UNIT): ["p-FullAWSAccess", "p-no-root-1"],
    (SCP, INNER): ["p-FullAWSAccess"],
    (SCP, ACCOUNT): ["p-FullAWSAccess"],
    **{(RCP, level): ["p-RCPFullAWSAccess"] for level in (ROOT, UNIT, INNER, ACCOUNT)},
}
LEVELS = [ACCOUNT, INNER, UNIT, ROOT]


def attached(params: Params) -> dict[str, Any]:
    ids = ATTACHED[params["Filter"], params["TargetId"]]
    return {"Policies": [{"Id": it, "Name": it.removeprefix("p-"), "Type": params["Filter"]} for it in ids]}


def described(params: Params) -> dict[str, Any]:
    policy = params["PolicyId"]
    summary = {"Id": policy, "Name": policy.removeprefix("p-")}
    return {"Policy": {"PolicySummary": summary, "Content": json.dumps(DOCUMENTS[policy])}}


def roots(*types: str, status: str = "ENABLED") -> dict[str, Any]:
    return {"Roots": [{"Id": ROOT, "PolicyTypes": [{"Type": it, "Status": status} for it in types]}]}


def script(management: str = MANAGEMENT, /, **replies: Reply) -> dict[str, Reply]:
    """A delegated administrator two units below the root, unless it is the management account."""
    answers: dict[str, Reply] = {
        "ListRoots": always(roots(SCP, RCP, "TAG_POLICY")),
        "ListPoliciesForTarget": attached,
        "DescribePolicy": described,
        "ListDelegatedAdministrators": always({"DelegatedAdministrators": [delegated_entry()]}),
        "ListDelegatedServicesForAccount": always({"DelegatedServices": [{"ServicePrincipal": "sso.amazonaws.com"}]}),
    }
    return test_organization.script(management, **(answers | replies))


def asked(wire: Wire, *sources: Source) -> Evidence:
    return gather(scripted(wire), sources)


def seen(evidence: Evidence, kind: type[Subject]) -> Observed[Subject]:
    found = snapshot(evidence).of(kind)
    assert isinstance(found, Observed), found
    return found


def raw_of(evidence: Evidence, source: Source) -> Any:
    answer = evidence.answers[source.name]
    assert isinstance(answer, Answer), answer
    return answer.raw


POLICIES = (ORGANIZATION, ORGANIZATION_POLICIES)
DELEGATED = (ORGANIZATION, DELEGATED_ADMINISTRATORS)
MEMBER = {name: always(NOT_ALLOWED) for name in ("DescribeAccount", "ListTagsForResource", "ListParents")}
NONE = {"DescribeOrganization": always(Refused("AWSOrganizationsNotInUseException"))}


# Guardrails.


def test_each_level_is_asked_for_each_enabled_type_and_each_policy_once() -> None:
    wire = Wire(script=script())
    asked(wire, *POLICIES)
    targets = [(it.params["Filter"], it.params["TargetId"]) for it in wire.named("ListPoliciesForTarget")]
    assert targets == [(kind, level) for kind in (SCP, RCP) for level in LEVELS]
    assert [it.params["PolicyId"] for it in wire.named("DescribePolicy")] == sorted(DOCUMENTS)


def test_types_that_are_not_enabled_are_not_asked_for() -> None:
    wire = Wire(script=script(ListRoots=always(roots(SCP, RCP, status="PENDING_ENABLE"))))
    evidence = asked(wire, *POLICIES)
    assert wire.named("ListPoliciesForTarget", "DescribePolicy") == []
    (bound,) = seen(evidence, Guardrails).subjects
    assert isinstance(bound, Guardrails)
    assert (bound.service_control, bound.resource_control) == ((), ())


def test_levels_are_read_with_the_documents_of_their_policies() -> None:
    evidence = asked(Wire(script=script()), *POLICIES)
    level = next(it for it in seen(evidence, GuardrailLevel).subjects if it.uid == f"{UNIT}/{SCP}")
    assert isinstance(level, GuardrailLevel)
    assert level.policies == (
        AttachedPolicy(name="FullAWSAccess", document=FULL),
        AttachedPolicy(name="no-root-1", document={"Statement": NO_ROOT}),
    )
    assert [it.resource for it in seen(evidence, OrganizationRoot).subjects] == [ROOT]


def test_pages_of_the_policies_of_a_level_are_joined() -> None:
    def paged(params: Params) -> Mapping[str, Any]:
        return attached(params) if "NextToken" in params else {"Policies": [], "NextToken": "more"}

    evidence = asked(Wire(script=script(ListPoliciesForTarget=paged)), *POLICIES)
    assert seen(evidence, Guardrails) == seen(asked(Wire(script=script()), *POLICIES), Guardrails)


def test_member_is_bound_by_what_denies_anything_at_any_level() -> None:
    (bound,) = seen(asked(Wire(script=script()), *POLICIES), Guardrails).subjects
    assert bound == Guardrails(
        resource=ACCOUNT,
        uid="account",
        service_control=("no-root-1",),
        resource_control=(),
        open_regions=None,
        root_denied=True,
    )


def test_root_user_is_guarded_by_what_binds_the_account() -> None:
    for management, guarded in ((MANAGEMENT, True), (ACCOUNT, False)):
        known = dict(snapshot(asked(Wire(script=script(management)), *POLICIES)).facts)
        rows = {type(it): observed(it) for it in (root_row(), account_summary())}
        found = derive(known | rows)[RootUser]
        assert isinstance(found, Observed)
        (root,) = found.subjects
        assert isinstance(root, RootUser)
        assert root.guarded is guarded


def test_management_account_is_bound_by_nothing_and_that_is_so_by_design() -> None:
    found = seen(asked(Wire(script=script(ACCOUNT)), *POLICIES), Guardrails)
    assert found.subjects == ()
    assert found.gaps == {
        GLOBAL: Unavailable(reason="no policy of the organization binds its management account", inapplicable=True)
    }


def test_saved_evidence_is_read_alike() -> None:
    sources = (ORGANIZATION, ORGANIZATION_POLICIES, DELEGATED_ADMINISTRATORS)
    evidence = asked(Wire(script=script()), *sources)
    loaded = decode(encode(evidence, sources), NOW).evidence
    for kind in (Guardrails, GuardrailLevel, DelegatedAdministrator, Delegations):
        assert seen(loaded, kind) == seen(evidence, kind)


WIDE = [(*POLICIES, GuardrailLevel), (*POLICIES, OrganizationRoot), (*DELEGATED, DelegatedAdministrator)]


@pytest.mark.parametrize(("organization", "source", "kind"), WIDE)
def test_member_that_may_not_ask_and_account_in_no_organization_are_so_by_design(
    organization: Source, source: Source, kind: type[Subject]
) -> None:
    for replies, why in ((MEMBER, NOT_ANSWERED), (NONE, NO_ORGANIZATION)):
        wire = Wire(script=script(**replies))
        found = seen(asked(wire, organization, source), kind)
        assert (found.subjects, found.gaps) == ((), {GLOBAL: why})
        assert wire.named("ListRoots", "ListDelegatedAdministrators") == []


@pytest.mark.parametrize("source", [ORGANIZATION_POLICIES, DELEGATED_ADMINISTRATORS])
def test_answer_about_the_organization_alone_is_the_management_accounts_lack(source: Source) -> None:
    only = {"Organization": {"Id": "o-a1b2c3d4e5", "FeatureSet": "ALL", "MasterAccountId": ACCOUNT}}
    reading = source.read(only, OWNER)
    assert reading.subjects == []
    assert set(map(str, reading.gaps.values())) == {str({GLOBAL: LACKING})}


@pytest.mark.parametrize("operation", ["ListRoots", "ListPoliciesForTarget", "DescribePolicy"])
def test_policies_that_may_not_be_seen_are_not_taken_for_none(operation: str) -> None:
    evidence = asked(Wire(script=script(**{operation: always(NOT_ALLOWED)})), *POLICIES)
    found = snapshot(evidence).of(Guardrails)
    assert isinstance(found, Unavailable)
    assert f"{operation}: AccessDeniedException" in found.reason
    assert not found.inapplicable


def test_level_that_the_evidence_lacks_is_a_gap() -> None:
    raw = raw_of(asked(Wire(script=script()), *POLICIES), ORGANIZATION_POLICIES)
    rest = {**raw, "Targets": [it for it in raw["Targets"] if it["TargetId"] != UNIT]}
    evidence = asked(Wire(script=script()), ORGANIZATION)
    answers = {**evidence.answers, "organization-policies": Answer(raw=rest, as_of=NOW)}
    found = seen(Evidence(owner=OWNER, gathered_at=NOW, answers=answers), Guardrails)
    assert found.subjects == ()
    assert found.gaps == {GLOBAL: Unavailable(reason=f"the evidence lacks the policies of {UNIT}")}


def whole(**members: Any) -> dict[str, Any]:
    raw = {
        "Organization": {"Id": "o-a1b2c3d4e5", "FeatureSet": "ALL", "MasterAccountId": MANAGEMENT},
        **roots(SCP),
        "Targets": [{"TargetId": ROOT, "Type": SCP, "Policies": [{"Id": "p-1", "Name": "one"}]}],
        "Policies": [{"PolicySummary": {"Id": "p-1", "Name": "one"}, "Content": json.dumps(FULL)}],
    }
    return raw | members


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "Organization: Field required"),
        (whole(Roots=[]), "Roots: List should have at least 1 item"),
        (whole(Roots=[{"Id": ROOT}]), "Roots[0].PolicyTypes: Field required"),
        (whole(Targets=[{"TargetId": ROOT, "Type": "TAG_POLICY", "Policies": []}]), "Targets[0].Type: Input should be"),
        (whole(Policies=[]), "Targets[0].Policies: p-1 is not among Policies"),
        (
            whole(Policies=[{"PolicySummary": {"Id": "p-1", "Name": "one"}, "Content": "{"}]),
            "Policies[0].Content: not a policy document",
        ),
    ],
)
def test_error_in_the_policies_names_the_place(said: Any, message: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        ORGANIZATION_POLICIES.read(said, OWNER)
    assert str(error.value).startswith(message)


# Management policies.


def effective(**replies: Reply) -> Evidence:
    return asked(Wire(script={"DescribeEffectivePolicy": effective_policy, **replies}), EFFECTIVE_POLICIES)


def by_type(**answers: Any) -> Reply:
    """A refusal with this code, or the content, for each of these types."""

    def reply(params: Params) -> Mapping[str, Any]:
        answer = answers.get(params["PolicyType"], {})
        if isinstance(answer, str):
            raise Refused(answer)
        return {"EffectivePolicy": {"PolicyType": params["PolicyType"], "PolicyContent": json.dumps(answer)}}

    return reply


def test_effective_policies_are_read_by_type() -> None:
    content = {"services": {"default": {"opt_out_policy": "optOut"}}}
    evidence = effective(
        DescribeEffectivePolicy=by_type(
            AISERVICES_OPT_OUT_POLICY=content, BACKUP_POLICY="EffectivePolicyNotFoundException"
        )
    )
    assert seen(evidence, AiOptOut).subjects == (AiOptOut(resource=ACCOUNT, uid="account", content=content),)
    assert seen(evidence, BackupRules).subjects == (BackupRules(resource=ACCOUNT, uid="account", content=None),)
    assert seen(evidence, TagRules).subjects == (TagRules(resource=ACCOUNT, uid="account", content={}),)


def test_account_asks_for_itself_and_names_no_target() -> None:
    wire = Wire(script={"DescribeEffectivePolicy": effective_policy})
    asked(wire, EFFECTIVE_POLICIES)
    assert [dict(call.params) for call in wire.calls] == [{"PolicyType": it} for it in effective_policies.KINDS]


def test_type_that_the_partition_lacks_is_so_by_design_and_the_others_are_seen() -> None:
    evidence = effective(DescribeEffectivePolicy=by_type(AISERVICES_OPT_OUT_POLICY="UnsupportedAPIEndpointException"))
    assert (seen(evidence, AiOptOut).subjects, seen(evidence, AiOptOut).gaps) == ((), {GLOBAL: NOT_SUPPORTED})
    assert NOT_SUPPORTED.inapplicable
    assert len(seen(evidence, TagRules).subjects) == 1


def test_account_in_no_organization_has_no_effective_policies_by_design() -> None:
    evidence = effective(DescribeEffectivePolicy=always(Refused("AWSOrganizationsNotInUseException")))
    for kind in (AiOptOut, BackupRules, TagRules):
        assert (seen(evidence, kind).subjects, seen(evidence, kind).gaps) == ((), {GLOBAL: NO_ORGANIZATION})


def test_denied_effective_policy_is_not_taken_for_none() -> None:
    evidence = effective(DescribeEffectivePolicy=by_type(TAG_POLICY="AccessDeniedException"))
    assert isinstance(snapshot(evidence).of(TagRules), Unavailable)


def test_type_that_the_evidence_lacks_is_a_gap() -> None:
    entry = {"PolicyType": "TAG_POLICY", "PolicyContent": "{}"}
    reading = EFFECTIVE_POLICIES.read({"EffectivePolicies": [entry]}, OWNER)
    assert reading.gaps == {kind: {GLOBAL: effective_policies.LACKING} for kind in (AiOptOut, BackupRules)}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "EffectivePolicies: Field required"),
        ({"EffectivePolicies": [{}]}, "EffectivePolicies[0].PolicyType: Field required"),
        ({"EffectivePolicies": [{"PolicyType": "TAG_POLICY"}]}, "EffectivePolicies[0]: neither PolicyContent nor"),
        (
            {"EffectivePolicies": [{"PolicyType": "TAG_POLICY", "PolicyContent": "[]"}]},
            "EffectivePolicies[0].PolicyContent: not a policy document",
        ),
    ],
)
def test_error_in_the_effective_policies_names_the_place(said: Any, message: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        EFFECTIVE_POLICIES.read(said, OWNER)
    assert str(error.value).startswith(message)


# Delegated administrators.


def test_each_delegated_administrator_is_read_with_its_services() -> None:
    tools, audit = delegated_entry(), delegated_entry("777766665555")
    services = {tools["Id"]: ["sso.amazonaws.com", "guardduty.amazonaws.com"], audit["Id"]: ["config.amazonaws.com"]}

    def of_account(params: Params) -> Mapping[str, Any]:
        return {"DelegatedServices": [{"ServicePrincipal": it} for it in services[params["AccountId"]]]}

    listed = always({"DelegatedAdministrators": [tools, audit]})
    wire = Wire(script=script(ListDelegatedAdministrators=listed, ListDelegatedServicesForAccount=of_account))
    evidence = asked(wire, *DELEGATED)
    first, second = seen(evidence, DelegatedAdministrator).subjects
    assert first == DelegatedAdministrator(
        resource=tools["Arn"],
        uid=tools["Id"],
        account=tools["Id"],
        name="tools",
        services=("guardduty.amazonaws.com", "sso.amazonaws.com"),
    )
    assert second.uid == audit["Id"]
    (everything,) = seen(evidence, Delegations).subjects
    assert isinstance(everything, Delegations)
    assert everything.entries == (
        "444455556666",
        "444455556666:guardduty.amazonaws.com",
        "444455556666:sso.amazonaws.com",
        "777766665555",
        "777766665555:config.amazonaws.com",
    )


def test_address_of_a_delegated_administrator_is_no_evidence() -> None:
    raw = raw_of(asked(Wire(script=script()), *DELEGATED), DELEGATED_ADMINISTRATORS)
    assert "example.com" not in json.dumps(raw)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"DelegatedAdministrators": [{"Id": "1"}]}, "DelegatedAdministrators[0].Arn: Field required"),
        ({"DelegatedAdministrators": []}, "DelegatedServices: Field required"),
        (
            {"DelegatedAdministrators": [], "DelegatedServices": [{"ServicePrincipal": "x"}]},
            "DelegatedServices[0].AccountId: Field required",
        ),
    ],
)
def test_error_in_the_delegations_names_the_place(members: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        DELEGATED_ADMINISTRATORS.read({"Organization": whole()["Organization"], **members}, OWNER)
    assert str(error.value).startswith(message)


# Central root access.


def features(reply: Reply) -> Evidence:
    return asked(Wire(script={"ListOrganizationsFeatures": reply}), ORGANIZATION_FEATURES)


@pytest.mark.parametrize("suffix", ["", "Exception"])
@pytest.mark.parametrize("code", organization_features.NOT_ENABLED)
def test_organization_that_cannot_have_the_features_has_none(code: str, suffix: str) -> None:
    evidence = features(always(Refused(f"{code}{suffix}")))
    assert seen(evidence, CentralRootAccess).subjects == (
        CentralRootAccess(resource=ACCOUNT, uid="account", credentials=False, sessions=False),
    )


@pytest.mark.parametrize("suffix", ["", "Exception"])
@pytest.mark.parametrize(("code", "why"), organization_features.UNSEEN.items())
def test_features_of_an_organization_that_the_account_may_not_ask_are_so_by_design(
    code: str, why: Unavailable, suffix: str
) -> None:
    found = seen(features(always(Refused(f"{code}{suffix}"))), CentralRootAccess)
    assert (found.subjects, found.gaps) == ((), {GLOBAL: why})
    assert why.inapplicable


def test_features_are_read_one_by_one() -> None:
    evidence = features(always({"EnabledFeatures": ["RootSessions"], "OrganizationId": "o-a1b2c3d4e5"}))
    assert seen(evidence, CentralRootAccess).subjects == (
        CentralRootAccess(resource=ACCOUNT, uid="account", credentials=False, sessions=True),
    )


def test_denied_features_are_not_taken_for_none() -> None:
    found = snapshot(features(always(Refused("AccessDenied", "no")))).of(CentralRootAccess)
    assert found == Unavailable(
        reason="organization-features: ListOrganizationsFeatures: AccessDenied: no",
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"Error": "ServiceAccessNotEnabled"}, "EnabledFeatures: Field required"),
        ({"EnabledFeatures": [], "Error": "Throttling"}, "Error: Input should be 'ServiceAccessNotEnabled'"),
    ],
)
def test_error_in_the_features_names_the_place(said: Any, message: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        ORGANIZATION_FEATURES.read(said, OWNER)
    assert str(error.value).startswith(message)


def test_above_is_what_the_levels_are_made_of() -> None:
    """The script of the organization is that of the levels here."""
    assert [ACCOUNT, *(unit for unit, _ in ABOVE.values())] == LEVELS


def test_evidence_that_tells_a_type_twice_is_read_once_and_the_last_counts() -> None:
    told = [{"PolicyType": "TAG_POLICY", "PolicyContent": text} for text in ('{"tags": {}}', "{}")]
    (seen_once,) = EFFECTIVE_POLICIES.read({"EffectivePolicies": told}, OWNER).subjects
    assert isinstance(seen_once, TagRules)
    assert seen_once.content == {}
