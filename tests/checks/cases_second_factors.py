from auditor.checks.second_factors import (
    administrator_with_virtual_mfa,
    administrator_without_mfa,
    console_without_mfa,
    key_user_without_mfa,
)
from auditor.core.case import Case
from tests.build import arn, key_slot, root_row, user, user_with_devices, user_with_rights

ROOT = root_row(mfa_active=False, password_last_used=None, keys=(key_slot(age=9), key_slot(age=9)))
PHONE, PASSKEY = arn("mfa/phone"), arn("u2f/user/ana/laptop-ABC")
KEYS_ONLY = {"password_enabled": False, "active_keys": 1}

CASES = (
    Case(
        console_without_mfa,
        fails={
            user(mfa_active=False): "ana can sign in to the console without a second factor",
            user(mfa_active=False, administrator=True): "ana can sign in to the console without a second factor",
        },
        passes=(user(), user(password_enabled=False, mfa_active=False)),
        left_out=(ROOT,),
    ),
    Case(
        key_user_without_mfa,
        fails={
            user(mfa_active=False, **KEYS_ONLY): "ana has active access keys and no second factor",
            user(mfa_active=False, administrator=True, **KEYS_ONLY): "ana has active access keys and no second factor",
        },
        passes=(
            user(**KEYS_ONLY),
            # Others ask for a device of whoever can do nothing at all.
            user(mfa_active=False, password_enabled=False),
            # The console user is the other check's.
            user(mfa_active=False, active_keys=1),
        ),
        left_out=(ROOT,),
    ),
    Case(
        administrator_without_mfa,
        fails={
            user_with_rights(administrator=True, mfa_active=False): "ana is an administrator without a second factor",
            # A group need not be called administrators, and a user need not have a password.
            user_with_rights(administrator=True, mfa_active=False, **KEYS_ONLY): (
                "ana is an administrator without a second factor"
            ),
        },
        passes=(
            user_with_rights(administrator=True),
            user_with_rights(mfa_active=False),
            user_with_rights(administrator=True, mfa_active=False, password_enabled=False),
        ),
        left_out=(ROOT,),
    ),
    Case(
        administrator_with_virtual_mfa,
        fails={
            user_with_devices(
                (PHONE,), administrator=True
            ): "ana is an administrator whose second factor can be copied",
            user_with_devices((PHONE, arn("sms-mfa/ana")), administrator=True): (
                "ana is an administrator whose second factor can be copied"
            ),
        },
        passes=(
            user_with_devices((), (PASSKEY,), administrator=True),
            user_with_devices((PHONE,), (PASSKEY,), administrator=True),
            user_with_devices((PHONE,)),
            # No device at all is another check's.
            user_with_devices(administrator=True, mfa_active=False),
        ),
        left_out=(ROOT,),
    ),
)
