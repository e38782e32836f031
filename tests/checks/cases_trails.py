from auditor.checks.trails import (
    account_without_multi_region_trail,
    stopped_trail,
    trail_without_validation,
    undelivered_trail,
    unrecorded_management_event,
    unrecorded_region,
)
from auditor.core.case import Case
from auditor.core.subjects.trails import AccountTrails, RecordedRegion
from tests.build import ACCOUNT, trail

MANAGEMENT = "999988887777"


def account(*multi_region: str, unrecorded: tuple[str, ...] = ()) -> AccountTrails:
    return AccountTrails(resource=ACCOUNT, uid="account", multi_region=multi_region, unrecorded=unrecorded)


def region(*trails: str) -> RecordedRegion:
    return RecordedRegion(resource="eu-west-1", uid="eu-west-1", region="eu-west-1", trails=trails)


CASES = (
    Case(
        account_without_multi_region_trail,
        fails={account(unrecorded=("reads", "writes")): "no trail logs the events of all Regions"},
        passes=(account("all"), account("all", unrecorded=("reads",))),
    ),
    Case(
        unrecorded_management_event,
        fails={
            account("all", unrecorded=("reads",)): "all: no management events of these: reads",
            account("a", "b", unrecorded=("kms.amazonaws.com", "rdsdata.amazonaws.com")): (
                "a, b: no management events of these: kms.amazonaws.com, rdsdata.amazonaws.com"
            ),
        },
        # Where there is no trail at all the other check says it.
        passes=(account("all"), account(unrecorded=("reads", "writes"))),
    ),
    Case(
        unrecorded_region,
        fails={region(): "no trail logs the changes made in eu-west-1"},
        passes=(region("all"),),
    ),
    Case(
        stopped_trail,
        fails={trail(logging=False): "all does not log"},
        passes=(trail(), trail(logging=False, account=MANAGEMENT)),
    ),
    Case(
        undelivered_trail,
        fails={trail(failing="AccessDenied"): "all cannot write to its bucket (AccessDenied)"},
        passes=(trail(), trail(failing="NoSuchBucket", logging=False), trail(failing="x", account=MANAGEMENT)),
    ),
    Case(
        trail_without_validation,
        fails={
            trail(validated=False): "the log files of all are not validated",
            trail(validated=False, logging=False): "the log files of all are not validated",
        },
        # A member account cannot change the organization's trail.
        passes=(trail(), trail(validated=False, account=MANAGEMENT)),
    ),
)
