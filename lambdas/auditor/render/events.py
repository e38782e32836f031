"""Transitions for machines: one JSON document each, with a versioned schema."""

import json
from datetime import datetime
from typing import Any

from auditor.core.exceptions import ExceptionRule
from auditor.core.life import Acknowledgement, Record
from auditor.core.model import Owner
from auditor.core.telling import Gap
from auditor.render.export import finding_entry

SCHEMA = "auditor.finding/1"
GAP_SCHEMA = "auditor.gap/1"


def event(record: Record) -> str:
    """The document of one transition, in ASCII. `id` is unique; a repeated delivery repeats it."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "id": f"{record.finding.id}-{record.version}",
            "event": str(record.event),
            "version": record.version,
            "at": record.changed_at.isoformat(),
            "first_seen": record.first_seen.isoformat(),
            "standing": str(record.standing),
            "resolution": str(record.resolution) if record.resolution else None,
            "baseline": record.baseline,
            "acknowledged": _acknowledged(record.acknowledged) if record.acknowledged else None,
            "exception": _exception(record.exception) if record.exception else None,
            "partition": record.finding.owner.partition,
            "finding": finding_entry(record.finding),
        }
    )


def detail_type(record: Record) -> str:
    """What the transition is called on a bus: ``Finding Opened``, ``Finding Exception Ended`` and so on."""
    return f"Finding {record.event.replace('_', ' ').title()}"


def gap_event(owner: Owner, at: datetime, version: int, gap: Gap) -> str:
    """The document of a check that cannot look any more, or (without a reason) can again, in ASCII.

    `version` is that of the account's header which says so, `at` its evidence time, or the clock of the run that could
    not audit the account.
    """
    return json.dumps(
        {
            "schema": GAP_SCHEMA,
            "id": f"{owner.partition}-{owner.account}-{version}-{gap.check}",
            "event": "AUDIT_GAP" if gap.reason else "AUDIT_GAP_ENDED",
            "version": version,
            "at": at.isoformat(),
            "partition": owner.partition,
            "account": owner.account,
            "check": gap.check,
            "reason": gap.reason or None,
        }
    )


def gap_detail_type(gap: Gap) -> str:
    """What the gap is called on a bus."""
    return "Audit Gap" if gap.reason else "Audit Gap Ended"


def _acknowledged(it: Acknowledgement) -> dict[str, Any]:
    return {"by": it.by, "at": it.at.isoformat(), "note": it.note}


def _exception(rule: ExceptionRule) -> dict[str, Any]:
    return {"id": rule.id, "owner": rule.owner, "until": rule.until.isoformat(), "reason": rule.reason}
