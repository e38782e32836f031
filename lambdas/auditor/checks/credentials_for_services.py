"""Service-specific credentials of IAM users: CodeCommit, Keyspaces, and API keys that are sent as they are."""

from datetime import timedelta

from auditor.core.check import Because, Context, Problem, Problems, Severity, check, day
from auditor.core.subjects.credentials import BedrockKey, ServiceCredential

DEACTIVATE = (
    "aws iam update-service-specific-credential --user-name {it.user} --service-specific-credential-id {it.id}"
    " --status Inactive"
)
FOR_EVER = timedelta(days=3650)
"""IAM lets an API key live for 36,600 days: one that outlives everything around it never ends."""


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/4", "iam-anti-pattern/1"),
    fix=DEACTIVATE,
)
def stale_service_credential(credential: ServiceCredential, ctx: Context) -> Problems:
    """Active service-specific credential is older than the rotation limit.

    It is a password that a program keeps in clear text, the credential report leaves it out, and nothing tells whether
    it is used.
    """
    age, limit = ctx.age(credential.created), ctx.limits.key_age
    if credential.works(ctx.now) and age > limit:
        yield Problem(
            f"{credential.id} of {credential.user} for {credential.service} is {age.days} days old"
            f" (limit {limit.days})",
            {"created": credential.created},
        )


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/2", "iam-best-practice/4", "iam-anti-pattern/1"),
    fix=DEACTIVATE,
    because=(Because.EVERLASTING,),
)
def long_term_bedrock_key(key: BedrockKey, ctx: Context) -> Problems:
    """User has a long-term API key for Amazon Bedrock.

    It is sent with every request and works for whoever reads it, from anywhere. A short-term key, or a role, does the
    same work and ends within hours.
    """
    if key.works(ctx.now):
        end = key.expires if key.expires and key.expires - key.created <= FOR_EVER else None
        ends = f"ends on {day(end)}" if end else "never ends"
        yield Problem(
            f"the Bedrock API key {key.id} of {key.user} {ends}",
            {"created": key.created, "expires": key.expires},
            because=() if end else (Because.EVERLASTING,),
        )


@check(
    Severity.HIGH,
    controls=("iam-best-practice/6", "iam-anti-pattern/4"),
    fix=DEACTIVATE,
)
def powerful_bedrock_key(key: BedrockKey, ctx: Context) -> Problems:
    """Bedrock API key may do everything in Bedrock.

    The key has its user's permissions. Who finds it can run every model at the account's cost, read what models were
    trained on, and switch guardrails off.
    """
    if key.works(ctx.now) and (key.administrator or key.whole_service):
        who = "an administrator" if key.administrator else "who may do everything in Bedrock"
        yield Problem(f"the Bedrock API key {key.id} is of {key.user}, {who}")
