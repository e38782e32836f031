"""How people get into the account, and whose root credentials are left, as the sources together tell."""

from dataclasses import replace
from typing import Any

import pytest

from auditor.core.derived.root_management import KEEPS_ITS_OWN, NOT_MANAGED
from auditor.core.model import GLOBAL, Facts, Observed, Subject, Unavailable
from auditor.core.subjects.credentials import AccountSummary, CredentialRow, RootUser
from auditor.core.subjects.entities import Group, IdentityProvider, Policy, Role, UserDetail
from auditor.core.subjects.organization import Affiliation, CentralRootAccess, ManagedRoot
from auditor.core.subjects.sign_in import IdentityCenterInstance, LocalUser, SignIn
from auditor.policy.derive import derive
from tests.build import (
    ACCOUNT,
    ADMINISTRATOR,
    OWNER,
    account_summary,
    affiliation,
    ago,
    arn,
    credential_row,
    observed,
    policy,
    root_row,
    user_detail,
)

DENIED = Unavailable(reason="AccessDenied")
NO_API = Unavailable(reason="no such API", inapplicable=True)
SAML, PEOPLE = arn("saml-provider/people"), arn("oidc-provider/login.example.com")
CENTER = f"arn:{OWNER.partition}:sso:::instance/ssoins-1111111111111111"
Known = dict[type[Subject], Observed[Subject] | Unavailable]


def provider(resource: str) -> IdentityProvider:
    protocol = "saml" if ":saml-provider/" in resource else "oidc"
    return IdentityProvider(resource=resource, uid=resource, protocol=protocol, valid_until=None)


def instance(*, active: bool = True) -> IdentityCenterInstance:
    return IdentityCenterInstance(resource=CENTER, uid=CENTER, active=active)


def facts(*providers: str, instances: Observed[Subject] | Unavailable | None = None, **row: Any) -> Known:
    """An account with one user, Ana, who has a password unless `row` says something else."""
    return {
        CredentialRow: observed(root_row(), credential_row(**row)),
        AccountSummary: observed(account_summary()),
        UserDetail: observed(user_detail()),
        IdentityProvider: observed(*map(provider, providers)),
        IdentityCenterInstance: observed() if instances is None else instances,
    }


def seen(kind: type[Subject], known: Facts) -> Observed[Subject]:
    found = derive(known)[kind]
    assert isinstance(found, Observed), found
    return found


def ways(known: Known) -> SignIn:
    (account,) = seen(SignIn, known).subjects
    assert isinstance(account, SignIn)
    return account


@pytest.mark.parametrize("resource", [SAML, PEOPLE])
def test_provider_of_people_federates(resource: str) -> None:
    assert ways(facts(resource)) == SignIn(
        resource=ACCOUNT, uid="account", password_users=("ana",), federations=(resource,)
    )


@pytest.mark.parametrize(
    "name",
    [
        "token.actions.githubusercontent.com",
        "token.actions.githubusercontent.com/my-company",
        "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
        "gitlab.com",
    ],
)
def test_provider_of_pipelines_and_pods_federates_nobody(name: str) -> None:
    assert ways(facts(arn(f"oidc-provider/{name}"))).federations == ()


def test_instance_of_identity_center_federates_once_it_is_active() -> None:
    assert ways(facts(instances=observed(instance()))).federations == (CENTER,)
    assert ways(facts(instances=observed(instance(active=False)))).federations == ()


def test_user_without_password_does_not_sign_in() -> None:
    assert ways(facts(password_enabled=False)).password_users == ()


def test_unseen_instances_matter_only_while_nothing_else_federates() -> None:
    for unseen in (DENIED, observed(gaps={"eu-west-1": DENIED})):
        assert seen(SignIn, facts(instances=unseen)).subjects == ()
        assert seen(SignIn, facts(instances=unseen)).gaps == {ACCOUNT: DENIED}
        assert seen(LocalUser, facts(instances=unseen)).gaps == {arn("user/ana"): DENIED}
        assert ways(facts(SAML, instances=unseen)).federations == (SAML,)


def test_instances_that_cannot_be_there_are_not_there() -> None:
    for unseen in (NO_API, observed(gaps={"af-south-1": NO_API})):
        assert ways(facts(instances=unseen)).federations == ()


def test_unseen_providers_leave_nothing_to_say() -> None:
    known = facts() | {IdentityProvider: DENIED}
    assert (derive(known)[SignIn], derive(known)[LocalUser]) == (DENIED, DENIED)


def test_user_that_was_not_seen_may_have_the_only_password() -> None:
    known = facts(password_enabled=False) | {UserDetail: observed(user_detail(), user_detail("ben", uid="AIDA2"))}
    found = seen(SignIn, known)
    assert found.subjects == ()
    assert found.gaps[ACCOUNT].reason == "the credential report lacks it"


def test_local_user_has_what_the_user_has() -> None:
    known = facts(SAML) | {
        Group: observed(),
        Role: observed(),
        UserDetail: observed(user_detail(attached=(arn("policy/everything"),), tags={"team": "red"})),
        Policy: observed(policy(ADMINISTRATOR)),
    }
    assert seen(LocalUser, known).subjects == (
        LocalUser(
            resource=arn("user/ana"),
            uid="AIDA1",
            name="ana",
            password_enabled=True,
            administrator=True,
            federations=(SAML,),
            tags={"team": "red"},
        ),
    )


# Root credentials that are left.


def managed(*, credentials: bool = True, summary: AccountSummary | None = None, **fields: Any) -> Known:
    central = CentralRootAccess(resource=ACCOUNT, uid="account", credentials=credentials, sessions=True)
    return {
        CredentialRow: observed(root_row()),
        AccountSummary: observed(summary or account_summary()),
        Affiliation: observed(affiliation(**fields)),
        CentralRootAccess: observed(central),
    }


def left(known: Known) -> tuple[str, ...]:
    (root,) = seen(ManagedRoot, known).subjects
    assert isinstance(root, ManagedRoot)
    return root.left


def test_feature_that_is_on_does_not_mean_that_nothing_is_left() -> None:
    assert left(managed()) == ("a password",)
    everything = replace(account_summary(keys=True), root_certificates=True)
    assert left(managed(summary=everything)) == ("a password", "an access key", "a signing certificate")
    assert left(managed(summary=account_summary(password=False, mfa=False))) == ()


def test_management_accounts_root_user_keeps_its_credentials() -> None:
    found = seen(ManagedRoot, managed(management=ACCOUNT))
    assert (found.subjects, found.gaps) == ((), {OWNER.root_arn: KEEPS_ITS_OWN})
    assert KEEPS_ITS_OWN.inapplicable


def test_credentials_that_nobody_manages_are_not_left_over() -> None:
    found = seen(ManagedRoot, managed(credentials=False))
    assert (found.subjects, found.gaps) == ((), {OWNER.root_arn: NOT_MANAGED})
    assert NOT_MANAGED.inapplicable


def test_features_that_were_not_told_are_a_gap() -> None:
    found = seen(ManagedRoot, managed() | {CentralRootAccess: observed(gaps={GLOBAL: NO_API})})
    assert (found.subjects, found.gaps) == ((), {GLOBAL: NO_API})


# The root user behind a guardrail.


def test_root_user_is_known_and_unguarded_where_the_guardrails_are_not_known() -> None:
    known: Known = {CredentialRow: observed(root_row(), age=1), AccountSummary: observed(account_summary())}
    found = seen(RootUser, known)
    (root,) = found.subjects
    assert isinstance(root, RootUser)
    assert (root.guarded, found.gaps, found.as_of) == (False, {}, ago(1))
