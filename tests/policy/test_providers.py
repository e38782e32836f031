from typing import Any

from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.entities import IdentityProvider, Role, TrustedProvider
from auditor.policy.derive import derive
from tests.build import arn, identity_provider, observed, role, trusting

GITLAB = arn("oidc-provider/gitlab.com")


def known(*roles: Role) -> Any:
    providers = observed(identity_provider("oidc-provider/gitlab.com"), identity_provider())
    seen = derive({IdentityProvider: providers, Role: observed(*roles)})[TrustedProvider]
    assert isinstance(seen, Observed)
    return seen


def test_provider_knows_the_roles_that_trust_it() -> None:
    trust = trusting({"Federated": GITLAB}, "sts:AssumeRoleWithWebIdentity")
    seen = known(role(name="a", trust=trust), role(name="b", trust=trusting({"AWS": arn("root")})), role(trust=trust))
    assert [(it.resource, it.roles) for it in seen.subjects] == [
        (GITLAB, (arn("role/a"), arn("role/deploy"))),
        (arn("saml-provider/adfs"), ()),
    ]
    assert seen.gaps == {}


def test_provider_is_not_unused_while_a_trust_cannot_be_read() -> None:
    trust = trusting({"Federated": GITLAB}, "sts:AssumeRoleWithWebIdentity")
    seen = known(role(name="a", trust=trust), role(name="b", trust={"Statement": {"Effect": "Perhaps"}}))
    assert [it.resource for it in seen.subjects] == [GITLAB]
    why = "statement 1: an object with Effect Allow or Deny is expected"
    assert seen.gaps == {
        arn("saml-provider/adfs"): Unavailable(reason=f"the trust policy of {arn('role/b')} cannot be read: {why}")
    }


def test_provider_is_not_known_without_the_roles() -> None:
    facts = {IdentityProvider: observed(identity_provider()), Role: Unavailable(reason="denied")}
    assert derive(facts)[TrustedProvider] == Unavailable(reason="denied")
