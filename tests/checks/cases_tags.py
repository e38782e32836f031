from typing import Any

from auditor.checks.tags import (
    untagged_analyzer,
    untagged_oidc_provider,
    untagged_role,
    untagged_saml_provider,
    untagged_server_certificate,
    untagged_user,
)
from auditor.core.case import Case
from auditor.core.check import Check, Limits
from auditor.core.model import Subject
from auditor.core.subjects.entities import IdentityProviderDetail, ServerCertificateDetail
from tests.build import analyzer, identity_provider, role, server_certificate, user_detail

TAGS = {"team": "red", "stage": ""}
OF_AWS = {"aws:team": "red", "aws:cloudformation:stack-name": "x", "Team": "red"}


def case(check: Check, make: Any, name: str, *others: Subject) -> Case:
    return Case(
        check,
        fails={
            make(tags={}): f"{name} lacks the tags team, stage",
            make(tags={"team": "red"}): f"{name} lacks the tag stage",
            make(tags=OF_AWS): f"{name} lacks the tags team, stage",
        },
        # Of what was listed without its tags nothing is known: it is a gap, and no problem.
        passes=(make(tags=TAGS), make(tags={**TAGS, "more": "x"}), make(tags=None), *others),
        limits=Limits(required_tags=("team", "stage")),
    )


def oidc(**fields: Any) -> Subject:
    return IdentityProviderDetail(**vars(identity_provider("oidc-provider/gitlab.com", **fields)))


def saml(**fields: Any) -> Subject:
    return IdentityProviderDetail(**vars(identity_provider(**fields)))


def certificate(**fields: Any) -> Subject:
    return ServerCertificateDetail(**vars(server_certificate(**fields)))


CASES = (
    case(untagged_user, user_detail, "ana"),
    Case(
        untagged_user,
        fails={user_detail(tags={"aws:team": "red"}): "ana lacks the tag aws:team"},
        limits=Limits(required_tags=("aws:team",)),
    ),
    case(untagged_role, role, "deploy", role(path="/aws-service-role/x.amazonaws.com/")),
    case(untagged_analyzer, analyzer, "zone in eu-west-1"),
    case(untagged_oidc_provider, oidc, "gitlab.com", saml()),
    case(untagged_saml_provider, saml, "adfs", oidc()),
    case(untagged_server_certificate, certificate, "shop"),
)
