"""Transitions for machines: one JSON document each, with a versioned schema."""

import json

from auditor.core.reconcile import Record
from auditor.render.export import finding_entry

SCHEMA = "auditor.finding/1"


def event(record: Record) -> str:
    """The document of one transition; `id` with `version` is unique, a repeated delivery repeats both."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "event": str(record.event),
            "version": record.version,
            "at": record.changed_at.isoformat(),
            "first_seen": record.first_seen.isoformat(),
            "resolution": str(record.resolution) if record.resolution else None,
            "partition": record.finding.owner.partition,
            "finding": finding_entry(record.finding),
        }
    )
