from dataclasses import replace
from datetime import timedelta
from typing import Any

from auditor.checks.roles_anywhere import (
    anywhere_profile_without_role,
    classical_trust_anchor,
    expiring_trust_anchor,
    unbounded_anywhere_profile,
)
from auditor.core.case import Case
from auditor.core.check import Limits
from auditor.core.subjects.roles_anywhere import ProfileAccess, TrustAnchor
from tests.build import ACCOUNT, ago, arn

PLACE = f"arn:aws:rolesanywhere:eu-west-1:{ACCOUNT}"
DEPLOY, BUILD = arn("role/team/deploy"), arn("role/build")


def profile(**fields: Any) -> ProfileAccess:
    named: dict[str, Any] = {"resource": f"{PLACE}:profile/p-1", "uid": f"{PLACE}:profile/p-1", "region": "eu-west-1"}
    made = ProfileAccess(**named, id="p-1", name="servers", enabled=True, roles=(DEPLOY, BUILD))
    return replace(made, **fields)


def anchor(*, ends: float = 900, **fields: Any) -> TrustAnchor:
    named: dict[str, Any] = {
        "resource": f"{PLACE}:trust-anchor/t-1",
        "uid": f"{PLACE}:trust-anchor/t-1",
        "region": "eu-west-1",
    }
    made = TrustAnchor(
        **named,
        id="t-1",
        name="servers",
        enabled=True,
        algorithms=("2.16.840.1.101.3.4.3.18",),
        classical=False,
        valid_until=ago(-ends),
    )
    return replace(made, **fields)


CASES = (
    Case(
        unbounded_anywhere_profile,
        fails={
            profile(administrators=(DEPLOY,)): ("the profile servers gives deploy, with all that an administrator may"),
            profile(administrators=(DEPLOY, BUILD)): (
                "the profile servers gives deploy, build, with all that an administrator may"
            ),
        },
        passes=(profile(), profile(administrators=(DEPLOY,), enabled=False)),
    ),
    Case(
        anywhere_profile_without_role,
        fails={profile(missing=(BUILD,)): "the profile servers names roles that do not exist: build"},
        passes=(profile(), profile(missing=(BUILD,), enabled=False)),
    ),
    Case(
        expiring_trust_anchor,
        fails={
            anchor(ends=29.5): "a certificate of the trust anchor servers ends on 2026-12-19 (limit 30 days before)",
            anchor(ends=-1): "a certificate of the trust anchor servers ended on 2026-11-19 (limit 30 days before)",
            anchor(ends=0): "a certificate of the trust anchor servers ended on 2026-11-20 (limit 30 days before)",
        },
        passes=(anchor(ends=30), anchor(ends=29, enabled=False)),
    ),
    Case(
        expiring_trust_anchor,
        fails={anchor(ends=6): "a certificate of the trust anchor servers ends on 2026-11-26 (limit 7 days before)"},
        passes=(anchor(ends=7),),
        limits=Limits(certificate_notice=timedelta(days=7)),
    ),
    Case(
        classical_trust_anchor,
        fails={
            anchor(classical=True, algorithms=("ec", "rsa")): (
                "the authority of the trust anchor servers signs with ec, rsa"
            ),
        },
        passes=(anchor(), anchor(classical=True, enabled=False)),
    ),
)
