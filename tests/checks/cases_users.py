from auditor.checks.users import (
    active_signing_certificate,
    administrator_user,
    idle_console_password,
    idle_user,
    policies_on_user,
    second_active_key,
    user_outside_groups,
    user_without_credentials,
)
from auditor.core.case import Case
from tests.build import (
    ADMINISTRATOR,
    allowing,
    arn,
    certificate,
    key_slot,
    principal,
    root_row,
    user,
    user_detail,
    user_with_services,
)

IDLE = {"password_used": None, "password_changed": None}
ROOT = root_row(
    mfa_active=False,
    password_last_used=None,
    keys=(key_slot(age=9), key_slot(age=9)),
    certificates=(certificate(), certificate()),
)
UNUSED = {"password_enabled": False, **IDLE}
LONG_AGO = {"password_used": 300, "password_changed": 300}
EVERYTHING = arn("policy/everything")

CASES = (
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
            user(age=46, administrator=True, **IDLE): (
                "the console password of ana was set 2026-10-05 and not used since (limit 45 days)"
            ),
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
        idle_user,
        fails={
            user_with_services(password_used=91, password_changed=300): (
                "ana used neither a password nor a key since 2026-08-21 (limit 90 days)"
            ),
            user_with_services(password_used=91, password_changed=300, administrator=True): (
                "ana used neither a password nor a key since 2026-08-21 (limit 90 days)"
            ),
            # The newest use of all counts, of a key that was switched off since too.
            user_with_services(active_keys=1, keys=(key_slot(age=200, used=91), key_slot(age=300)), **LONG_AGO): (
                "ana used neither a password nor a key since 2026-08-21 (limit 90 days)"
            ),
            user_with_services(keys=(key_slot(age=200, used=91, active=False),), **LONG_AGO): (
                "ana used neither a password nor a key since 2026-08-21 (limit 90 days)"
            ),
            # Nothing was ever used, and nothing is new.
            user_with_services(
                age=91, **IDLE
            ): "ana used neither a password nor a key since 2026-08-21 (limit 90 days)",
            user_with_services(active_keys=1, keys=(key_slot(age=91),), **UNUSED): (
                "ana used neither a password nor a key since 2026-08-21 (limit 90 days)"
            ),
            # A key and a password that are new and open nothing.
            user_with_services(keys=(key_slot(age=1, active=False),), **LONG_AGO): (
                "ana used neither a password nor a key since 2026-01-24 (limit 90 days)"
            ),
            user_with_services(active_keys=1, keys=(key_slot(age=91),), **UNUSED | {"password_changed": 1}): (
                "ana used neither a password nor a key since 2026-08-21 (limit 90 days)"
            ),
        },
        passes=(
            user_with_services(password_used=90, password_changed=300),
            user_with_services(keys=(key_slot(age=200, used=90, active=False),), **LONG_AGO),
            # New: the user, the password, the key.
            user_with_services(age=90, **IDLE),
            user_with_services(password_used=None, password_changed=90),
            user_with_services(active_keys=1, keys=(key_slot(age=90),), **UNUSED),
            # Whether those are used, AWS does not tell.
            user_with_services("codecommit.amazonaws.com", **LONG_AGO),
            # Nobody can sign in.
            user_with_services(**UNUSED),
        ),
        left_out=(ROOT,),
    ),
    Case(
        user_without_credentials,
        fails={
            user_with_services(age=91, **UNUSED): "ana, created 2026-08-21, has no active credential (limit 90 days)",
            user_with_services(
                age=91, keys=(key_slot(age=91, active=False),), certificates=(certificate(active=False),), **UNUSED
            ): "ana, created 2026-08-21, has no active credential (limit 90 days)",
        },
        passes=(
            user_with_services(age=90, **UNUSED),
            user_with_services(),
            user_with_services(active_keys=1, **UNUSED),
            user_with_services(certificates=(certificate(),), **UNUSED),
            user_with_services("bedrock.amazonaws.com", **UNUSED),
        ),
        left_out=(ROOT,),
    ),
    Case(
        second_active_key,
        fails={
            user(active_keys=2): "ana has 2 active access keys",
            user(active_keys=2, administrator=True): "ana has 2 active access keys",
        },
        passes=(user(active_keys=1), user()),
        left_out=(ROOT,),
    ),
    Case(
        active_signing_certificate,
        fails={
            user(certificates=(certificate(), certificate(active=False))): "ana has an active signing certificate",
            user(certificates=(certificate(age=None),)): "ana has an active signing certificate",
            user(certificates=(certificate(),), administrator=True): "ana has an active signing certificate",
        },
        passes=(user(), user(certificates=(certificate(active=False), certificate(age=None, active=False)))),
        left_out=(ROOT,),
    ),
    Case(
        policies_on_user,
        fails={
            user_detail(attached=(EVERYTHING,)): "ana holds a policy outside its groups",
            user_detail(inline=("read",)): "ana holds a policy outside its groups",
            user_detail(attached=(EVERYTHING,), inline=("read",), groups=("staff",)): (
                "ana holds 2 policies outside its groups"
            ),
        },
        # A boundary grants nothing.
        passes=(user_detail(groups=("staff",)), user_detail(boundary=EVERYTHING)),
    ),
    Case(
        administrator_user,
        fails={
            principal("User", "ana", administrator=True, attached=(EVERYTHING,), documents=(ADMINISTRATOR,)): (
                "ana is an administrator by a policy of its own"
            ),
            principal(
                "User",
                "ana",
                administrator=True,
                attached=(EVERYTHING,),
                inline=("all",),
                documents=(allowing("s3:*"), ADMINISTRATOR, allowing("ec2:*")),
            ): "ana is an administrator by a policy of its own",
        },
        passes=(
            # By a group, and by another policy of its own nothing.
            principal(
                "User",
                "ana",
                administrator=True,
                attached=(EVERYTHING,),
                documents=(allowing("s3:*"), ADMINISTRATOR),
            ),
            # A boundary holds it down.
            principal("User", "ana", attached=(EVERYTHING,), documents=(ADMINISTRATOR,)),
            principal("Role", administrator=True, attached=(EVERYTHING,), documents=(ADMINISTRATOR,)),
            principal("Group", administrator=True, attached=(EVERYTHING,), documents=(ADMINISTRATOR,)),
        ),
    ),
    Case(
        user_outside_groups,
        fails={user_detail(): "ana is in no group"},
        passes=(user_detail(groups=("staff",)),),
    ),
)
