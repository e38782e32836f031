"""Five answers, of which none is fine unless everything was seen and nothing was wrong."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from auditor.checks import CATALOGUE
from auditor.core import frameworks as core_frameworks
from auditor.core.check import Check, Context, Limits, Problem, Problems, Severity, check
from auditor.core.frameworks import (
    LONGEST_WHY,
    UNANSWERED,
    Answer,
    Answered,
    Control,
    Note,
    answers,
    with_own,
)
from auditor.core.model import Observed, Subject, Unavailable
from auditor.core.subjects.credentials import AccessKey, User
from auditor.core.subjects.entities import Role
from tests.build import NOW, OWNER, access_key, observed, role, snapshot, user

STALE = CATALOGUE["stale-access-key"]
IDLE = CATALOGUE["idle-access-key"]
CONSOLE = CATALOGUE["console-without-mfa"]
KEYS = Control(id="own-1/1", title="Keys are young")
OLD, YOUNG = access_key(age=91, used=1), access_key(age=90, used=1)


@dataclass(frozen=True, kw_only=True)
class Listed(Limits):
    """Limits with a list, as a deployment may set it."""

    approved: tuple[str, ...] = ()


@check(Severity.LOW, controls=("own-1/1",), fix="look at it", setting="approved")
def unapproved_role(role: Role, ctx: Context) -> Problems:
    """Role is not on the list.

    Somebody made a list of those that are wanted.
    """
    approved: tuple[str, ...] = ctx.limits.approved  # type: ignore[attr-defined]
    if approved and role.name not in approved:
        yield Problem(f"{role.name} is not approved")


def naming(it: Check, *controls: str) -> Check:
    return replace(it, controls=controls or (KEYS.id,))


def answered(
    *checks: Check,
    keys: Observed[Subject] | Unavailable | None = None,
    control: Control = KEYS,
    limits: Limits | None = None,
    **facts: Observed[Subject] | Unavailable,
) -> Answered:
    kinds: dict[str, type[Subject]] = {"users": User, "roles": Role}
    known: dict[type[Subject], Any] = {kinds[name]: seen for name, seen in facts.items()}
    seen = snapshot(known | ({AccessKey: keys} if keys else {}))
    context = Context(now=NOW, limits=limits or Limits())
    (only,) = answers(seen, [naming(it) for it in checks], [control], context).answered
    return only


DENIED = Unavailable(reason="AccessDenied")
PARTLY = observed(YOUNG, gaps={"eu-west-1": "AccessDenied"})


def test_control_whose_checks_find_something_is_a_problem() -> None:
    it = answered(STALE, keys=observed(OLD, YOUNG))
    assert (it.answer, it.why, it.checks) == (Answer.PROBLEM, "1 finding", ("stale-access-key",))
    assert [finding.reason for finding in it.findings] == ["AKIA1 of ana is 91 days old (limit 90)"]


def test_control_whose_checks_saw_everything_and_found_nothing_is_fine() -> None:
    it = answered(STALE, IDLE, keys=observed(YOUNG))
    assert (it.answer, it.why, it.examined, it.findings) == (Answer.FINE, "1 examined", 1, ())


def test_control_without_any_subject_is_fine_and_says_that_there_was_nothing() -> None:
    it = answered(STALE, keys=observed())
    assert (it.answer, it.why) == (Answer.FINE, "nothing to look at: 0 examined")


def test_control_whose_check_was_skipped_is_not_seen() -> None:
    it = answered(STALE, keys=DENIED)
    assert (it.answer, it.why) == (Answer.NOT_SEEN, "0 examined; not seen by stale-access-key: AccessDenied")


def test_control_whose_check_was_skipped_in_part_is_not_seen() -> None:
    it = answered(STALE, keys=PARTLY)
    assert it.answer is Answer.NOT_SEEN
    assert it.why == "1 examined; not seen by stale-access-key: AccessDenied: eu-west-1"


def test_one_of_two_checks_that_was_skipped_is_enough() -> None:
    assert answered(STALE, CONSOLE, keys=observed(YOUNG), users=DENIED).answer is Answer.NOT_SEEN


def test_what_cannot_be_seen_by_design_is_not_fine_either() -> None:
    missing = Unavailable(reason="no such API here", inapplicable=True)
    assert answered(STALE, keys=missing).answer is Answer.NOT_SEEN


def test_kind_that_no_source_gives_is_not_seen() -> None:
    assert answered(STALE).answer is Answer.NOT_SEEN


def test_check_that_crashes_on_a_subject_is_not_seen() -> None:
    def crashing(key: AccessKey, ctx: Context) -> Problems:
        del ctx
        raise KeyError(key.id)

    it = answered(replace(STALE, judge=crashing), keys=observed(YOUNG))
    assert it.answer is Answer.NOT_SEEN
    assert "the check failed with KeyError: 'AKIA1': AKIA1" in it.why


def test_problem_outweighs_what_was_not_seen_and_tells_it() -> None:
    it = answered(STALE, keys=observed(OLD, gaps={"eu-west-1": "AccessDenied"}))
    assert (it.answer, it.why) == (
        Answer.PROBLEM,
        "1 finding; not seen by stale-access-key: AccessDenied: eu-west-1",
    )


def test_reason_that_several_checks_share_is_told_once() -> None:
    why = answered(STALE, IDLE, keys=DENIED).why
    assert why == "0 examined; not seen by idle-access-key, stale-access-key: AccessDenied"


def test_reasons_that_fill_pages_are_cut() -> None:
    gaps = [Unavailable(reason=f"{number}{'x' * 200}") for number in range(40)]
    crowded = observed(*[replace(YOUNG, resource=f"AKIA{n}", uid=f"AKIA{n}") for n in range(40)], gaps={})
    known = replace(crowded, gaps={f"region-{n}": gap for n, gap in enumerate(gaps)})
    why = answered(STALE, keys=known).why
    assert len(why) == LONGEST_WHY + 2
    assert why.endswith(" …")


def test_subjects_that_two_checks_looked_at_count_once() -> None:
    assert answered(STALE, IDLE, CONSOLE, keys=observed(YOUNG), users=observed(user())).examined == 2


# Controls without checks.


@pytest.mark.parametrize("answer", [Answer.MANUAL, Answer.ELSEWHERE])
def test_control_without_checks_has_the_answer_of_its_note(answer: Answer) -> None:
    it = answered(control=Control(id="own-1/2", title="Somebody agreed", note=Note(answer, "look at the minutes")))
    assert (it.answer, it.why, it.checks, it.examined) == (answer, "look at the minutes", (), 0)


def test_control_without_checks_and_note_is_not_fine() -> None:
    it = answered(control=Control(id="own-1/2", title="Forgotten"))
    assert (it.answer, it.why) == (Answer.MANUAL, UNANSWERED.text)


def test_checks_answer_in_place_of_a_note() -> None:
    noted = replace(KEYS, note=Note(Answer.ELSEWHERE, "nobody can tell"))
    assert answered(STALE, keys=observed(YOUNG), control=noted).answer is Answer.FINE


def test_what_checks_leave_open_keeps_a_control_from_being_fine() -> None:
    noted = replace(KEYS, note=Note(Answer.MANUAL, "Ask who agreed."))
    clean = answered(STALE, keys=observed(YOUNG), control=noted)
    assert (clean.answer, clean.why) == (Answer.MANUAL, "1 examined; Ask who agreed.")
    assert answered(STALE, keys=observed(OLD), control=noted).answer is Answer.PROBLEM
    assert answered(STALE, keys=PARTLY, control=noted).answer is Answer.NOT_SEEN


# Lists that a deployment has not set.


UNSET = "set approved: without it unapproved-role says nothing"


def test_check_whose_list_is_empty_is_not_asked() -> None:
    it = answered(unapproved_role, roles=observed(role()), limits=Listed())
    assert (it.answer, it.why) == (Answer.MANUAL, f"1 examined; {UNSET}")


def test_list_that_is_empty_beside_a_check_that_is_fine_leaves_the_control_manual() -> None:
    it = answered(STALE, unapproved_role, keys=observed(YOUNG), roles=observed(role()), limits=Listed())
    assert (it.answer, it.why) == (Answer.MANUAL, f"2 examined; {UNSET}")


def test_what_was_not_seen_outweighs_a_list_that_is_empty() -> None:
    it = answered(STALE, unapproved_role, keys=DENIED, roles=observed(role()), limits=Listed())
    assert it.answer is Answer.NOT_SEEN
    assert it.why.endswith(UNSET)


def test_problem_outweighs_a_list_that_is_empty() -> None:
    it = answered(STALE, unapproved_role, keys=observed(OLD), roles=observed(), limits=Listed())
    assert (it.answer, it.why) == (Answer.PROBLEM, f"1 finding; {UNSET}")


def test_setting_is_named_as_a_deployment_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_frameworks, "Limits", Listed)
    it = answered(unapproved_role, roles=observed(role()), limits=Listed())
    assert it.why == "1 examined; set limits.approved: without it unapproved-role says nothing"


@pytest.mark.parametrize(("approved", "answer"), [("deploy", Answer.FINE), ("other", Answer.PROBLEM)])
def test_list_that_is_set_is_gone_by(approved: str, answer: Answer) -> None:
    limits = Listed(approved=(approved,))
    assert answered(unapproved_role, roles=observed(role()), limits=limits).answer is answer


# Limits of a control's own.


OWN = replace(KEYS, limits={"key_age": timedelta(days=30)})


def test_control_is_judged_by_its_own_limits_whatever_the_deployment_s_are() -> None:
    lenient = Limits(key_age=timedelta(days=400))
    it = answered(STALE, keys=observed(access_key(age=31)), control=OWN, limits=lenient)
    assert (it.answer, it.why) == (Answer.PROBLEM, "1 finding; by the control's own key_age 30")
    assert it.findings[0].reason == "AKIA1 of ana is 31 days old (limit 30)"
    assert answered(STALE, keys=observed(access_key(age=30)), control=OWN, limits=lenient).answer is Answer.FINE


def test_limits_that_a_control_leaves_open_are_the_deployment_s() -> None:
    stricter = Limits(key_idle=timedelta(days=5))
    idle = access_key(age=20, used=6)
    assert answered(IDLE, keys=observed(idle), control=OWN, limits=stricter).answer is Answer.PROBLEM


def test_own_limit_that_no_check_reads_is_not_told() -> None:
    counted = replace(KEYS, limits={"password_length": 7})
    assert answered(STALE, keys=observed(YOUNG), control=counted).why == "1 examined"


def test_controls_with_and_without_own_limits_are_answered_side_by_side() -> None:
    controls = [replace(KEYS, id="a-1/1"), replace(OWN, id="a-1/2"), replace(KEYS, id="a-1/3")]
    checks = [naming(STALE, "a-1/1", "a-1/2"), naming(CONSOLE, "a-1/3")]
    seen = snapshot({AccessKey: observed(access_key(age=60)), User: observed(user())})
    told = answers(seen, checks, controls)
    assert [(it.control.id, it.answer) for it in told.answered] == [
        ("a-1/1", Answer.FINE),
        ("a-1/2", Answer.PROBLEM),
        ("a-1/3", Answer.FINE),
    ]
    assert told.counts == {
        Answer.PROBLEM: 1,
        Answer.NOT_SEEN: 0,
        Answer.FINE: 2,
        Answer.MANUAL: 0,
        Answer.ELSEWHERE: 0,
    }
    assert (told.owner, told.evidence_at, len(told.findings)) == (OWNER, NOW, 1)


def test_control_that_is_asked_for_twice_is_answered_twice() -> None:
    told = answers(snapshot({AccessKey: observed(OLD)}), [naming(STALE)], [KEYS, KEYS])
    assert [it.answer for it in told.answered] == [Answer.PROBLEM, Answer.PROBLEM]


def test_severity_that_the_deployment_gives_a_check_is_the_findings() -> None:
    context = Context(now=NOW, severities={"stale-access-key": Severity.INFO})
    told = answers(snapshot({AccessKey: observed(OLD)}), [naming(STALE)], [KEYS], context)
    assert [finding.severity for finding in told.findings] == [Severity.INFO]


# An organization's own controls.


def test_control_that_only_a_check_names_is_known_by_the_check_s_title() -> None:
    known = with_own({"fsbp/IAM.3": replace(KEYS, id="fsbp/IAM.3")}, [naming(STALE, "own/1", "fsbp/IAM.3")])
    assert list(known) == ["fsbp/IAM.3", "own/1"]
    assert known["fsbp/IAM.3"].title == "Keys are young"
    assert (known["own/1"].title, known["own/1"].framework, known["own/1"].number) == (STALE.title, "own", "1")
