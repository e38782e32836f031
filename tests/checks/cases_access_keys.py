from datetime import timedelta

from auditor.checks.access_keys import idle_access_key, stale_access_key
from auditor.core.check import Limits
from tests.build import access_key, key_slot
from tests.checks.case import Case

UNSURE = "; or its other key: the report does not tell them apart"

CASES = (
    Case(
        stale_access_key,
        fails={
            access_key(age=91): "AKIA1 of ana is 91 days old (limit 90)",
            access_key(age=91, used=0): "AKIA1 of ana is 91 days old (limit 90)",
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
)
