"""Tags that a deployment demands of identities and what belongs to them; those of AWS (``aws:…``) do not count."""

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.model import Subject
from auditor.core.subjects.access_analyzer import Analyzer
from auditor.core.subjects.entities import IdentityProviderDetail, Role, ServerCertificateDetail, UserDetail


def _lacking(subject: Subject, name: str, ctx: Context) -> Problems:
    """The problem with a subject that lacks some of the tags."""
    if subject.tags is None:
        return
    own = {key for key in subject.tags if not key.startswith("aws:")}
    lacking = tuple(key for key in ctx.limits.required_tags if key not in own)
    if lacking:
        tags = "tag" if len(lacking) == 1 else "tags"
        yield Problem(f"{name} lacks the {tags} {', '.join(lacking)}", {"lacking": lacking})


@check(
    Severity.LOW,
    controls=("fsbp/IAM.25", "iam-manager/9"),
    fix="aws iam tag-user --user-name {it.name} --tags Key=<key>,Value=<value>",
    setting="required_tags",
)
def untagged_user(user: UserDetail, ctx: Context) -> Problems:
    """User lacks a required tag.

    Tags say whose it is and what for; without them nobody can be asked whether it may go.
    """
    yield from _lacking(user, user.name, ctx)


@check(
    Severity.LOW,
    controls=("fsbp/IAM.24", "iam-manager/9"),
    fix="aws iam tag-role --role-name {it.name} --tags Key=<key>,Value=<value>",
    setting="required_tags",
)
def untagged_role(role: Role, ctx: Context) -> Problems:
    """Role lacks a required tag.

    Tags say whose it is and what for; without them nobody can be asked whether it may go. Roles that AWS makes are
    left out.
    """
    if not role.aws_owned:
        yield from _lacking(role, role.name, ctx)


@check(
    Severity.LOW,
    controls=("fsbp/IAM.23",),
    fix="aws accessanalyzer tag-resource --region {it.region} --resource-arn {it.resource} --tags <key>=<value>",
    setting="required_tags",
)
def untagged_analyzer(analyzer: Analyzer, ctx: Context) -> Problems:
    """Analyzer of Access Analyzer lacks a required tag.

    Tags say whose it is and what for; without them nobody knows who reads its findings.
    """
    yield from _lacking(analyzer, f"{analyzer.name} in {analyzer.region}", ctx)


@check(
    Severity.LOW,
    controls=("config/iam-oidc-provider-tagged",),
    fix="aws iam tag-open-id-connect-provider --open-id-connect-provider-arn {it.resource}"
    " --tags Key=<key>,Value=<value>",
    setting="required_tags",
)
def untagged_oidc_provider(provider: IdentityProviderDetail, ctx: Context) -> Problems:
    """OpenID Connect provider lacks a required tag.

    Tags say whose it is and what for; a provider that nobody knows is a way in that nobody watches.
    """
    if provider.protocol == "oidc":
        yield from _lacking(provider, provider.name, ctx)


@check(
    Severity.LOW,
    controls=("config/iam-saml-provider-tagged",),
    fix="aws iam tag-saml-provider --saml-provider-arn {it.resource} --tags Key=<key>,Value=<value>",
    setting="required_tags",
)
def untagged_saml_provider(provider: IdentityProviderDetail, ctx: Context) -> Problems:
    """SAML provider lacks a required tag.

    Tags say whose it is and what for; a provider that nobody knows is a way in that nobody watches.
    """
    if provider.protocol == "saml":
        yield from _lacking(provider, provider.name, ctx)


@check(
    Severity.LOW,
    controls=("config/iam-server-certificate-tagged",),
    fix="aws iam tag-server-certificate --server-certificate-name {it.name} --tags Key=<key>,Value=<value>",
    setting="required_tags",
)
def untagged_server_certificate(certificate: ServerCertificateDetail, ctx: Context) -> Problems:
    """Server certificate lacks a required tag.

    Tags say whose it is and what for; somebody has to replace it before it expires.
    """
    yield from _lacking(certificate, certificate.name, ctx)
