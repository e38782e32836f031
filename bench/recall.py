"""Recall and precision of the search for paths, by way of granting and withholding: ``python -m bench.recall``.

Every technique by every way that can be done with it, each case in an account of its own. ``python -m bench.recall 10``
takes every tenth case. Recall is of the cases that grant, precision of all that were found; of a single way it is the
share of its cases that were judged right.
"""

import sys
from collections import defaultdict
from itertools import islice
from time import process_time

from tests.policy.escalations import Case, Verdict, cases


def run(every: int) -> int:
    """Judges the cases, prints the figures, and says whether any was wrong."""
    begun = process_time()
    judged = [(case, case.judged()) for case in islice(cases(), 0, None, every)]
    by_way = defaultdict[tuple[bool, str], list[bool]](list)
    for case, verdict in judged:
        by_way[case.way.grants, case.way.name].append(case.positive is verdict.found)
    for (grants, name), right in sorted(by_way.items(), reverse=True):
        print(f"{'grants' if grants else 'withholds'}\t{sum(right)}/{len(right)}\t{name}")
    found = [case.positive for case, verdict in judged if verdict.found]
    positives = [verdict.found for case, verdict in judged if case.positive]
    print(f"techniques: {len({case.technique.id for case, _ in judged})}, ways: {len(by_way)}")
    print(f"cases: {len(judged)}, of which {len(positives)} have a path; {process_time() - begun:.1f} s")
    print(f"recall: {_share(positives)}, precision: {_share(found)}")
    wrong = [_told(case, verdict) for case, verdict in judged if verdict.wrong]
    print(*wrong, sep="\n", end="")
    return bool(wrong)


def _share(right: list[bool]) -> str:
    return f"{sum(right)}/{len(right)} = {100 * sum(right) / len(right):.2f} %"


def _told(case: Case, verdict: Verdict) -> str:
    return f"{case.name}: {verdict.wrong}"


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
