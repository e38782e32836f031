from datetime import timedelta

from auditor.checks.passwords import (
    default_password_policy,
    long_lived_passwords,
    passwords_without_lower_case,
    passwords_without_number,
    passwords_without_symbol,
    passwords_without_upper_case,
    reusable_passwords,
    short_passwords,
)
from auditor.core.case import Case
from auditor.core.check import Limits
from tests.build import password_policy

STRONG = password_policy()
UNSET = password_policy(
    set=False, minimum_length=8, reuse_prevention=0, upper=False, lower=False, number=False, symbol=False
)
"""Eight characters of three of the four classes: none of them is sure."""

DEFAULT = "AWS's default, since no password policy is set,"

CASES = (
    Case(
        default_password_policy,
        fails={UNSET: "no password policy is set: AWS's default holds"},
        # The worst policy is one.
        passes=(STRONG, password_policy(minimum_length=6, reuse_prevention=0, upper=False)),
    ),
    Case(
        short_passwords,
        fails={
            password_policy(minimum_length=13): "the password policy allows 13 characters (limit 14)",
            UNSET: f"{DEFAULT} allows 8 characters (limit 14)",
        },
        passes=(STRONG, password_policy(minimum_length=128)),
    ),
    Case(
        short_passwords,
        limits=Limits(password_length=20),
        fails={STRONG: "the password policy allows 14 characters (limit 20)"},
        passes=(password_policy(minimum_length=20),),
    ),
    Case(
        short_passwords,
        limits=Limits(password_length=8),
        fails={password_policy(minimum_length=7): "the password policy allows 7 characters (limit 8)"},
        passes=(UNSET,),
    ),
    Case(
        reusable_passwords,
        fails={
            password_policy(reuse_prevention=23): "the password policy remembers 23 old passwords (limit 24)",
            password_policy(reuse_prevention=2): "the password policy remembers 2 old passwords (limit 24)",
            password_policy(reuse_prevention=1): "the password policy remembers 1 old password (limit 24)",
            password_policy(reuse_prevention=0): "the password policy remembers no old password (limit 24)",
            UNSET: f"{DEFAULT} remembers no old password (limit 24)",
        },
        passes=(STRONG,),
    ),
    Case(
        passwords_without_upper_case,
        fails={
            password_policy(upper=False): "the password policy allows passwords without an upper-case letter",
            UNSET: f"{DEFAULT} allows passwords without an upper-case letter",
        },
        passes=(STRONG, password_policy(lower=False, number=False, symbol=False)),
    ),
    Case(
        passwords_without_lower_case,
        fails={
            password_policy(lower=False): "the password policy allows passwords without a lower-case letter",
            UNSET: f"{DEFAULT} allows passwords without a lower-case letter",
        },
        passes=(STRONG, password_policy(upper=False, number=False, symbol=False)),
    ),
    Case(
        passwords_without_number,
        fails={
            password_policy(number=False): "the password policy allows passwords without a number",
            UNSET: f"{DEFAULT} allows passwords without a number",
        },
        passes=(STRONG, password_policy(upper=False, lower=False, symbol=False)),
    ),
    Case(
        passwords_without_symbol,
        fails={
            password_policy(symbol=False): "the password policy allows passwords without a symbol",
            UNSET: f"{DEFAULT} allows passwords without a symbol",
        },
        passes=(STRONG, password_policy(upper=False, lower=False, number=False)),
    ),
    Case(
        long_lived_passwords,
        fails={
            password_policy(max_age_days=91): "the password policy lets passwords live for 91 days (limit 90 days)",
            password_policy(max_age_days=None): "the password policy never ends a password (limit 90 days)",
            # How the API writes "never" where somebody set it.
            password_policy(max_age_days=0): "the password policy never ends a password (limit 90 days)",
            UNSET: f"{DEFAULT} never ends a password (limit 90 days)",
        },
        passes=(password_policy(max_age_days=90), password_policy(max_age_days=1)),
    ),
    Case(
        long_lived_passwords,
        limits=Limits(password_age=timedelta(days=365)),
        fails={
            password_policy(max_age_days=366): "the password policy lets passwords live for 366 days (limit 365 days)"
        },
        passes=(password_policy(max_age_days=365),),
    ),
)
