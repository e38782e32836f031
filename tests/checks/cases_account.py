from dataclasses import replace
from typing import Any

from auditor.checks.account import (
    account_without_federation,
    console_user_beside_federation,
    missing_security_contact,
    shared_alternate_contact,
)
from auditor.core.case import Case
from auditor.core.subjects.sign_in import AlternateContacts, LocalUser, SignIn
from tests.build import ACCOUNT, arn

SAML = arn("saml-provider/people")
LOWERED = "signs in with a password of the account, past"


def contacts(**fields: Any) -> AlternateContacts:
    whole = AlternateContacts(
        resource=ACCOUNT,
        uid="account",
        security="security@example.com",
        billing="bills@example.com",
        operations="duty@example.com",
    )
    return replace(whole, **fields)


def sign_in(*password_users: str, federations: tuple[str, ...] = ()) -> SignIn:
    return SignIn(resource=ACCOUNT, uid="account", password_users=password_users, federations=federations)


def local_user(*federations: str, **fields: Any) -> LocalUser:
    made = LocalUser(
        resource=arn("user/ana"),
        uid="AIDA1",
        name="ana",
        password_enabled=True,
        administrator=False,
        federations=federations,
    )
    return replace(made, **fields)


CASES = (
    Case(
        missing_security_contact,
        fails={
            contacts(security=None): "the account has no alternate contact for security",
            contacts(security=None, billing=None, operations=None): "the account has no alternate contact for security",
        },
        passes=(contacts(), contacts(billing=None), contacts(security="bills@example.com")),
    ),
    Case(
        shared_alternate_contact,
        fails={
            contacts(security="bills@example.com"): "the account has one address for security and billing",
            # The part after the @ has no case, and no mail server that is in use tells cases before it.
            contacts(security="Duty@Example.com"): "the account has one address for security and operations",
            contacts(billing=None): "the account has no contact for billing",
            contacts(security=None, billing="duty@example.com"): (
                "the account has no contact for security, and one address for billing and operations"
            ),
            contacts(security=None, billing=None, operations=None): (
                "the account has no contact for security and billing and operations"
            ),
        },
        passes=(contacts(),),
    ),
    Case(
        account_without_federation,
        fails={
            sign_in("ana"): "no identity provider or Identity Center instance; with a password: ana",
            sign_in("ana", "ben", "eva", "kim", "zoe"): (
                "no identity provider or Identity Center instance; with a password: ana, ben, eva and 2 more"
            ),
            sign_in("ana", "ben", "eva", "kim"): (
                "no identity provider or Identity Center instance; with a password: ana, ben, eva and 1 more"
            ),
            sign_in("ana", "ben", "eva"): (
                "no identity provider or Identity Center instance; with a password: ana, ben, eva"
            ),
        },
        # An account that people enter by roles of another needs no provider of its own, whatever it has no SAML for.
        passes=(sign_in(), sign_in("ana", federations=(SAML,)), sign_in(federations=(SAML,))),
    ),
    Case(
        console_user_beside_federation,
        fails={
            local_user(SAML): f"ana {LOWERED} {SAML}",
            local_user(SAML, arn("saml-provider/partners")): f"ana {LOWERED} {SAML}",
            local_user(SAML, administrator=True): f"ana {LOWERED} {SAML}",
        },
        passes=(local_user(), local_user(SAML, password_enabled=False)),
    ),
)
