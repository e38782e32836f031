from typing import Any

from auditor.checks.trust import (
    cross_account_reader,
    oidc_trust_without_audience,
    oidc_trust_without_subject,
    role_open_to_everybody,
    role_open_to_guests,
    saml_trust_without_audience,
    service_trust_without_source,
    trust_by_exclusion,
    trust_of_another_organization,
    trust_of_every_certificate,
    unguarded_cross_account_trust,
)
from auditor.core.case import Case
from auditor.core.check import Limits
from auditor.core.subjects.entities import Principal
from tests.build import ACCOUNT, OWNER, arn, principal, trusting

OTHER = "444455556666"
ROOT = f"arn:{OWNER.partition}:iam::{OTHER}:root"
GITHUB = arn("oidc-provider/token.actions.githubusercontent.com")
CLUSTER = arn("oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/AB12")
CLUSTER_KEY = "oidc.eks.eu-west-1.amazonaws.com/id/AB12"
ADFS = arn("saml-provider/adfs")
WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
ANYBODYS = (
    *("*", "repo:*", "repo:*/api:*", "repo:shop*/api:*", ["repo:shop/api:*", "*"], "environment:prod"),
    *("*:environment:prod", "repo:*@123/api@456:*", "repository_owner:*", "ref:refs/heads/main"),
)
OWN_REPOSITORIES = (
    *("repo:shop/api:ref:refs/heads/main", "repo:shop/*", "repo:shop@123/api@456:environment:prod"),
    *("repository_owner_id:123:environment:prod", "environment:prod:repository_owner:shop"),
)
KEYLESS = ("ec2", "lambda", "glue", "apigateway", "backup")
EXTERNAL_ID = {"StringEquals": {"sts:ExternalId": "4711"}}
OURS = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
NOT_OURS = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
THEIRS = {"StringEquals": {"aws:PrincipalOrgID": "o-theirs1234"}}
MEMBER: dict[str, Any] = {"organization": "o-a1b2c3d4e5"}
LONE: dict[str, Any] = {"organization": ""}


def equal(**keys: Any) -> dict[str, Any]:
    return {"StringEquals": keys}


def role(*statements: Any, **fields: Any) -> Principal:
    return principal(trust={"Statement": list(statements)}, **fields)


def admitting(who: Any, condition: Any = None, action: str = "sts:AssumeRole", **fields: Any) -> Principal:
    return principal(trust=trusting(who, action, **({"Condition": condition} if condition else {})), **fields)


def federated(provider: str, *conditions: dict[str, Any], action: str = WEB_IDENTITY) -> Principal:
    merged: dict[str, Any] = {}
    for condition in conditions:
        for operator, block in condition.items():
            merged.setdefault(operator, {}).update(block)
    return admitting({"Federated": provider}, merged, action)


def github(claim: str, value: Any, operator: str = "StringLike") -> dict[str, Any]:
    return {operator: {f"token.actions.githubusercontent.com:{claim}": value}}


def subject(host: str, value: Any) -> Principal:
    return federated(arn(f"oidc-provider/{host}"), {"StringLike": {f"{host}:sub": value}})


def guests(amr: dict[str, Any], **fields: Any) -> Principal:
    condition = {"StringEquals": {f"{COGNITO}:aud": "eu-west-1:1"}, **amr}
    return admitting({"Federated": COGNITO}, condition, WEB_IDENTITY, **fields)


def certificate(condition: dict[str, Any], **fields: Any) -> Principal:
    return admitting({"Service": "rolesanywhere.amazonaws.com"}, condition, **fields)


COGNITO = "cognito-identity.amazonaws.com"
AMR = f"{COGNITO}:amr"
ANCHOR = f"arn:{OWNER.partition}:rolesanywhere:eu-west-1:{ACCOUNT}:trust-anchor/"
AUDIENCE = github("aud", "sts.amazonaws.com", "StringEquals")
ALLOW = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
DENY = {**ALLOW, "Effect": "Deny", "Principal": "*"}
DENY_OTHERS = {"Effect": "Deny", "Action": "sts:AssumeRole"}
READER: dict[str, Any] = {"attached": (f"arn:{OWNER.partition}:iam::aws:policy/ReadOnlyAccess",)}
BUILDKITE = arn("oidc-provider/agent.buildkite.com")
PIPES = {"Service": "pipes.amazonaws.com"}
PIPES_OPEN = "deploy trusts pipes.amazonaws.com for any account"
GITHUB_OPEN = "deploy trusts whomever token.actions.githubusercontent.com signs in"
SOURCE = f"arn:{OWNER.partition}:pipes:*:{ACCOUNT}:pipe/*"

CASES = (
    Case(
        role_open_to_everybody,
        fails={
            admitting("*"): "deploy can be assumed by anybody",
            admitting({"AWS": "*"}): "deploy can be assumed by anybody",
            admitting({"AWS": [arn("root"), "*"]}, action="sts:*"): "deploy can be assumed by anybody",
            admitting({"AWS": "*"}, administrator=True): "deploy can be assumed by anybody",
            # An external id is no secret, and a key that a request may lack closes nothing.
            admitting("*", EXTERNAL_ID): "deploy can be assumed by anybody if sts:ExternalId is met",
            admitting("*", {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}): "deploy can be assumed by anybody",
            admitting("*", {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-1/r-1/"}}): (
                "deploy can be assumed by anybody"
            ),
            **{
                admitting("*", {"StringLike": {key: value}}): "deploy can be assumed by anybody"
                for key, value in (
                    *(("aws:PrincipalOrgID", "*"), ("aws:PrincipalOrgID", "o-*"), ("aws:PrincipalOrgPaths", "o-*/r-*")),
                    *(("aws:PrincipalAccount", "*"), ("aws:PrincipalAccount", "????????????")),
                    *(("aws:PrincipalArn", "*"), ("aws:PrincipalArn", "arn:*:role/*"), ("aws:userid", "*")),
                )
            },
            admitting("*", {"StringLike": {"aws:PrincipalAccount": "4444*"}}): (
                "deploy can be assumed by anybody if aws:PrincipalAccount is met"
            ),
            # Everybody else, and anybody in an organization.
            admitting("*", NOT_OURS): "deploy can be assumed by anybody",
            admitting("*", {"Null": {"aws:PrincipalOrgID": "false"}}): "deploy can be assumed by anybody",
            admitting("*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}): "deploy can be assumed by anybody",
            admitting("*", {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}): (
                "deploy can be assumed by anybody if aws:SourceIp is met"
            ),
            admitting("*", {"DateLessThan": {"aws:CurrentTime": "2026-11-21T00:00:00Z"}}): (
                "deploy can be assumed by anybody"
            ),
            admitting("*", action=WEB_IDENTITY): "deploy can be assumed by anybody",
            # Anybody's account is in the place of the account.
            admitting("*", equal(**{"aws:PrincipalAccount": "${aws:PrincipalAccount}"})): (
                "deploy can be assumed by anybody"
            ),
            # The denial spares whoever says so.
            role(ALLOW, {**DENY, "Condition": {**NOT_OURS, "ArnNotLike": {"aws:PrincipalArn": "arn:*:role/a"}}}): (
                "deploy can be assumed by anybody"
            ),
            # Anybody can call a role of theirs so.
            admitting("*", {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}): (
                "deploy can be assumed by anybody if aws:PrincipalArn is met"
            ),
            role(ALLOW, {**DENY, "Principal": {"AWS": ROOT}}): "deploy can be assumed by anybody",
            # One way in is one too many; a second is no second problem.
            role(ALLOW, {**ALLOW, "Condition": EXTERNAL_ID}): "deploy can be assumed by anybody",
            role(ALLOW, {**DENY, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}): (
                "deploy can be assumed by anybody"
            ),
        },
        passes=(
            admitting({"AWS": ROOT}),
            admitting("*", OURS),
            admitting("*", equal(**{"aws:PrincipalAccount": OTHER})),
            admitting("*", {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OTHER}:role/*"}}),
            role(ALLOW, {**DENY, "Condition": NOT_OURS}),
            role(ALLOW, {**DENY_OTHERS, "NotPrincipal": {"AWS": arn("root")}}),
            role(ALLOW, {**DENY, "Condition": {"ArnNotLike": {"aws:PrincipalArn": arn("role/*")}}}),
            admitting("*", equal(**{"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}), **MEMBER),
            admitting("*", equal(**{"aws:PrincipalAccount": "${aws:ResourceAccount}"})),
            admitting("*", {"StringLike": {"aws:userid": "AROA1EXAMPLEEXAMPLE12:*"}}),
            # A wildcard is none where texts have to be the same.
            admitting("*", equal(**{"aws:PrincipalOrgID": "*"})),
            # Nobody can meet it, and nobody can any more.
            admitting("*", {**equal(**{"aws:PrincipalAccount": OTHER}), "Null": {"aws:PrincipalAccount": "true"}}),
            admitting("*", {"DateLessThan": {"aws:CurrentTime": "2026-11-01T00:00:00Z"}}),
            role(ALLOW, DENY),
            role(DENY),
            admitting("*", action="sts:TagSession"),
            admitting("*", aws_owned=True),
            principal("User", "ana"),
        ),
    ),
    Case(
        trust_by_exclusion,
        fails={
            role({"Effect": "Allow", "NotPrincipal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}): (
                f"deploy can be assumed by everybody but {ROOT}"
            ),
            role({"Effect": "Allow", "NotPrincipal": {"AWS": ROOT}, "Action": "*"}, administrator=True): (
                f"deploy can be assumed by everybody but {ROOT}"
            ),
        },
        passes=(
            admitting("*"),
            role({"Effect": "Allow", "NotPrincipal": {"AWS": ROOT}, "Action": "sts:AssumeRole", "Condition": OURS}),
            principal("User", "ana", trust=trusting({"AWS": ROOT})),
            role({"Effect": "Deny", "NotPrincipal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}),
            role({"Effect": "Allow", "NotPrincipal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}, aws_owned=True),
            principal("User", "ana"),
        ),
    ),
    Case(
        unguarded_cross_account_trust,
        fails={
            admitting({"AWS": ROOT}): f"deploy can be assumed by {ROOT}",
            admitting({"AWS": OTHER}): f"deploy can be assumed by {OTHER}",
            admitting({"AWS": OTHER}, administrator=True): f"deploy can be assumed by {OTHER}",
            admitting({"AWS": [arn("root"), ROOT]}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}): (
                f"deploy can be assumed by {ROOT} if aws:MultiFactorAuthPresent is met"
            ),
            admitting({"AWS": ROOT}, {"StringEqualsIfExists": {"sts:ExternalId": "4711"}}): (
                f"deploy can be assumed by {ROOT} if sts:ExternalId is met"
            ),
            # The account is the same; one of the two ways in asks for no external id.
            role(
                {**ALLOW, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:role/a"}, "Condition": EXTERNAL_ID},
                {**ALLOW, "Principal": {"AWS": f"arn:aws:iam::{OTHER}:role/b"}},
            ): f"deploy can be assumed by arn:aws:iam::{OTHER}:role/b",
            admitting("*", equal(**{"aws:PrincipalAccount": OTHER})): f"deploy can be assumed by {OTHER}",
            # Any id does, or none.
            admitting({"AWS": ROOT}, {"StringLike": {"sts:ExternalId": "*"}}): (
                f"deploy can be assumed by {ROOT} if sts:ExternalId is met"
            ),
            admitting({"AWS": ROOT}, {"StringNotEquals": {"sts:ExternalId": "4711"}}): (
                f"deploy can be assumed by {ROOT} if sts:ExternalId is met"
            ),
            admitting({"AWS": f"arn:aws:sts::{OTHER}:assumed-role/a/b"}): (
                f"deploy can be assumed by arn:aws:sts::{OTHER}:assumed-role/a/b"
            ),
            # Not our fence.
            admitting({"AWS": ROOT}, THEIRS, **MEMBER): f"deploy can be assumed by {ROOT} if aws:PrincipalOrgID is met",
            admitting({"AWS": ROOT}, THEIRS, **LONE): f"deploy can be assumed by {ROOT} if aws:PrincipalOrgID is met",
        },
        passes=(
            admitting({"AWS": arn("root")}),
            admitting({"AWS": ACCOUNT}),
            admitting({"AWS": ROOT}, EXTERNAL_ID),
            admitting({"AWS": ROOT}, OURS),
            admitting({"AWS": ROOT}, OURS, **MEMBER),
            admitting({"AWS": ROOT}, equal(**{"aws:PrincipalAccount": ACCOUNT})),
            role({**ALLOW, "Principal": {"AWS": ROOT}}, {**DENY, "Principal": {"AWS": OTHER}}),
            admitting({"AWS": ROOT}, action=WEB_IDENTITY),
            admitting({"AWS": "AROA1EXAMPLEEXAMPLE12"}),
            admitting({"Service": "ec2.amazonaws.com"}),
            admitting("*"),
        ),
    ),
    Case(
        unguarded_cross_account_trust,
        passes=(admitting({"AWS": ROOT}),),
        limits=Limits(known_accounts=(OTHER,)),
    ),
    Case(
        trust_of_another_organization,
        fails={
            admitting("*", THEIRS, **MEMBER): "deploy can be assumed from all accounts of o-theirs1234",
            admitting("*", THEIRS, administrator=True, **LONE): (
                "deploy can be assumed from all accounts of o-theirs1234"
            ),
            admitting("*", {**THEIRS, "Bool": {"aws:MultiFactorAuthPresent": "true"}}, **MEMBER): (
                "deploy can be assumed from all accounts of o-theirs1234 if aws:MultiFactorAuthPresent is met"
            ),
            admitting("*", {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-theirs1234/r-1/*"}}, **MEMBER): (
                "deploy can be assumed from all accounts of o-theirs1234 if aws:PrincipalOrgPaths is met"
            ),
            role(ALLOW, {**DENY, "Condition": {"StringNotEquals": THEIRS["StringEquals"]}}, **MEMBER): (
                "deploy can be assumed from all accounts of o-theirs1234"
            ),
        },
        passes=(
            admitting("*", OURS, **MEMBER),
            # Whose it is was not seen.
            admitting("*", THEIRS),
            # One account of it is meant.
            admitting("*", {"StringEquals": {**THEIRS["StringEquals"], "aws:PrincipalAccount": OTHER}}, **MEMBER),
            admitting("*", **MEMBER),
            admitting({"AWS": arn("root")}, THEIRS, **MEMBER),
        ),
    ),
    # The account that manages the organization can act in each of its members anyway.
    Case(unguarded_cross_account_trust, passes=(admitting({"AWS": ROOT}, management=OTHER),)),
    Case(cross_account_reader, passes=(admitting({"AWS": ROOT}, management=OTHER, **READER),)),
    Case(
        cross_account_reader,
        fails={
            # An external id makes no difference here.
            admitting({"AWS": ROOT}, EXTERNAL_ID, **READER): (
                f"deploy holds ReadOnlyAccess and can be assumed from {OTHER}"
            ),
            admitting("*", **READER): "deploy holds ReadOnlyAccess and can be assumed from everybody",
            admitting({"AWS": ["*", "*"]}, **READER): "deploy holds ReadOnlyAccess and can be assumed from everybody",
            admitting("*", THEIRS, **MEMBER, **READER): (
                "deploy holds ReadOnlyAccess and can be assumed from o-theirs1234"
            ),
            admitting({"AWS": ROOT}, administrator=True): (
                f"deploy holds a policy that allows everything and can be assumed from {OTHER}"
            ),
        },
        passes=(
            admitting({"AWS": ROOT}, attached=(f"arn:{OWNER.partition}:iam::aws:policy/SecurityAudit",)),
            admitting({"AWS": ROOT}, attached=(arn("policy/ReadOnlyAccess"),)),
            admitting({"AWS": arn("root")}, **READER),
            admitting({"AWS": ROOT}, OURS, **READER),
            admitting({"Service": "ec2.amazonaws.com"}, **READER),
        ),
    ),
    Case(cross_account_reader, passes=(admitting({"AWS": ROOT}, **READER),), limits=Limits(known_accounts=(OTHER,))),
    Case(
        oidc_trust_without_audience,
        fails={
            federated(GITHUB, github("sub", "repo:shop/api:*")): (
                "deploy trusts token.actions.githubusercontent.com for any audience"
            ),
            federated(GITHUB, github("aud", "*")): "deploy trusts token.actions.githubusercontent.com for any audience",
            # The key of another provider is no key of this one.
            federated(GITHUB, {"StringEquals": {"gitlab.com:aud": "sts.amazonaws.com"}}): (
                "deploy trusts token.actions.githubusercontent.com for any audience"
            ),
            admitting({"Federated": GITHUB}, None, WEB_IDENTITY, administrator=True): (
                "deploy trusts token.actions.githubusercontent.com for any audience"
            ),
            federated(COGNITO): "deploy trusts cognito-identity.amazonaws.com for any audience",
            # Somebody is named, and the application is not.
            federated("accounts.google.com", equal(**{"accounts.google.com:sub": "4711"})): (
                "deploy trusts accounts.google.com for any audience"
            ),
            federated(GITHUB, github("aud", "sts.amazonaws.com", "StringNotEquals")): (
                "deploy trusts token.actions.githubusercontent.com for any audience"
            ),
        },
        passes=(
            federated(GITHUB, AUDIENCE),
            federated(GITHUB, action="sts:AssumeRole"),
            federated(CLUSTER, {"StringEquals": {f"{CLUSTER_KEY}:aud": "sts.amazonaws.com"}}),
            federated("accounts.google.com", {"StringEquals": {"accounts.google.com:oaud": "4711"}}),
            federated("www.amazon.com", {"StringEquals": {"www.amazon.com:app_id": "4711"}}),
            federated("cognito-identity.amazonaws.com", equal(**{"cognito-identity.amazonaws.com:aud": "eu-west-1:1"})),
            federated(ADFS, action="sts:AssumeRoleWithSAML"),
            admitting({"AWS": ROOT}),
        ),
    ),
    Case(
        oidc_trust_without_subject,
        fails={
            federated(GITHUB, AUDIENCE): GITHUB_OPEN,
            **{federated(GITHUB, AUDIENCE, github("sub", value)): GITHUB_OPEN for value in ANYBODYS},
            federated(GITHUB, github("actor", "octocat")): GITHUB_OPEN,
            federated(GITHUB, github("sub", "repo:evil/api", "StringNotEquals")): GITHUB_OPEN,
            federated(GITHUB, github("sub", "repo:*", "ForAllValues:StringLike")): GITHUB_OPEN,
            admitting({"Federated": GITHUB}, AUDIENCE, WEB_IDENTITY, administrator=True): GITHUB_OPEN,
            **{
                subject(host, value): f"deploy trusts whomever {host} signs in"
                for host, value in (
                    *(("gitlab.com", "project_path:*"), ("gitlab.example.com", "project_path:*:ref_type:branch:*")),
                    *(("gitlab.example.com", "*:ref_type:branch:ref:main"), ("gitlab.com", "project_path:shop*/api:*")),
                    *(("app.terraform.io", "organization:*:project:*"), ("app.eu.terraform.io", "*")),
                    *(("agent.buildkite.com", "organization:*:pipeline:deploy:*"), ("scalr.io", "account:*")),
                    *(("oidc.vercel.com", "owner:*:project:web:*"), ("api.pulumi.com/oidc", "pulumi:deploy:org:*")),
                    *(("oidc.codefresh.io", "account:*:pipeline:*"), ("proidc.upbound.io", "mcp:*:provider:aws")),
                )
            },
            federated(BUILDKITE, {"StringLike": {"aws:RequestTag/organization_slug": "*"}}): (
                "deploy trusts whomever agent.buildkite.com signs in"
            ),
            # Any service account of Google's customers gets a token for any audience.
            federated("accounts.google.com", equal(**{"accounts.google.com:oaud": "4711"})): (
                "deploy trusts whomever accounts.google.com signs in"
            ),
            federated(CLUSTER, equal(**{f"{CLUSTER_KEY}:aud": "sts.amazonaws.com"})): (
                "deploy trusts whomever oidc.eks.eu-west-1.amazonaws.com/id/ab12 signs in"
            ),
            **{
                federated(CLUSTER, {"StringLike": {f"{CLUSTER_KEY}:sub": value}}): (
                    "deploy trusts whomever oidc.eks.eu-west-1.amazonaws.com/id/ab12 signs in"
                )
                for value in ("*", "system:*", "system:serviceaccount:*", "system:serviceaccount:*:api")
            },
        },
        passes=(
            *(federated(GITHUB, AUDIENCE, github("sub", value)) for value in OWN_REPOSITORIES),
            # A wildcard is none where texts have to be the same.
            federated(GITHUB, AUDIENCE, github("sub", "repo:*", "StringEquals")),
            federated(GITHUB, github("sub", "repo:shop/*", "StringLikeIfExists")),
            federated(BUILDKITE, equal(**{"aws:RequestTag/organization_slug": "shop"})),
            subject("agent.buildkite.com", "organization:shop:pipeline:deploy:*"),
            subject("gitlab.example.com", "project_path:shop/*"),
            subject("oidc.vercel.com", "owner:shop:project:web:environment:production"),
            federated(
                arn("oidc-provider/oidc.vercel.com"), equal(**{"oidc.vercel.com:aud": "https://vercel.com/shop"})
            ),
            federated(arn("oidc-provider/api.pulumi.com/oidc"), equal(**{"api.pulumi.com/oidc:aud": "aws:shop"})),
            subject("oidc.circleci.com/org/4711", "org/4711/project/0815/user/*"),
            federated(CLUSTER, {"StringLike": {f"{CLUSTER_KEY}:sub": "system:serviceaccount:shop-*:api"}}),
            federated("accounts.google.com", equal(**{"accounts.google.com:aud": "4711"})),
            federated("accounts.google.com"),
            federated(GITHUB, github("sub", "repo:shop/api:*", "ForAnyValue:StringLike")),
            federated(GITHUB, github("repository_owner", "shop", "StringEquals")),
            federated(GITHUB, github("job_workflow_ref", "shop/pipelines/.github/workflows/*")),
            subject("gitlab.com", "project_path:shop/api:ref_type:branch:ref:main"),
            subject("app.terraform.io", "organization:shop:project:*"),
            federated(CLUSTER, {"StringEquals": {f"{CLUSTER_KEY}:sub": "system:serviceaccount:shop:api"}}),
            federated("cognito-identity.amazonaws.com"),
            federated(ADFS, action="sts:AssumeRoleWithSAML"),
        ),
    ),
    Case(
        role_open_to_guests,
        fails={
            guests({}): "deploy can be assumed by guests of a Cognito identity pool",
            guests({"ForAnyValue:StringLike": {AMR: "unauthenticated"}}, administrator=True): (
                "deploy can be assumed by guests of a Cognito identity pool"
            ),
            guests({"ForAnyValue:StringLike": {AMR: "*authenticated"}}): (
                "deploy can be assumed by guests of a Cognito identity pool"
            ),
        },
        shows={
            guests({"StringEqualsIfExists": {"aws:RequestTag/a": "b"}}): {
                "conditions": ("aws:RequestTag/a", f"{COGNITO}:aud")
            }
        },
        passes=(
            guests({"ForAnyValue:StringLike": {AMR: "authenticated"}}),
            guests({"ForAnyValue:StringEquals": {AMR: "graph.facebook.com"}}),
            federated("accounts.google.com"),
        ),
    ),
    Case(
        saml_trust_without_audience,
        fails={
            federated(ADFS, action="sts:AssumeRoleWithSAML"): "deploy trusts adfs for any audience",
            federated(ADFS, {"StringLike": {"SAML:aud": "*"}}, action="sts:AssumeRoleWithSAML"): (
                "deploy trusts adfs for any audience"
            ),
            admitting(
                {"Federated": ADFS}, equal(**{"SAML:iss": "https://idp"}), "sts:AssumeRoleWithSAML", administrator=True
            ): "deploy trusts adfs for any audience",
        },
        passes=(
            federated(ADFS, equal(**{"SAML:aud": "https://signin.aws/saml"}), action="sts:AssumeRoleWithSAML"),
            federated(ADFS, {"StringEqualsIfExists": {"SAML:aud": "https://a"}}, action="sts:AssumeRoleWithSAML"),
            federated(ADFS),
            federated(GITHUB),
        ),
    ),
    Case(
        service_trust_without_source,
        fails={
            admitting(PIPES): PIPES_OPEN,
            admitting(PIPES, administrator=True): PIPES_OPEN,
            # It has a condition that binds no account.
            admitting(PIPES, {"ArnLike": {"aws:SourceArn": "arn:aws:pipes:*:*:pipe/*"}}): (
                f"{PIPES_OPEN} if aws:SourceArn is met"
            ),
            admitting(PIPES, {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}): (
                f"{PIPES_OPEN} if aws:SourceAccount is met"
            ),
            # Whoever else may assume the role, and whatever of those is demanded.
            role(
                {**ALLOW, "Principal": {"AWS": arn("root")}},
                {**ALLOW, "Principal": {"Service": ["ec2.amazonaws.com", "pipes.amazonaws.com"]}},
            ): PIPES_OPEN,
        },
        passes=(
            admitting(PIPES, equal(**{"aws:SourceAccount": ACCOUNT})),
            admitting(PIPES, {"ArnLike": {"aws:SourceArn": SOURCE}}),
            admitting(PIPES, equal(**{"aws:SourceOrgID": "o-a1b2c3d4e5"})),
            role(
                {**ALLOW, "Principal": {"AWS": arn("root")}},
                {**ALLOW, "Principal": PIPES, "Condition": equal(**{"AWS:SourceAccount": ACCOUNT})},
            ),
            # These services send no such keys: a role that demands them cannot be assumed.
            *(admitting({"Service": f"{it}.amazonaws.com"}) for it in KEYLESS),
            admitting({"Service": "pipes.amazonaws.com"}, aws_owned=True),
            # A provider whose host begins like a service.
            admitting({"Federated": "pipes.example.com"}, None, WEB_IDENTITY),
        ),
    ),
    Case(
        trust_of_every_certificate,
        fails={
            certificate({}): "deploy can be assumed with any certificate",
            certificate({}, administrator=True): "deploy can be assumed with any certificate",
            certificate(equal(**{"aws:SourceAccount": ACCOUNT})): "deploy can be assumed with any certificate",
            certificate({"ArnLike": {"aws:SourceArn": f"{ANCHOR}*"}}): "deploy can be assumed with any certificate",
            certificate({"StringLike": {"aws:PrincipalTag/x509Subject/CN": "*"}}): (
                "deploy can be assumed with any certificate"
            ),
            # A certificate need not have the field.
            certificate({"StringEqualsIfExists": {"aws:PrincipalTag/x509SAN/DNS": "a"}}): (
                "deploy can be assumed with any certificate"
            ),
        },
        passes=(
            certificate({"ArnEquals": {"aws:SourceArn": f"{ANCHOR}4711"}}),
            certificate(equal(**{"aws:PrincipalTag/x509Subject/CN": "api"})),
            certificate({"StringLike": {"sts:SourceIdentity": "CN=api-*"}}),
            certificate({}, aws_owned=True),
            admitting({"Service": "ec2.amazonaws.com"}),
            admitting({"Federated": "rolesanywhere.example.com"}, None, WEB_IDENTITY),
        ),
    ),
)
