from auditor.checks.root import (
    recent_root_use,
    root_access_key,
    root_signing_certificate,
    root_with_virtual_mfa,
    root_without_mfa,
)
from auditor.core.case import Case
from tests.build import NO_KEY, ago, arn, certificate, key_slot, root, root_mfa

NO_CREDENTIALS = root(mfa=False, has_password=False)
PHONE = arn("mfa/phone")
CERTIFICATES = (certificate(age=800), certificate(age=700, active=False), certificate(age=None))
ROOT_CERTIFICATES = root(has_certificate=True, certificates=CERTIFICATES)

CASES = (
    Case(
        root_access_key,
        fails={
            root(key=True, keys=(key_slot(age=900, used=3), NO_KEY)): (
                "the root user has an active access key, last used 2026-11-17"
            ),
            root(key=True, keys=(key_slot(age=900, used=3), key_slot(age=9, used=1))): (
                "the root user has 2 active access keys, last used 2026-11-19"
            ),
            root(key=True, guarded=True): "the root user has an access key, no use on record",
            # The summary knows a key that the older report does not.
            root(key=True): "the root user has an access key, no use on record",
            # An inactive key's use is not the active one's.
            root(key=True, keys=(key_slot(age=900, used=3, active=False), key_slot(age=9))): (
                "the root user has an active access key, no use on record"
            ),
            # One of the two was never used, and one has no date.
            root(key=True, keys=(key_slot(age=900), key_slot(age=9, used=1))): (
                "the root user has 2 active access keys, last used 2026-11-19"
            ),
            root(key=True, keys=(key_slot(age=None), NO_KEY)): (
                "the root user has an active access key, no use on record"
            ),
        },
        passes=(root(), root(mfa=False), root(keys=(key_slot(age=900, used=3, active=False), NO_KEY))),
    ),
    Case(
        root_signing_certificate,
        fails={
            root(has_certificate=True, certificates=(certificate(), certificate(active=False))): (
                "the root user has an active signing certificate"
            ),
            # The summary knows of one that the older report does not.
            root(has_certificate=True): "the root user has an active signing certificate",
            ROOT_CERTIFICATES: "the root user has an active signing certificate",
        },
        # Only of those that are active, and as far as the report tells.
        shows={ROOT_CERTIFICATES: {"active_since": (ago(800).isoformat(),)}},
        passes=(root(), root(key=True, certificates=(certificate(active=False),))),
    ),
    Case(
        root_without_mfa,
        fails={
            root(mfa=False): "the root user can sign in without a second factor",
            root(mfa=False, guarded=True): "the root user can sign in without a second factor",
            # An organization removed the password, and a key was left.
            root(mfa=False, has_password=False, key=True): "the root user can sign in without a second factor",
        },
        passes=(root(), NO_CREDENTIALS),
    ),
    Case(
        root_with_virtual_mfa,
        fails={
            root_mfa(PHONE): "the root user's MFA is a virtual device",
            root_mfa(PHONE, arn("mfa/tablet")): "the root user's MFA is a virtual device",
        },
        passes=(root_mfa(), root_mfa(PHONE, credentials=False)),
    ),
    Case(
        recent_root_use,
        fails={
            root(password_used=0): "the root user was used on 2026-11-20 (password)",
            root(password_used=90): "the root user was used on 2026-08-22 (password)",
            root(password_used=3, guarded=True): "the root user was used on 2026-11-17 (password)",
            # The newest of the three counts, whichever it is.
            root(password_used=800, keys=(key_slot(age=900, used=2), NO_KEY)): (
                "the root user was used on 2026-11-18 (access key 1)"
            ),
            root(password_used=50, keys=(key_slot(age=900, used=800), key_slot(age=900, used=2))): (
                "the root user was used on 2026-11-18 (access key 2)"
            ),
            root(password_used=2, keys=(key_slot(age=900, used=50), NO_KEY)): (
                "the root user was used on 2026-11-18 (password)"
            ),
            # A key that was switched off since was used all the same.
            root(keys=(key_slot(age=900, used=2, active=False), NO_KEY)): (
                "the root user was used on 2026-11-18 (access key 1)"
            ),
        },
        passes=(
            root(),
            root(password_used=91),
            root(password_used=91, keys=(key_slot(age=900, used=91), key_slot(age=1))),
        ),
    ),
)
