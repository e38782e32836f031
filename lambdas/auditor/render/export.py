"""An evaluation as data: JSON for programs, CSV for auditors. The same evaluation gives the same bytes."""

import csv
import io
import json
from typing import Any

from auditor.core.evaluate import Evaluation, Finding
from auditor.render.escape import cell

COLUMNS = (
    "id",
    "check",
    "severity",
    "account",
    "resource",
    "resource_type",
    "region",
    "reason",
    "evidence",
    "controls",
    "fix",
    "scopes",
)


def finding_entry(finding: Finding) -> dict[str, Any]:
    """A finding with the keys of the documented contract."""
    return {
        "id": finding.id,
        "check": finding.check,
        "severity": finding.severity.name,
        "account": finding.owner.account,
        "resource": finding.resource,
        "resource_type": finding.resource_type,
        "region": finding.region,
        "reason": finding.reason,
        "evidence": dict(finding.evidence),
        "controls": list(finding.controls),
        "fix": finding.fix,
        "scopes": list(finding.scopes),
    }


def as_json(evaluation: Evaluation) -> str:
    """The whole evaluation; ASCII only, so that no terminal is moved by it."""
    document = {
        "account": evaluation.owner.account,
        "partition": evaluation.owner.partition,
        "evidence_at": evaluation.evidence_at.isoformat(),
        "examined": {check: len(it.uids) for check, it in sorted(evaluation.examined.items())},
        "skipped": evaluation.gaps,
        "findings": [finding_entry(finding) for finding in evaluation.findings],
    }
    return json.dumps(document, indent=2) + "\n"


def as_csv(evaluation: Evaluation) -> str:
    """One row for each finding; evidence as JSON, controls and scopes separated by semicolons."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for finding in evaluation.findings:
        entry = finding_entry(finding)
        entry["evidence"] = json.dumps(entry["evidence"], sort_keys=True)
        entry |= {name: ";".join(entry[name]) for name in ("controls", "scopes")}
        rows.writerow([cell(entry[column]) for column in COLUMNS])
    return out.getvalue()
