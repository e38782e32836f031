"""The beginning of a run: which accounts are to be audited, and what their organization says of them."""

from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from auditor import settings
from auditor.aws import own_checks
from auditor.aws.entering import Door, entered
from auditor.aws.errors import busy
from auditor.aws.organization_view import View, look
from auditor.aws.run_store import ORGANIZATIONS_OWN, RunStore, Speaker, Spread, place_of
from auditor.aws.runs_table import RunsTable, counted
from auditor.aws.session import Aws, connect, new_session
from auditor.core.model import Owner, Unavailable
from auditor.core.roster import CLOSED, Roster, RosterError, Run, roster
from auditor.handlers.trigger import Trigger
from auditor.settings.accounts import AccountsSettings

logger = Logger(service="auditor")


@busy
@logger.inject_lambda_context
def handler(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Plan the run of one clock: the same again does not repeat what is done; where what is to be done lies."""
    told, accounts = settings.from_environment(settings.PlanSettings), settings.deployment().accounts
    session = new_session()
    here = connect(session, settings.validated(Trigger, event).clock(settings.now()))
    if accounts.audit_account not in {None, here.owner.account}:
        raise RosterError(f"this is account {here.owner.account}; the settings say {accounts.audit_account}")
    table = RunsTable(table=new_session().resource("dynamodb").Table(told.table_name), partition=here.owner.partition)
    view = _view(here, accounts)
    listing = view.listing() if view else None
    closed = [it.account for it in listing.accounts if it.state == CLOSED] if listing else []
    known = [*table.remembered(closed), *table.known(here.now)]
    plan = roster(accounts.selection(here.owner.account), listing, known, here.now)
    run = place_of(here.owner.partition, here.now)
    store = RunStore(s3=new_session().client("s3"), bucket=told.evidence_bucket)
    spread = Spread(at_once=accounts.at_once, over=timedelta(minutes=accounts.spread_minutes))
    speaker = _heard(_speaker(plan, view, here, _door(accounts)), plan, view, table)
    key = store.keep(run, plan, view, speaker, spread)
    skipped = counted(plan.skipped.values())
    table.put(Run(clock=here.now, planned=len(plan.planned), skipped=skipped, lost=plan.lost))
    outcome = {"now": here.now.isoformat(), "run": run, "bucket": store.bucket, "key": key}
    logger.info("planned", extra=outcome | {"to_do": len(plan.assignments), "skipped": skipped, "lost": plan.lost})
    return outcome | {"to_do": len(plan.assignments)}


def _view(here: Aws, accounts: AccountsSettings) -> View | None:
    if accounts.organization is None:
        return None
    door = _door(accounts)

    def enter(account: str) -> Aws | Unavailable:
        return entered(here, Owner(account=account, partition=here.owner.partition), door)

    return look(here, accounts.organization, enter)


def _door(accounts: AccountsSettings) -> Door:
    return Door(role=accounts.role, external_id=accounts.external_id or "")


def _speaker(plan: Roster, view: View | None, here: Aws, door: Door) -> str:
    """The management account, if it is audited and can be entered: what is found about the organization is found there.

    StackSets leave it out, so that many have no role in it.
    """
    if view is None or view.management not in plan.planned:
        return here.owner.account
    management = Owner(account=view.management, partition=here.owner.partition)
    return here.owner.account if isinstance(entered(here, management, door), Unavailable) else view.management


def _heard(account: str, plan: Roster, view: View | None, table: RunsTable) -> Speaker:
    """The speaker with what it has judged before: until then, what others have found stays open with them.

    Only the management account is sure to be told everything about its organization.
    """
    if view is None or account != view.management or account not in plan.planned:
        return Speaker(account=account)
    judged, checks = table.judged(account), own_checks.shipped().checks.values()
    about = {it.name: {check.id for check in checks if check.kind in it.kinds} for it in ORGANIZATIONS_OWN}
    return Speaker(account=account, judged=tuple(name for name, ids in about.items() if judged >= ids))
