"""What tokens and certificates of identity providers say, and which conditions on it leave strangers out."""

import re
from collections.abc import Iterable
from functools import partial

from auditor.policy.callers import Chosen, Facts, wild
from auditor.policy.document import Clause

ANOTHER = "another"
"""An audience, a subject or an external id that no policy names."""

AUDIENCE = {"accounts.google.com": ("aud", "oaud"), "www.amazon.com": ("app_id",), "graph.facebook.com": ("app_id",)}
"""How the providers that IAM knows by itself call the application; every other one calls it ``aud``."""

COGNITO, GOOGLE = "cognito-identity.amazonaws.com", "accounts.google.com"
EVERYBODYS = {COGNITO, GOOGLE, "www.amazon.com", "graph.facebook.com"}
"""Providers that IAM knows by itself: anybody can have an application, or an identity pool, of theirs."""

NAME = r"[^*?/:]+"
TERRAFORM = re.compile(rf"organization:{NAME}:.*")
TENANT = {
    "token.actions.githubusercontent.com": re.compile(
        r"(.*:)?(repo|repository(_owner)?(_id)?|(job_)?workflow_ref|enterprise(_id)?):[^*?/:@]+([@/:].*)?"
    ),
    "gitlab.com": re.compile(rf"(project|namespace)_path:{NAME}/.*|(project|namespace)_id:{NAME}(:.*)?"),
    "app.terraform.io": TERRAFORM,
    "app.eu.terraform.io": TERRAFORM,
    "agent.buildkite.com": TERRAFORM,
    "scalr.io": re.compile(rf"account:{NAME}(:.*)?"),
    "oidc.codefresh.io": re.compile(rf"account:{NAME}(:.*)?"),
    "proidc.upbound.io": re.compile(rf"mcp:{NAME}/.*"),
    "oidc.vercel.com": re.compile(rf"owner:{NAME}:.*|aud:https://vercel\.com/{NAME}"),
    "api.pulumi.com/oidc": re.compile(rf"(.*:)?org:{NAME}(:.*)?|aud:(aws:)?{NAME}"),
    "sandboxes.cloud": re.compile(r"aud:[^*?]+"),
}
"""Of providers that sign in everybody's workloads: what a claim looks like that names whose workload it is. A subject
stands as it is, any other claim behind its name. GitHub's subjects can be made of other claims than the usual ones.
Which providers these are:
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
"""

ANYBODY = re.compile(
    r"[*?]*|[*?][^:]*:.*|(account|group|namespace_path|org|organization|owner|project_path|repo|user):[*?].*"
    r"|system:([*?].*|serviceaccount:[*?].*)"
)
"""What all claims of any other provider look like, or those of everybody who gave something the right name."""

ANY_CERTIFICATE = re.compile(r"(CN=)?[*?]*")
TAG = "aws:requesttag/"
"""Session tags of a web identity are claims of its token."""


def audience_keys(provider: str) -> tuple[str, ...]:
    """The condition keys that hold the application that a token of the provider is for."""
    return tuple(f"{provider}:{name}" for name in AUDIENCE.get(provider, ("aud",)))


def _strangers(provider: str, claim: str, value: str) -> bool:
    """Whether a pattern of a claim admits one of a stranger: of another customer, or of anybody who is signed in."""
    form = TENANT.get(provider)
    if form is None:
        return bool(ANYBODY.fullmatch(value))
    return not form.fullmatch(value if claim == "sub" else f"{claim}:{value}")


def stranger(provider: str, clauses: Iterable[Clause]) -> Facts:
    """A token that the provider gave to somebody whom none of the claims in the clauses names; for any application."""
    facts: dict[str, Chosen] = {}
    for key in {it.key for it in clauses}:
        claim = key.removeprefix(f"{provider}:")
        if key.startswith(TAG):
            facts[key] = Chosen(usual=ANOTHER, could=lambda value: not value.strip("*?"))
        elif claim != key and (key not in audience_keys(provider) or _of_tenants(provider, claim)):
            facts[key] = Chosen(usual=ANOTHER, could=partial(_strangers, provider, claim))
    return facts


def _of_tenants(provider: str, claim: str) -> bool:
    """Whether the claim names whose workload it is, as the audience does of some providers."""
    form = TENANT.get(provider)
    return form is not None and f"{claim}:" in form.pattern


def another_audience(provider: str) -> Facts:
    """A token for another application. A token always has an audience."""
    return dict.fromkeys(audience_keys(provider), (ANOTHER,))


def anybodys_application(provider: str) -> Facts:
    """A token for somebody else's application, about somebody else."""
    about = (f"{provider}:{claim}" for claim in ("sub", "email", "user_id", "id"))
    return {**another_audience(provider), **dict.fromkeys(about, (ANOTHER,))}


STRANGE_GOOGLE_ACCOUNT: Facts = {f"{GOOGLE}:{claim}": (ANOTHER,) for claim in ("aud", "sub", "email")}
"""A service account of somebody else. It gets tokens for any audience it likes, which IAM calls ``oaud``: what IAM
calls ``aud`` is then the account itself."""

GUEST: Facts = {f"{COGNITO}:amr": ("unauthenticated",)}
"""Somebody who did not sign in to an identity pool."""


def any_certificate(clauses: Iterable[Clause]) -> tuple[Facts, Facts]:
    """A certificate of any authority that Roles Anywhere takes, for anything: with the named fields, and without."""
    keys = {it.key for it in clauses if it.key.startswith("aws:principaltag/x509") or it.key == "sts:sourceidentity"}
    field = Chosen(usual=ANOTHER, could=lambda value: bool(ANY_CERTIFICATE.fullmatch(value)))
    anchor = Chosen(usual=ANOTHER, could=lambda value: wild(value.rpartition("/")[2]))
    return {"aws:sourcearn": anchor, **dict.fromkeys(keys, field)}, {"aws:sourcearn": anchor, **dict.fromkeys(keys, ())}
