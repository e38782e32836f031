"""Lint for people, for programs and for code review: lines that editors understand, JSON, and SARIF.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from auditor.policy.lint import Lint
from auditor.policy.lint_codes import OURS, LintSeverity
from auditor.render.escape import plain

REFERENCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {
    LintSeverity.ERROR: ("error", "5.0"),
    LintSeverity.SECURITY: ("error", "7.0"),
    LintSeverity.WARNING: ("warning", "4.0"),
    LintSeverity.SUGGESTION: ("note", "2.0"),
}
"""Level and security severity in SARIF."""

Linted = Mapping[str, tuple[Lint, ...]]
"""What was said, by the name of the file or of the policy."""


def as_text(linted: Linted) -> str:
    """A line for each, as compilers write them: ``file:line:column: severity: CODE message``."""
    lines = (
        f"{name}:{it.line}:{it.column}: {it.severity}: {it.code} {it.message}"
        for name, found in linted.items()
        for it in found
    )
    return "".join(f"{plain(line)}\n" for line in lines)


def as_json(linted: Linted) -> str:
    """A list of objects, each with the file and the fields of `Lint`."""
    entries = [{"file": name, **asdict(it)} for name, found in linted.items() for it in found]
    return json.dumps(entries, indent=2) + "\n"


def as_sarif(linted: Linted) -> str:
    """One run of SARIF 2.1.0."""
    codes = sorted({it.code: it.severity for found in linted.values() for it in found}.items())
    driver = {"name": "auditor lint", "rules": [_rule(code, severity) for code, severity in codes]}
    results = [_result(name, it) for name, found in linted.items() for it in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str, severity: LintSeverity) -> dict[str, Any]:
    level, score = LEVELS[severity]
    words = code.capitalize().replace("_", " ")
    rule = {
        "id": code,
        "shortDescription": {"text": words},
        "defaultConfiguration": {"level": level},
        "properties": {"security-severity": score},
    }
    return rule if code in OURS else {**rule, "helpUri": REFERENCE}


def _result(name: str, it: Lint) -> dict[str, Any]:
    fingerprint = hashlib.sha256(f"{name}\n{it.code}\n{it.path}\n{it.message}".encode("utf-8", "replace")).hexdigest()
    region = {"startLine": it.line, "startColumn": it.column}
    return {
        "ruleId": it.code,
        "level": LEVELS[it.severity][0],
        "message": {"text": it.message},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(name)}, "region": region}}],
        "partialFingerprints": {"auditorLint/v1": fingerprint},
    }


def _uri(name: str) -> str:
    return quote(name, safe="/:#")


def worst(found: Iterable[Lint]) -> LintSeverity | None:
    """The worst severity there is."""
    order = list(LintSeverity)
    return min((it.severity for it in found), key=order.index, default=None)
