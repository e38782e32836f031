"""The organization: whether the account is in one, and what that keeps it from."""

from collections.abc import Iterator, Mapping
from typing import Any

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.subjects.organization import (
    Affiliation,
    AiOptOut,
    BackupRules,
    DelegatedAdministrator,
    Delegations,
    Guardrails,
    TagRules,
)


@check(
    Severity.MEDIUM,
    controls=(
        "fsbp/Account.2",
        "nist-800-53-r5/CA-9(1)",
        "nist-800-53-r5/CM-2",
        "config/account-part-of-organizations",
        "iam-best-practice/13",
    ),
    fix="from the management account: aws organizations invite-account-to-organization"
    " --target Type=ACCOUNT,Id=<this account>",
)
def account_outside_organization(account: Affiliation, ctx: Context) -> Problems:  # noqa: ARG001
    """Account is in no organization.

    No guardrail of the company can bind it, no central trail records it, and nobody can close or recover it but whoever
    reads its root user's mailbox.
    """
    if account.organization is None:
        yield Problem("the account is in no organization")


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/13",),
    fix="from the management account: aws organizations enable-all-features"
    "   # every invited member has to agree, and it stays: read what changes for them first",
)
def organization_without_all_features(account: Affiliation, ctx: Context) -> Problems:  # noqa: ARG001
    """Organization shares bills and nothing else.

    With consolidated billing alone there are no policies of the organization, no delegated administration and no
    central management of root users: the account is as unguarded as one outside.
    """
    if account.organization is not None and not account.all_features:
        yield Problem(f"the organization {account.organization} has consolidated billing only")


@check(
    Severity.INFO,
    controls=("iam-best-practice/13",),
    fix="keep people and workloads out of it: move them to member accounts, where guardrails bind",
)
def unbound_management_account(account: Affiliation, ctx: Context) -> Problems:  # noqa: ARG001
    """Management account is bound by no guardrail.

    Service and resource control policies bind members only, whatever they are attached to. Every principal of the
    management account acts beyond them, and over the whole organization.
    """
    if account.is_management:
        yield Problem(f"the account manages {account.organization}: no policy of the organization binds it")


@check(
    Severity.MEDIUM,
    controls=("cis-7.0/2.1.2", "iam-best-practice/13"),
    fix="from the management account: aws organizations attach-policy --policy-id <an SCP> --target-id {it.resource}",
)
def account_outside_every_scp(account: Guardrails, ctx: Context) -> Problems:  # noqa: ARG001
    """No service control policy denies the account anything.

    From the root down, nothing but policies that allow everything is attached. Then an administrator of the account,
    or whoever takes one over, can also stop its trails, leave the organization, or build in a forgotten Region.
    """
    if not account.service_control:
        yield Problem("no service control policy at any level, from the root to the account, denies it anything")


@check(
    Severity.LOW,
    controls=("cis-7.0/2.1.2", "iam-best-practice/13"),
    fix="from the management account: aws organizations attach-policy --policy-id <an RCP> --target-id {it.resource}",
)
def account_outside_every_rcp(account: Guardrails, ctx: Context) -> Problems:  # noqa: ARG001
    """No resource control policy denies anybody anything in the account.

    Only a resource control policy bounds what the account's bucket, key, queue and role policies can give to the
    outside: service control policies do not bind principals of other organizations.
    """
    if not account.resource_control:
        yield Problem("no resource control policy at any level, from the root to the account, denies anything in it")


@check(
    Severity.MEDIUM,
    controls=("iam-best-practice/13",),
    fix="from the management account: aws organizations attach-policy --policy-id <an SCP that denies by"
    " aws:RequestedRegion> --target-id {it.resource}",
    setting="allowed_regions",
)
def unlisted_region_left_open(account: Guardrails, ctx: Context) -> Problems:
    """Regions that nobody should use are open.

    What is built in a Region that nobody looks at stays there unseen: it is where stolen credentials are put to work.
    A service control policy counts if it denies everything outside a list of Regions; actions and principals that it
    exempts are taken for global services and those who maintain them.
    """
    allowed = ctx.limits.allowed_regions
    extra = [region for region in account.open_regions or () if region not in allowed]
    if not allowed or (account.open_regions is not None and not extra):
        return
    what = f"the list of the service control policies goes on: {', '.join(extra)}" if extra else "no SCP closes any"
    yield Problem(f"Regions outside of {', '.join(allowed)} are open; {what}", {"open_regions": account.open_regions})


@check(
    Severity.HIGH,
    controls=("iam-best-practice/13",),
    fix="put {it.account} on the list of delegated administrators, or, from the management account, deregister it",
    setting="delegated_administrators",
)
def unlisted_delegated_administrator(account: DelegatedAdministrator, ctx: Context) -> Problems:
    """Account administers a service for the organization and is not on the list.

    A delegated administrator acts in every account of the organization, with StackSets or IAM Identity Center as far
    as an administrator of each. Who takes it over has them all.
    """
    known = ctx.limits.delegated_administrators
    if not known or account.account in known:
        return
    unlisted = tuple(it for it in account.services if f"{account.account}:{it}" not in known)
    if unlisted or not account.services:
        what = ", ".join(unlisted) or "nothing that was seen"
        yield Problem(f"{account.account} ({account.name}) administers {what}", {"services": unlisted})


@check(
    Severity.LOW,
    controls=("cis-7.0/2.1.6", "iam-best-practice/13"),
    fix="from the management account: aws organizations register-delegated-administrator --account-id <account>"
    " --service-principal <service>",
    setting="delegated_administrators",
)
def absent_delegated_administrator(organization: Delegations, ctx: Context) -> Problems:
    """What should be administered by a delegated account is not.

    The work is then done in the management account, which no guardrail binds.
    """
    for entry in ctx.limits.delegated_administrators:
        if entry not in organization.entries:
            yield Problem(f"nothing is delegated to {entry}", discriminator=entry)


@check(
    Severity.LOW,
    controls=("nist-800-53-r5/CM-2",),
    fix="from the management account: aws organizations attach-policy --policy-id <an AI services opt-out policy>"
    " --target-id {it.resource}",
)
def ai_service_data_use(policy: AiOptOut, ctx: Context) -> Problems:  # noqa: ARG001
    """AI services may keep and use the account's content.

    Some of them store what they are given, also in other Regions, to improve themselves, unless a policy of the
    organization opts the account out of all present and future ones.
    """
    services = {name: it for name, it in _entries(policy.content, "services") if not name.startswith("@@")}
    opted_in = tuple(sorted(name for name, service in services.items() if _choice(service) != "optOut"))
    if "default" not in services:
        yield Problem("no policy opts the account out of all AI services", {"opted_in": opted_in})
    elif opted_in:
        yield Problem(f"a policy opts the account in to AI services: {', '.join(opted_in)}", {"opted_in": opted_in})


def _entries(content: Mapping[str, Any] | None, name: str) -> Iterator[tuple[str, Any]]:
    return iter((content or {}).get(name, {}).items())


def _choice(service: Mapping[str, Any]) -> Any:
    """An effective policy has the value itself, an attached one the operator that assigns it."""
    chosen = service.get("opt_out_policy")
    return chosen.get("@@assign") if isinstance(chosen, Mapping) else chosen


@check(
    Severity.LOW,
    controls=("nist-800-53-r5/CM-2",),
    fix="from the management account: aws organizations attach-policy --policy-id <a backup policy>"
    " --target-id {it.resource}",
)
def missing_backup_policy(policy: BackupRules, ctx: Context) -> Problems:  # noqa: ARG001
    """No backup policy of the organization makes a plan for the account.

    Backups are then what each account makes of them, and whoever takes the account over can end them.
    """
    if not dict(_entries(policy.content, "plans")):
        yield Problem("no backup policy of the organization makes a plan for the account")


@check(
    Severity.INFO,
    controls=("nist-800-53-r5/CM-2",),
    fix="from the management account: aws organizations attach-policy --policy-id <a tag policy>"
    " --target-id {it.resource}",
)
def missing_tag_policy(policy: TagRules, ctx: Context) -> Problems:  # noqa: ARG001
    """No tag policy of the organization holds for the account.

    Access that is granted by tags, and alerts that find their owner by one, rest on tags that everybody spells alike.
    """
    if not dict(_entries(policy.content, "tags")):
        yield Problem("no tag policy of the organization holds for the account")
