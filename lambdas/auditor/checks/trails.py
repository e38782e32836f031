"""CloudTrail's trails: without them nobody knows afterwards who did what."""

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.subjects.trails import AccountTrails, RecordedRegion, Trail

RECORDED_EVERYWHERE = (
    "cis-1.4/3.1",
    "cis-1.5/3.1",
    "cis-2.0/3.1",
    "cis-3.0/3.1",
    "cis-4.0/3.1",
    "cis-5.0/3.1",
    "cis-6.0/4.1",
    "cis-7.0/4.1",
    "fsbp/CloudTrail.1",
    "iam-manager/10",
)
"""CIS and Security Hub ask in one control for every Region, and for reads and writes."""


@check(
    Severity.HIGH,
    controls=RECORDED_EVERYWHERE,
    fix="create a trail for all Regions, or make one of the present ones multi-Region: aws cloudtrail update-trail "
    "--is-multi-region-trail; and start it: aws cloudtrail start-logging",
)
def account_without_multi_region_trail(account: AccountTrails, ctx: Context) -> Problems:  # noqa: ARG001
    """No multi-Region trail logs.

    Whoever works in a Region that no trail covers leaves nothing behind but ninety days of event history, which nobody
    is alarmed by. A multi-Region trail also covers Regions that are enabled later. The organization's trail counts.
    """
    if not account.multi_region:
        yield Problem("no trail logs the events of all Regions")


@check(
    Severity.MEDIUM,
    controls=RECORDED_EVERYWHERE,
    fix="record all management events in a multi-Region trail: console, CloudTrail, the trail, Management events, Edit",
)
def unrecorded_management_event(account: AccountTrails, ctx: Context) -> Problems:  # noqa: ARG001
    """Multi-Region trails leave out management events.

    Reads show how somebody looked around before the first change, and the sources that can be left out hold keys and
    databases. What several trails record together counts; a trail that is not multi-Region does not.
    """
    if account.multi_region and account.unrecorded:
        trails, kinds = ", ".join(account.multi_region), ", ".join(account.unrecorded)
        yield Problem(f"{trails}: no management events of these: {kinds}", {"unrecorded": account.unrecorded})


@check(
    Severity.MEDIUM,
    controls=RECORDED_EVERYWHERE,
    fix="cover the Region: aws cloudtrail create-trail --region {it.name} --is-multi-region-trail, with a bucket; and "
    "start it: aws cloudtrail start-logging",
)
def unrecorded_region(region: RecordedRegion, ctx: Context) -> Problems:  # noqa: ARG001
    """Enabled Region has no trail that logs what is changed in it.

    Attackers go where nobody looks: machines started and roles assumed there are in no log, and no rule of EventBridge
    ever sees them.
    """
    if not region.trails:
        yield Problem(f"no trail logs the changes made in {region.name}")


@check(
    Severity.MEDIUM,
    controls=("iam-manager/10",),
    fix="aws cloudtrail start-logging --region {it.region} --name {it.resource}",
)
def stopped_trail(trail: Trail, ctx: Context) -> Problems:  # noqa: ARG001
    """Trail does not log.

    To stop a trail is the first thing that somebody does who wants to leave no trace, and it looks like any other trail
    in every list.
    """
    if trail.own and not trail.logging:
        yield Problem(f"{trail.name} does not log")


@check(
    Severity.MEDIUM,
    controls=("iam-manager/10",),
    fix="let CloudTrail write to the bucket again: aws cloudtrail get-trail-status --region {it.region} "
    "--name {it.resource} shows the error",
)
def undelivered_trail(trail: Trail, ctx: Context) -> Problems:  # noqa: ARG001
    """Trail cannot deliver its logs.

    It says of itself that it logs, while the bucket, its policy or its key refuses every file.
    """
    if trail.own and trail.logging and trail.failing:
        yield Problem(f"{trail.name} cannot write to its bucket ({trail.failing})", {"error": trail.failing})


@check(
    Severity.LOW,
    controls=("iam-manager/10",),
    fix="aws cloudtrail update-trail --region {it.region} --name {it.resource} --enable-log-file-validation",
)
def trail_without_validation(trail: Trail, ctx: Context) -> Problems:  # noqa: ARG001
    """Trail has no log file validation.

    Without the signed digests nobody can prove that a log file was not changed or taken away afterwards. The
    organization's trail is judged in the account that it belongs to.
    """
    if trail.own and not trail.validated:
        yield Problem(f"the log files of {trail.name} are not validated")
