from dataclasses import replace
from typing import Any

from auditor.checks.organization import (
    absent_delegated_administrator,
    account_outside_every_rcp,
    account_outside_every_scp,
    account_outside_organization,
    ai_service_data_use,
    missing_backup_policy,
    missing_tag_policy,
    organization_without_all_features,
    unbound_management_account,
    unlisted_delegated_administrator,
    unlisted_region_left_open,
)
from auditor.core.case import Case
from auditor.core.check import Limits
from auditor.core.subjects.organization import (
    AiOptOut,
    BackupRules,
    DelegatedAdministrator,
    Delegations,
    EffectivePolicy,
    Guardrails,
    TagRules,
)
from tests.build import ACCOUNT, affiliation

MANAGEMENT = "999988887777"
TOOLS = "444455556666"
LONE = affiliation(organization=None, management=None, all_features=False)
STACKS, CENTER = "member.org.stacksets.cloudformation.amazonaws.com", "sso.amazonaws.com"


def guardrails(**fields: Any) -> Guardrails:
    bound = Guardrails(
        resource=ACCOUNT,
        uid="account",
        service_control=("no-leaving",),
        resource_control=("own-organization-only",),
        open_regions=None,
        root_denied=False,
    )
    return replace(bound, **fields)


def delegated(*services: str, account: str = TOOLS) -> DelegatedAdministrator:
    resource = f"arn:aws:organizations::{MANAGEMENT}:account/o-a1b2c3d4e5/{account}"
    return DelegatedAdministrator(resource=resource, uid=account, account=account, name="tools", services=services)


def delegations(*entries: str) -> Delegations:
    return Delegations(resource=ACCOUNT, uid="account", entries=entries)


def effective(kind: type[EffectivePolicy], content: dict[str, Any] | None = None) -> EffectivePolicy:
    return kind(resource=ACCOUNT, uid="account", content=content)


def opt_out(**services: Any) -> EffectivePolicy:
    return effective(AiOptOut, {"services": {name: {"opt_out_policy": it} for name, it in services.items()}})


CASES = (
    Case(
        account_outside_organization,
        fails={LONE: "the account is in no organization"},
        passes=(affiliation(), affiliation(management=ACCOUNT), affiliation(all_features=False)),
    ),
    Case(
        organization_without_all_features,
        fails={affiliation(all_features=False): "the organization o-a1b2c3d4e5 has consolidated billing only"},
        passes=(affiliation(), LONE),
    ),
    Case(
        unbound_management_account,
        fails={
            affiliation(management=ACCOUNT): (
                "the account manages o-a1b2c3d4e5: no policy of the organization binds it"
            )
        },
        passes=(affiliation(), LONE),
    ),
    Case(
        account_outside_every_scp,
        fails={
            guardrails(service_control=()): (
                "no service control policy at any level, from the root to the account, denies it anything"
            )
        },
        passes=(guardrails(), guardrails(resource_control=())),
    ),
    Case(
        account_outside_every_rcp,
        fails={
            guardrails(resource_control=()): (
                "no resource control policy at any level, from the root to the account, denies anything in it"
            )
        },
        passes=(guardrails(), guardrails(service_control=())),
    ),
    Case(
        unlisted_region_left_open,
        limits=Limits(allowed_regions=("eu-west-1", "us-east-1")),
        fails={
            guardrails(): "Regions outside of eu-west-1, us-east-1 are open; no SCP closes any",
            # A policy by Regions is there, and its list is longer than it should be.
            guardrails(open_regions=("eu-west-1", "sa-east-1")): (
                "Regions outside of eu-west-1, us-east-1 are open; "
                "the list of the service control policies goes on: sa-east-1"
            ),
            guardrails(open_regions=("eu-*",)): (
                "Regions outside of eu-west-1, us-east-1 are open; "
                "the list of the service control policies goes on: eu-*"
            ),
        },
        passes=(
            guardrails(open_regions=("eu-west-1", "us-east-1")),
            guardrails(open_regions=("eu-west-1",)),
            guardrails(open_regions=()),
        ),
    ),
    Case(unlisted_region_left_open, passes=(guardrails(), guardrails(open_regions=("sa-east-1",)))),
    Case(
        unlisted_delegated_administrator,
        limits=Limits(delegated_administrators=(f"{TOOLS}:{CENTER}", MANAGEMENT)),
        fails={
            delegated(CENTER, STACKS): f"{TOOLS} (tools) administers {STACKS}",
            delegated(CENTER, account=ACCOUNT): f"{ACCOUNT} (tools) administers {CENTER}",
            delegated(): f"{TOOLS} (tools) administers nothing that was seen",
        },
        passes=(delegated(CENTER), delegated(CENTER, STACKS, account=MANAGEMENT)),
    ),
    Case(unlisted_delegated_administrator, passes=(delegated(CENTER),)),
    Case(
        absent_delegated_administrator,
        limits=Limits(delegated_administrators=(f"{TOOLS}:{CENTER}", TOOLS)),
        fails={delegations(TOOLS, f"{TOOLS}:{STACKS}"): f"nothing is delegated to {TOOLS}:{CENTER}"},
        passes=(delegations(TOOLS, f"{TOOLS}:{CENTER}", f"{TOOLS}:{STACKS}"),),
    ),
    Case(absent_delegated_administrator, passes=(delegations(),)),
    Case(
        ai_service_data_use,
        fails={
            effective(AiOptOut): "no policy opts the account out of all AI services",
            opt_out(rekognition="optOut"): "no policy opts the account out of all AI services",
            opt_out(default="optOut", rekognition="optIn", lex="optIn", polly="optOut"): (
                "a policy opts the account in to AI services: lex, rekognition"
            ),
            opt_out(default="optIn"): "a policy opts the account in to AI services: default",
            # The capitalization matters to AWS.
            opt_out(default="optout"): "a policy opts the account in to AI services: default",
        },
        passes=(
            opt_out(default="optOut"),
            opt_out(default={"@@assign": "optOut"}, lex="optOut"),
            # What children may change is no service.
            effective(
                AiOptOut,
                {
                    "services": {
                        "@@operators_allowed_for_child_policies": ["@@none"],
                        "default": {"opt_out_policy": "optOut"},
                    }
                },
            ),
        ),
    ),
    Case(
        missing_backup_policy,
        fails={
            effective(BackupRules): "no backup policy of the organization makes a plan for the account",
            effective(BackupRules, {"plans": {}}): "no backup policy of the organization makes a plan for the account",
        },
        passes=(effective(BackupRules, {"plans": {"daily": {"rules": {}}}}),),
    ),
    Case(
        missing_tag_policy,
        fails={effective(TagRules): "no tag policy of the organization holds for the account"},
        passes=(effective(TagRules, {"tags": {"team": {"tag_key": "team"}}}),),
    ),
)
