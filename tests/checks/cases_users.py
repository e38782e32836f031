from auditor.checks.users import console_without_mfa, idle_console_password, second_active_key, weak_password_policy
from auditor.core.check import Limits
from tests.build import key_slot, password_policy, root_row, user
from tests.checks.case import Case

IDLE = {"password_used": None, "password_changed": None}
ROOT = root_row(mfa_active=False, password_last_used=None, keys=(key_slot(age=9), key_slot(age=9)))
UNSET = password_policy(
    set=False, minimum_length=8, reuse_prevention=0, upper=False, lower=False, number=False, symbol=False
)

CASES = (
    Case(
        console_without_mfa,
        fails={user(mfa_active=False): "ana can sign in to the console without a second factor"},
        passes=(user(), user(password_enabled=False, mfa_active=False)),
        left_out=(ROOT,),
    ),
    Case(
        idle_console_password,
        fails={
            user(password_used=46, password_changed=90): (
                "the console password of ana was last used 2026-10-05 (limit 45 days)"
            ),
            # Not used is as idle as it is old: since it was set, or since the user was made.
            user(password_used=None, password_changed=46): (
                "the console password of ana was set 2026-10-05 and not used since (limit 45 days)"
            ),
            user(password_used=800, password_changed=46): (
                "the console password of ana was set 2026-10-05 and not used since (limit 45 days)"
            ),
            user(age=46, **IDLE): "the console password of ana was set 2026-10-05 and not used since (limit 45 days)",
        },
        passes=(
            user(password_used=45, password_changed=90),
            user(password_used=None, password_changed=45),
            # Set again, and nobody signed in with it yet.
            user(password_used=800, password_changed=45),
            user(age=45, **IDLE),
            user(password_used=800, password_enabled=False),
            user(age=800, password_enabled=False, **IDLE),
        ),
        left_out=(ROOT,),
    ),
    Case(
        second_active_key,
        fails={user(active_keys=2): "ana has 2 active access keys"},
        passes=(user(active_keys=1), user()),
        left_out=(ROOT,),
    ),
    Case(
        weak_password_policy,
        fails={
            password_policy(minimum_length=13): "the password policy has a minimum length of 13 (limit 14)",
            password_policy(reuse_prevention=23): "the password policy has 23 old passwords remembered (limit 24)",
            password_policy(reuse_prevention=0): "the password policy has no old passwords remembered (limit 24)",
            password_policy(upper=False): "the password policy has no demand for upper-case characters",
            password_policy(lower=False): "the password policy has no demand for lower-case characters",
            password_policy(number=False): "the password policy has no demand for numeric characters",
            password_policy(symbol=False): "the password policy has no demand for symbol characters",
            UNSET: (
                "no password policy is set; AWS's default has a minimum length of 8 (limit 14), "
                "no old passwords remembered (limit 24), "
                "no demand for upper-case/lower-case/numeric/symbol characters"
            ),
        },
        # Passwords that expire are not asked for: people answer with a number at the end.
        passes=(password_policy(), password_policy(minimum_length=128), password_policy(max_age_days=90)),
    ),
    Case(
        weak_password_policy,
        limits=Limits(password_length=20, password_reuse=5),
        fails={password_policy(): "the password policy has a minimum length of 14 (limit 20)"},
        passes=(password_policy(minimum_length=20, reuse_prevention=5),),
    ),
)
