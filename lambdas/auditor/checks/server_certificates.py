"""TLS certificates kept in IAM."""

from auditor.core.check import Context, Problem, Problems, Severity, check, day
from auditor.core.subjects.entities import ServerCertificate

TO_REPLACE = "aws acm request-certificate --domain-name <domain>   # and use that instead: ACM renews it by itself"


@check(
    Severity.MEDIUM,
    controls=(
        "cis-1.4/1.19",
        "cis-1.5/1.19",
        "cis-2.0/1.19",
        "cis-3.0/1.19",
        "cis-4.0/1.19",
        "cis-5.0/1.18",
        "cis-6.0/2.18",
        "cis-7.0/2.17",
        "fsbp/IAM.26",
        "config/iam-server-certificate-expiration-check",
        "iam-best-practice/9",
    ),
    fix=TO_REPLACE,
)
def expired_server_certificate(certificate: ServerCertificate, ctx: Context) -> Problems:
    """Server certificate in IAM has expired.

    Whatever still presents it teaches its visitors to ignore warnings; and by mistake it can be put to use again.
    """
    if certificate.expires <= ctx.now:
        yield Problem(f"{certificate.name} expired {day(certificate.expires)}", {"expires": certificate.expires})


@check(Severity.LOW, controls=("iam-best-practice/9",), fix=TO_REPLACE)
def expiring_server_certificate(certificate: ServerCertificate, ctx: Context) -> Problems:
    """Server certificate in IAM expires soon.

    IAM renews nothing: somebody has to replace it where it is used before that day.
    """
    end, limit = certificate.expires, ctx.limits.certificate_notice
    if ctx.now < end < ctx.now + limit:
        yield Problem(f"{certificate.name} expires {day(end)} (notice {limit.days} days)", {"expires": end})
