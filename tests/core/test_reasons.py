"""What moves a severity, while nobody can tell whether it still holds."""

from auditor.checks.access_keys import stale_access_key
from auditor.core.check import Context
from auditor.core.evaluate import Evaluation, evaluate
from auditor.core.life import Event, Ledger
from auditor.core.model import AccountSnapshot
from auditor.core.reconcile import reconcile
from auditor.core.subjects.credentials import AccessKey
from tests.build import OWNER, access_key, ago, audited, observed, only


def key_of(*, administrator: bool | None, age: float = 0) -> Evaluation:
    """Evidence of a stale key whose user is an administrator, is none, or was not seen."""
    key = access_key(age=200, used=1, administrator=administrator)
    seen = AccountSnapshot(owner=OWNER, gathered_at=ago(age), facts={AccessKey: observed(key, age=age)})
    return evaluate(seen, [stale_access_key], Context(now=ago(age)))


def test_severity_stays_raised_while_nobody_can_tell_why_it_was() -> None:
    """Not seen is no change: neither for the worse nor for the better."""
    known = audited(key_of(administrator=True, age=2))
    unseen = key_of(administrator=None, age=1)
    assert reconcile(unseen, known).transitions == ()


def test_severity_falls_when_the_reason_is_seen_to_be_gone() -> None:
    known = audited(key_of(administrator=True, age=2))
    fallen = only(reconcile(key_of(administrator=False, age=1), known))
    assert (fallen.event, fallen.finding.severity) == (Event.CHANGED, stale_access_key.severity)


def test_reason_that_is_not_known_raises_nothing_that_is_new() -> None:
    assert only(reconcile(key_of(administrator=None), Ledger())).finding.severity is stale_access_key.severity
