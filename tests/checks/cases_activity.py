from dataclasses import replace
from datetime import timedelta
from typing import Any

from auditor.checks.activity import idle_bedrock_access, idle_sagemaker_access, unused_services, work_with_long_term_key
from auditor.core.case import Case
from auditor.core.check import Limits
from auditor.core.subjects.activity import Activity, ServiceUse, UserActivity
from auditor.core.subjects.credentials import KeySlot
from tests.build import NOW, ago, arn, key_slot, when


def used(**services: float | None) -> tuple[ServiceUse, ...]:
    """Services with the days since their last use; None for those that were never used."""
    names = {name.replace("_", "-"): days for name, days in services.items()}
    return tuple(ServiceUse(namespace=name, last_used=when(days)) for name, days in names.items())


def activity(*services: ServiceUse, age: float = 400, asked: float = 0, **fields: Any) -> Activity:
    """A role's, as AWS told it `asked` days ago."""
    made = Activity(
        resource=arn("role/deploy"),
        uid="AROA1",
        kind="Role",
        name="deploy",
        created=ago(age),
        generated=ago(asked),
        services=services,
    )
    return replace(made, **fields)


def by_key(*services: ServiceUse, key: KeySlot, password: bool = False, **fields: Any) -> UserActivity:
    made = UserActivity(
        resource=arn("user/ana"),
        uid="AIDA1",
        kind="User",
        name="ana",
        created=ago(400),
        generated=NOW,
        services=services,
        password_enabled=password,
        keys=(key,),
    )
    return replace(made, **fields)


def key(service: str | None = "s3", *, last: float | None = 1, active: bool = True, age: float | None = 300) -> KeySlot:
    return replace(key_slot(age=age, used=last, active=active), last_used_service=service)


MANY = tuple(ServiceUse(namespace=f"s{number:02}", last_used=None) for number in range(13))
NAMES = "s00, s01, s02, s03, s04, s05, s06, s07, s08, s09, s10, s11"

CASES = (
    Case(
        unused_services,
        fails={
            activity(*used(s3=1, ec2=91, sns=None)): ("deploy did not use 2 of its 3 services for 90 days: ec2, sns"),
            activity(*used(s3=91)): "deploy did not use 1 of its 1 services for 90 days: s3",
            # Never used is as idle as the principal is old.
            activity(*used(s3=None), age=91): "deploy did not use 1 of its 1 services for 90 days: s3",
            # What counts is the day on which AWS was asked.
            activity(*used(s3=97), asked=6): "deploy did not use 1 of its 1 services for 90 days: s3",
            activity(*MANY[:12]): f"deploy did not use 12 of its 12 services for 90 days: {NAMES}",
            activity(*MANY[:12], *used(t=91)): (
                f"deploy did not use 13 of its 13 services for 90 days: {NAMES}, and 1 more"
            ),
            activity(*MANY): "deploy did not use 13 of its 13 services for 90 days; it used none",
            activity(*MANY, *used(s3=90, iam=2, ec2=92)): (
                "deploy did not use 14 of its 16 services for 90 days; it used iam, s3"
            ),
            activity(*used(s3=None), administrator=True): "deploy did not use 1 of its 1 services for 90 days: s3",
        },
        shows={
            activity(*used(s3=1, ec2=91, sns=None)): {"never_used": ("sns",)},
            activity(*MANY, *used(s3=90, iam=2, ec2=92)): {"ever_used": ("ec2", "iam", "s3")},
        },
        passes=(
            activity(),
            activity(*used(s3=90, ec2=1)),
            activity(*used(s3=None), age=90),
            activity(*used(s3=96), asked=6),
            activity(*used(s3=None), age=96, asked=6),
            activity(*used(s3=1), administrator=True),
        ),
    ),
    Case(
        unused_services,
        limits=Limits(service_idle=timedelta(days=30)),
        fails={activity(*used(s3=31)): "deploy did not use 1 of its 1 services for 30 days: s3"},
        passes=(activity(*used(s3=30)),),
    ),
    Case(
        work_with_long_term_key,
        fails={
            by_key(*used(s3=1, sts=1), key=key("s3")): "ana reaches s3 by a long-term key",
            # The last call was for a role; the others were not.
            by_key(*used(s3=90, ec2=91, sts=1, iam=1), key=key("sts", last=90)): "ana reaches s3 by a long-term key",
            by_key(*used(s3=1), key=key(None)): "ana reaches s3 by a long-term key",
            by_key(*used(), key=key("dynamodb"), password=True): "ana reaches dynamodb by a long-term key",
            by_key(*used(s3=1), key=key("s3", age=None)): "ana reaches s3 by a long-term key",
            by_key(*used(s3=1), key=key("s3"), administrator=True): "ana reaches s3 by a long-term key",
        },
        passes=(
            # Others count what was granted and never used,
            by_key(*used(s3=None, ec2=None), key=key("sts")),
            by_key(*used(s3=91), key=key("sts")),
            by_key(*used(s3=None), key=key("sts"), created=ago(1)),
            # and what the console did, beside a key that assumes roles.
            by_key(*used(s3=1, ec2=1), key=key("sts"), password=True),
            by_key(*used(iam=1, sts=1), key=key("iam")),
            by_key(*used(s3=1), key=key("s3", last=91)),
            by_key(*used(s3=1), key=key("s3", active=False)),
            by_key(*used(s3=1), key=key(None, last=None)),
            by_key(*used(s3=1), key=key(None), password=True),
        ),
    ),
    Case(
        idle_bedrock_access,
        fails={
            activity(*used(bedrock=61, s3=1)): "deploy may use Bedrock and last did on 2026-09-20 (limit 60 days)",
            activity(*used(bedrock=None), age=61): (
                "deploy may use Bedrock and has no use on record, made 2026-09-20 (limit 60 days)"
            ),
            activity(*used(bedrock=90, bedrock_agentcore=61)): (
                "deploy may use Bedrock and last did on 2026-09-20 (limit 60 days)"
            ),
            activity(*used(bedrock=61, bedrock_agentcore=None)): (
                "deploy may use Bedrock and last did on 2026-09-20 (limit 60 days)"
            ),
        },
        passes=(
            activity(),
            activity(*used(s3=None)),
            activity(*used(bedrock=60)),
            activity(*used(bedrock=None), age=60),
            activity(*used(bedrock=None, bedrock_agentcore=1)),
            # It may do everything, which another check says.
            activity(*used(bedrock=None), administrator=True),
        ),
    ),
    Case(
        idle_sagemaker_access,
        fails={
            activity(*used(sagemaker=91)): "deploy may use SageMaker and last did on 2026-08-21 (limit 90 days)",
            activity(*used(sagemaker=None), age=91): (
                "deploy may use SageMaker and has no use on record, made 2026-08-21 (limit 90 days)"
            ),
        },
        passes=(
            activity(*used(sagemaker=90)),
            activity(*used(sagemaker=None), age=90),
            activity(*used(sagemaker=None, sagemaker_geospatial=1)),
            activity(*used(bedrock=None)),
            activity(*used(sagemaker=None), administrator=True),
        ),
    ),
)
