"""The account: whom AWS writes to about it, and how people get into it."""

from collections.abc import Iterator

from auditor.core.check import Because, Context, Problem, Problems, Severity, check, reasons
from auditor.core.subjects.sign_in import AlternateContacts, LocalUser, SignIn

SPELLED_OUT = 3
"""Users that a sentence names."""


@check(
    Severity.MEDIUM,
    controls=(
        "cis-1.2/1.18",
        "cis-1.4/1.2",
        "cis-1.5/1.2",
        "cis-2.0/1.2",
        "cis-3.0/1.2",
        "cis-4.0/1.2",
        "cis-5.0/1.2",
        "cis-6.0/2.2",
        "cis-7.0/2.3",
        "fsbp/Account.1",
        "nist-800-53-r5/CM-2",
        "nist-800-53-r5/CM-2(2)",
        "config/security-account-information-provided",
    ),
    fix="aws account put-alternate-contact --alternate-contact-type SECURITY --name <name> --title <title>"
    " --email-address <a shared mailbox> --phone-number <number>",
)
def missing_security_contact(contacts: AlternateContacts, ctx: Context) -> Problems:  # noqa: ARG001
    """Account has no security contact.

    When AWS sees a leaked key or an attack that comes from the account, it writes to the security contact. Without one
    the letter goes to the root user's mailbox, which nobody may read in time.
    """
    if contacts.security is None:
        yield Problem("the account has no alternate contact for security")


@check(
    Severity.LOW,
    controls=("nist-800-53-r5/CM-2",),
    fix="aws account put-alternate-contact --alternate-contact-type <SECURITY, BILLING or OPERATIONS> --name <name>"
    " --title <title> --email-address <a mailbox of its own> --phone-number <number>",
)
def shared_alternate_contact(contacts: AlternateContacts, ctx: Context) -> Problems:  # noqa: ARG001
    """Security, billing and operations are not reached at three addresses.

    A letter about an attack that comes to the accountants is read by the wrong people, and one lost mailbox silences
    every contact that shares it. Where there is no contact at all, AWS writes to the root user's mailbox.
    """
    given = {"security": contacts.security, "billing": contacts.billing, "operations": contacts.operations}
    missing = tuple(name for name, email in given.items() if email is None)
    shared = tuple(_shared({name: email.casefold() for name, email in given.items() if email is not None}))
    if missing or shared:
        told = [*([f"no contact for {' and '.join(missing)}"] if missing else []), *_share(shared)]
        yield Problem(f"the account has {', and '.join(told)}", {"missing": missing, "shared": shared})


def _shared(emails: dict[str, str]) -> Iterator[str]:
    return (name for name, email in emails.items() if list(emails.values()).count(email) > 1)


def _share(names: tuple[str, ...]) -> list[str]:
    return [f"one address for {' and '.join(names)}"] if names else []


@check(
    Severity.MEDIUM,
    controls=(
        "cis-1.4/1.21",
        "cis-1.5/1.21",
        "cis-2.0/1.21",
        "cis-3.0/1.21",
        "cis-4.0/1.21",
        "cis-5.0/1.20",
        "cis-6.0/2.20",
        "cis-7.0/2.19",
        "trusted-advisor/c2vlfg0p86",
        "iam-best-practice/1",
    ),
    fix="connect the people's identity provider, with IAM Identity Center or: aws iam create-saml-provider"
    " --name <name> --saml-metadata-document file://<metadata of the provider>",
)
def account_without_federation(account: SignIn, ctx: Context) -> Problems:  # noqa: ARG001
    """People sign in with passwords of the account, and nothing federates them.

    Passwords of the account outlive the people: whoever leaves the company keeps them until somebody remembers. A SAML
    provider, an OpenID Connect provider of people and an instance of IAM Identity Center all count; providers that
    vouch for pipelines and pods do not. An account that nobody signs in to with a password needs none of them.
    """
    if account.password_users and not account.federations:
        some = ", ".join(account.password_users[:SPELLED_OUT])
        rest = len(account.password_users) - SPELLED_OUT
        more = f" and {rest} more" if rest > 0 else ""
        yield Problem(
            f"no identity provider or Identity Center instance; with a password: {some}{more}",
            {"password_users": account.password_users},
        )


@check(
    Severity.LOW,
    controls=(
        "cis-1.4/1.21",
        "cis-1.5/1.21",
        "cis-2.0/1.21",
        "cis-3.0/1.21",
        "cis-4.0/1.21",
        "cis-5.0/1.20",
        "cis-6.0/2.20",
        "cis-7.0/2.19",
        "iam-best-practice/1",
    ),
    fix='aws iam update-login-profile --user-name {it.name} --password "$(openssl rand -base64 48)"'
    "   # once the person signs in through the provider: nobody knows this password",
    because=(Because.ADMINISTRATOR,),
)
def console_user_beside_federation(user: LocalUser, ctx: Context) -> Problems:  # noqa: ARG001
    """User has a console password although people can sign in through a provider.

    The password stays when the provider locks the person out, and the provider's second factor does not guard it. A
    user for the day on which the provider fails is an exception to be written down as one.
    """
    if user.password_enabled and user.federations:
        yield Problem(
            f"{user.name} signs in with a password of the account, past {user.federations[0]}",
            because=reasons({Because.ADMINISTRATOR: user.administrator}),
        )
