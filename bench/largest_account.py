"""Seconds and peak memory for the largest account that AWS allows, from evidence files to findings and changes."""

import resource
import time
from collections.abc import Callable
from typing import Any, TypeVar

from auditor.aws.evidence_files import decode
from auditor.aws.gather import snapshot
from auditor.checks import CATALOGUE
from auditor.core.evaluate import evaluate
from auditor.core.life import Ledger
from auditor.core.reconcile import reconcile
from bench.accounts import NOW, evidence

T = TypeVar("T")


def timed(what: str, work: Callable[[], T]) -> T:
    """Do `work`, and say how many seconds of CPU it took."""
    before = time.process_time()
    done = work()
    print(f"{what:<28}{time.process_time() - before:8.2f} s CPU")
    return done


def main() -> None:
    """Print the figures."""
    files = evidence(users=5000, with_key=5000, roles=5000, policies=1500)
    base = _peak()
    print(f"evidence: {sum(map(len, files.values())) / 1e6:.1f} MB in {len(files)} files; 5,000 users, roles and keys")
    loaded = timed("read the files", lambda: decode(files, NOW).evidence)
    seen = timed("make the snapshot", lambda: snapshot(loaded, strict=True))
    evaluation: Any = timed("evaluate every check", lambda: evaluate(seen, CATALOGUE.values()))
    changes = timed("reconcile (first audit)", lambda: reconcile(evaluation, Ledger()))
    print(f"{len(evaluation.findings)} findings, {len(changes.transitions)} transitions")
    print(f"peak memory {_peak():.0f} MB, of which {base:.0f} MB before the first step")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
