"""Who may become a role: trust policies. Roles that AWS makes are left out."""

from collections.abc import Iterator

from auditor.core.check import Because, Context, Problem, Problems, Severity, check
from auditor.core.subjects.entities import Principal
from auditor.policy.callers import Zone
from auditor.policy.sharing import Who
from auditor.policy.trust import Admission, admissions, excluding

TO_TRUST = "aws iam update-assume-role-policy --role-name {it.name} --policy-document <file>"
READERS = ("ReadOnlyAccess", "PowerUserAccess", "AdministratorAccess")
"""AWS managed policies that read everything that is in the account."""

SOURCED = (
    *("appstream", "bedrock", "bedrock-agentcore", "ecs-tasks", "fis", "iot", "personalize", "pipes"),
    *("scheduler", "ssm", "states", "transfer", "vpc-flow-logs"),
)
"""Services whose documentation puts aws:SourceAccount or aws:SourceArn into the trust of their roles. Of the others,
EC2, Lambda and Glue among them, the request has no such key, and a role that demands it cannot be assumed."""


def _outside(principal: Principal, ctx: Context, known: tuple[str | None, ...] = ()) -> Iterator[Admission]:
    """Whom a role admits, if it is one of the account's own."""
    if _own_role(principal):
        yield from admissions(principal.trust, _zone(principal, ctx, known))


def _own_role(principal: Principal) -> bool:
    return principal.kind == "Role" and not principal.aws_owned


def _zone(principal: Principal, ctx: Context, known: tuple[str | None, ...] = ()) -> Zone:
    _, partition, _, _, account, *_ = principal.resource.split(":")
    others, own = frozenset(filter(None, known)), principal.organization
    return Zone(account=account, partition=partition, organization=own, known=others, now=ctx.now)


def _raised(principal: Principal) -> tuple[Because, ...]:
    return (Because.ADMINISTRATOR,) if principal.administrator else ()


@check(
    Severity.HIGH,
    controls=(
        "nist-800-53-r5/AC-3",
        "iam-best-practice/10",
        "iam-best-practice/11",
        "iam-anti-pattern/6",
    ),
    fix=TO_TRUST,
    because=(Because.ADMINISTRATOR,),
)
def role_open_to_everybody(principal: Principal, ctx: Context) -> Problems:
    """Role may be assumed by anybody in any account.

    Anybody with an AWS account of their own can become this role. A condition that names accounts, principals or an
    organization closes it, unless it has a form that others meet too: a wildcard in the place of the account, IfExists
    for a key that they lack, everybody but some. Any other is told, and the role is open to whoever meets it.
    """
    for admission in [it for it in _outside(principal, ctx) if it.everybody][:1]:
        reason = f"{principal.name} can be assumed by anybody{admission.proviso}"
        yield Problem(reason, {"conditions": admission.conditions}, because=_raised(principal))


@check(
    Severity.HIGH,
    controls=("access-analyzer/ALLOW_WITH_NOT_PRINCIPAL", "iam-best-practice/10", "iam-best-practice/12"),
    fix=TO_TRUST,
    because=(Because.ADMINISTRATOR,),
)
def trust_by_exclusion(principal: Principal, ctx: Context) -> Problems:
    """Role may be assumed by everybody except those whom its trust names.

    NotPrincipal with Allow admits all other accounts of AWS, and people who do not sign in at all, unless a condition
    leaves them out.
    """
    spared = excluding(principal.trust, _zone(principal, ctx)) if _own_role(principal) else ()
    if spared:
        names = tuple(dict.fromkeys(party.value for party in spared))
        reason = f"{principal.name} can be assumed by everybody but {', '.join(names)}"
        yield Problem(reason, {"not_principal": names}, because=_raised(principal))


@check(
    Severity.MEDIUM,
    controls=(
        "nist-800-53-r5/AC-3",
        "pci-4.0/8.2.7",
        "iam-best-practice/10",
        "iam-best-practice/11",
        "iam-anti-pattern/6",
    ),
    fix=TO_TRUST,
    because=(Because.ADMINISTRATOR,),
)
def unguarded_cross_account_trust(principal: Principal, ctx: Context) -> Problems:
    """Role may be assumed from another account that proves nothing else.

    If the other account serves many customers, any of them can ask it to assume this role. An external id that only
    this account's requests carry, or a condition on the organization, prevents that; one that any id meets, or a
    request without one, does not. The known accounts of the deployment, and the organization's management account,
    are left out.
    """
    for account, admission in sorted(_foreign(principal, ctx).items()):
        if not admission.guarded:
            yield Problem(
                f"{principal.name} can be assumed by {admission.party.value}{admission.proviso}",
                {"principal": admission.party.value, "conditions": admission.conditions},
                discriminator=account,
                because=_raised(principal),
            )


def _foreign(principal: Principal, ctx: Context) -> dict[str, Admission]:
    """By account outside, who is admitted without a condition on the organization, the least guarded for each."""
    known = (principal.management, *ctx.limits.known_accounts)
    found: dict[str, Admission] = {}
    for admission in sorted(_outside(principal, ctx, known), key=lambda it: it.guarded):
        if admission.who is Who.ACCOUNT and not admission.fenced:
            found.setdefault(admission.account, admission)
    return found


@check(
    Severity.MEDIUM,
    controls=("nist-800-53-r5/AC-3", "iam-best-practice/10", "iam-best-practice/11", "iam-anti-pattern/6"),
    fix=TO_TRUST,
    because=(Because.ADMINISTRATOR,),
)
def trust_of_another_organization(principal: Principal, ctx: Context) -> Problems:
    """Role may be assumed from every account of another organization.

    Who joins that organization, and who works in its accounts, is decided elsewhere. Either the id is that of an
    organization that the account has left, or a partner is meant, of whom a role or an account would be enough.
    """
    for organization, admission in sorted(_organizations(principal, ctx).items()):
        reason = f"{principal.name} can be assumed from all accounts of {organization}{admission.proviso}"
        evidence = {"organization": organization, "conditions": admission.conditions}
        yield Problem(reason, evidence, discriminator=organization, because=_raised(principal))


def _organizations(principal: Principal, ctx: Context) -> dict[str, Admission]:
    """Organizations that are certainly not the account's own, and how they are admitted."""
    admitted = _outside(principal, ctx) if principal.organization is not None else ()
    return {it.party.value: it for it in admitted if it.who is Who.ORGANIZATION}


@check(
    Severity.HIGH,
    controls=(
        "nist-800-53-r5/AC-6",
        "pci-4.0/8.2.7",
        "iam-best-practice/6",
        "iam-best-practice/11",
        "iam-anti-pattern/6",
    ),
    fix="grant {it.name} what the other account needs to read, and detach the rest:"
    " aws iam detach-role-policy --role-name {it.name} --policy-arn <policy>",
    because=(Because.ADMINISTRATOR,),
)
def cross_account_reader(principal: Principal, ctx: Context) -> Problems:
    """Role that another account may assume reads everything.

    ReadOnlyAccess reads what is stored, not only how it is set up. An external id makes no difference: the other
    account has it. The known accounts of the deployment, and the organization's management account, are left out; for
    a look at the settings SecurityAudit is enough.
    """
    held = tuple(name for name in READERS if _held(principal, name))
    everybody = ("everybody",) if any(it.everybody for it in _outside(principal, ctx)) else ()
    outside = tuple(sorted((*_foreign(principal, ctx), *_organizations(principal, ctx)))) or everybody
    if outside and (held or principal.administrator):
        what = ", ".join(held) or "a policy that allows everything"
        yield Problem(
            f"{principal.name} holds {what} and can be assumed from {', '.join(outside)}",
            {"held": held, "accounts": outside},
            because=_raised(principal),
        )


def _held(principal: Principal, name: str) -> bool:
    return any(arn.split(":")[4:] == ["aws", f"policy/{name}"] for arn in principal.attached)


@check(
    Severity.MEDIUM,
    controls=(
        "access-analyzer/MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL",
        "iam-best-practice/10",
        "iam-best-practice/12",
    ),
    fix=TO_TRUST,
    because=(Because.ADMINISTRATOR, Because.OUTSIDE),
)
def oidc_trust_without_audience(principal: Principal, ctx: Context) -> Problems:
    """Role trusts an OpenID Connect provider without naming the audience.

    A token that was issued for another application opens the role too, as long as the provider in IAM takes it. The
    key is the provider's own: its host, then ``aud`` (Google: also ``oaud``; Amazon, Facebook: ``app_id``). Of Cognito,
    Google, Amazon and Facebook anybody can have an application: theirs open the role too.
    """
    for provider, those in _by_provider(it for it in _outside(principal, ctx) if it.provider and not it.names_audience):
        outside = (Because.OUTSIDE,) if any(it.of_anybodys_application for it in those) else ()
        reason = f"{principal.name} trusts {provider} for any audience"
        because = (*_raised(principal), *outside)
        yield Problem(reason, {"provider": provider}, discriminator=provider, because=because)


@check(
    Severity.HIGH,
    controls=(
        "access-analyzer/MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL",
        "access-analyzer/MISSING_GITHUB_REPO_CONDITION_KEY",
        "iam-best-practice/10",
        "iam-best-practice/12",
    ),
    fix=TO_TRUST,
    because=(Because.ADMINISTRATOR,),
)
def oidc_trust_without_subject(principal: Principal, ctx: Context) -> Problems:
    """Role trusts whomever an OpenID Connect provider signs in.

    GitHub, GitLab, Terraform Cloud and their like sign in everybody's pipelines, a cluster's provider all of its pods,
    Google all service accounts of its customers, for whatever audience they ask. Without a condition on the subject, or
    with one that any subject meets (``*``, ``repo:*``, ``system:serviceaccount:*``), each of them can assume the role.
    Cognito and the providers for people, where the audience is the application, are left out.
    """
    for provider, _ in _by_provider(it for it in _outside(principal, ctx) if it.open_to_strangers):
        reason = f"{principal.name} trusts whomever {provider} signs in"
        yield Problem(reason, {"provider": provider}, discriminator=provider, because=_raised(principal))


def _by_provider(admitted: Iterator[Admission]) -> list[tuple[str, list[Admission]]]:
    found: dict[str, list[Admission]] = {}
    for it in admitted:
        found.setdefault(it.provider, []).append(it)
    return sorted(found.items())


@check(
    Severity.MEDIUM,
    controls=("nist-800-53-r5/AC-3", "iam-best-practice/10", "iam-anti-pattern/6"),
    fix=TO_TRUST,
    because=(Because.ADMINISTRATOR,),
)
def role_open_to_guests(principal: Principal, ctx: Context) -> Problems:
    """Role may be assumed by people who did not sign in to Cognito.

    What an identity pool gives its guests, it gives to everybody who reads the pool's id in the application. A
    condition that ``cognito-identity.amazonaws.com:amr`` is ``authenticated`` leaves them out; without one the role
    rests on the pool not having any.
    """
    guests = [it for it in _outside(principal, ctx) if it.open_to_guests]
    if guests:
        conditions = tuple(sorted({name for it in guests for name in it.conditions}))
        reason = f"{principal.name} can be assumed by guests of a Cognito identity pool"
        yield Problem(reason, {"conditions": conditions}, because=_raised(principal))


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/10",),
    fix=TO_TRUST,
    because=(Because.ADMINISTRATOR,),
)
def saml_trust_without_audience(principal: Principal, ctx: Context) -> Problems:
    """Role trusts a SAML provider without naming the audience.

    Without a condition on SAML:aud an assertion that was meant for another sign-in page opens the role.
    """
    saml = [it for it in _outside(principal, ctx) if ":saml-provider/" in it.party.value]
    for provider in sorted({it.party.value for it in saml if not it.names_audience}):
        reason = f"{principal.name} trusts {provider.rpartition('/')[2]} for any audience"
        yield Problem(reason, {"provider": provider}, discriminator=provider, because=_raised(principal))


@check(
    Severity.LOW,
    controls=("access-analyzer/RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", "iam-best-practice/10", "iam-best-practice/12"),
    fix=TO_TRUST,
    because=(Because.ADMINISTRATOR,),
)
def service_trust_without_source(principal: Principal, ctx: Context) -> Problems:
    """Role trusts a service for whichever account the service works.

    Somebody else's resource can make the service use this role. aws:SourceAccount, or a aws:SourceArn with an account
    in it, prevents that. Only services that send these keys with AssumeRole are judged: with the others such a
    condition would lock the role. Each service is judged by itself, whoever else the trust admits.
    """
    for admission in {it.party.value: it for it in _outside(principal, ctx) if _open_service(it)}.values():
        service = admission.party.value
        reason = f"{principal.name} trusts {service} for any account{admission.proviso}"
        evidence = {"service": service, "conditions": admission.conditions}
        yield Problem(reason, evidence, discriminator=service, because=_raised(principal))


def _open_service(admission: Admission) -> bool:
    return admission.party.value.partition(".")[0] in SOURCED and admission.open_to_sources


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/10", "iam-best-practice/12"),
    fix=TO_TRUST,
    because=(Because.ADMINISTRATOR,),
)
def trust_of_every_certificate(principal: Principal, ctx: Context) -> Problems:
    """Role may be assumed with every certificate that Roles Anywhere takes.

    Each trust anchor of the account, the next one too, opens the role with whatever its authority has signed. A
    condition on ``aws:SourceArn`` names the anchor, one on ``aws:PrincipalTag/x509Subject/CN`` the certificate.
    """
    if any(it.open_to_certificates for it in _outside(principal, ctx)):
        yield Problem(f"{principal.name} can be assumed with any certificate", because=_raised(principal))
