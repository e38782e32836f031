from dataclasses import replace
from datetime import timedelta

from auditor.checks.access_keys import (
    idle_access_key,
    long_term_key_in_use,
    stale_access_key,
    unrequested_access_key,
)
from auditor.core.case import Case
from auditor.core.check import Limits
from tests.build import NOW, access_key, ago, key_slot

UNSURE = "; or its other key: the report does not tell them apart"

CASES = (
    Case(
        stale_access_key,
        fails={
            access_key(age=91): "AKIA1 of ana is 91 days old (limit 90)",
            access_key(age=91, used=0): "AKIA1 of ana is 91 days old (limit 90)",
            access_key(age=91, administrator=True): "AKIA1 of ana is 91 days old (limit 90)",
            # Switched off and on again: the report's rotation moved, the key is as old as it was.
            access_key(age=400, rows=(key_slot(age=5, used=1),)): "AKIA1 of ana is 400 days old (limit 90)",
        },
        passes=(access_key(age=90), access_key(age=90.99), access_key(), access_key(age=400, active=False)),
    ),
    Case(
        stale_access_key,
        limits=Limits(key_age=timedelta(days=30)),
        fails={access_key(age=31): "AKIA1 of ana is 31 days old (limit 30)"},
        passes=(access_key(age=30),),
    ),
    Case(
        idle_access_key,
        fails={
            access_key(age=400, used=46): "AKIA1 of ana was last used 2026-10-05 (limit 45 days)",
            access_key(age=400, used=46, administrator=True): "AKIA1 of ana was last used 2026-10-05 (limit 45 days)",
            # Never used is as idle as it is old.
            access_key(age=46): "AKIA1 of ana was created 2026-10-05 and never used (limit 45 days)",
            access_key(age=400, rows=(key_slot(age=5),)): (
                "AKIA1 of ana was created 2025-10-16 and never used (limit 45 days)"
            ),
            # One of the user's two keys is idle, and the report does not say which.
            access_key(age=400, rows=(key_slot(age=5, used=1), key_slot(age=4, used=60))): (
                f"AKIA1 of ana was last used 2026-09-21 (limit 45 days{UNSURE})"
            ),
            access_key(age=400, rows=(key_slot(age=5, used=1), key_slot(age=4))): (
                f"AKIA1 of ana was created 2025-10-16 and never used (limit 45 days{UNSURE})"
            ),
        },
        passes=(
            access_key(age=400, used=45),
            access_key(age=45),
            access_key(age=400, active=False),
            access_key(age=400, used=300, active=False),
            access_key(age=400, rows=(key_slot(age=5, used=1), key_slot(age=4, used=2))),
        ),
    ),
    Case(
        unrequested_access_key,
        fails={
            # Made with the user, however old and whether used or not.
            access_key(console=True, user_created=NOW): "AKIA1 was made together with ana, who signs in to the console",
            access_key(age=400, used=1, console=True, user_created=ago(400) - timedelta(seconds=10)): (
                "AKIA1 was made together with ana, who signs in to the console"
            ),
            # Its user's console account, and nobody ever used the key.
            access_key(age=8, console=True, user_created=ago(400)): (
                "AKIA1 was made on 2026-11-12 and never used by ana, who signs in to the console"
            ),
            access_key(age=8, console=True, user_created=ago(400), administrator=True): (
                "AKIA1 was made on 2026-11-12 and never used by ana, who signs in to the console"
            ),
            access_key(age=8, console=True): (
                "AKIA1 was made on 2026-11-12 and never used by ana, who signs in to the console"
            ),
        },
        passes=(
            # Some days to put a new key to use: others report it the moment it is made.
            access_key(age=7, console=True, user_created=ago(400)),
            access_key(age=1, console=True, user_created=ago(1) - timedelta(seconds=11)),
            access_key(age=400, used=1, console=True, user_created=ago(500)),
            access_key(age=400, user_created=ago(400)),
            access_key(age=400, console=True, user_created=ago(400), active=False),
            # One of the two was used, and it may be this one.
            access_key(age=400, console=True, user_created=ago(500), rows=(key_slot(age=5, used=1), key_slot(age=4))),
        ),
    ),
    Case(
        long_term_key_in_use,
        fails={
            access_key(age=60, used=45): "AKIA1 of ana is in use, last on 2026-10-06",
            access_key(age=1, used=0): "AKIA1 of ana is in use, last on 2026-11-20",
            access_key(age=60, used=1, administrator=True): "AKIA1 of ana is in use, last on 2026-11-19",
            access_key(
                age=60,
                rows=(replace(key_slot(age=60, used=1), last_used_service="s3", last_used_region="eu-west-1"),),
            ): "AKIA1 of ana is in use, last on 2026-11-19 for s3 in eu-west-1",
            # Some services have no Region.
            access_key(age=60, rows=(replace(key_slot(age=60, used=1), last_used_service="iam"),)): (
                "AKIA1 of ana is in use, last on 2026-11-19 for iam"
            ),
            # Of two keys, service and date are of the same one.
            access_key(
                age=60,
                rows=(key_slot(age=60, used=0), replace(key_slot(age=60, used=1), last_used_service="iam")),
            ): "AKIA1 of ana is in use, last on 2026-11-19 for iam",
        },
        # What is not used any more is idle.
        passes=(access_key(age=60, used=46), access_key(age=60), access_key(age=60, used=1, active=False)),
    ),
)
