"""Service last accessed data: whom a run asks, what it takes from earlier ones, and what it does not know."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from auditor.aws.gather import gather, snapshot
from auditor.aws.source import MalformedEvidenceError
from auditor.aws.sources.authorization_details import AUTHORIZATION_DETAILS
from auditor.aws.sources.last_accessed import DEADLINE_SECONDS, LAST_ACCESSED, POLL_SECONDS
from auditor.core.evidence import Answer, Evidence, Refresh
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.activity import Activity, LastAccessed, ServiceUse
from tests.aws.answers import NO_DETAILS, job, role_entry, service_entry, user_entry
from tests.aws.wire import Params, Refused, Reply, Wire, always, in_turn, scripted
from tests.build import NOW, OWNER, ago, arn

SOURCES = [AUTHORIZATION_DETAILS, LAST_ACCESSED]
ANA, DEPLOY = arn("user/ana"), arn("role/deploy")


def job_of(resource: str) -> str:
    return str(uuid5(NAMESPACE_URL, resource))


def details(*names: str, **lists: Any) -> dict[str, Any]:
    """An account with these users, one user if none is named."""
    users = [user_entry(name) for name in names or ("ana",)]
    return {**NO_DETAILS, "UserDetailList": users, "IsTruncated": False, **lists}


def users(count: int) -> list[str]:
    return [f"u{number:03}" for number in range(count)]


def account(of: Mapping[str, Any], **replies: Reply) -> Wire:
    """Whose every job is done at once, and tells the same."""
    usual = {
        "GetAccountAuthorizationDetails": always(of),
        "GenerateServiceLastAccessedDetails": lambda params: {"JobId": job_of(params["Arn"])},
        "GetServiceLastAccessedDetails": always(job(service_entry("s3", 3), service_entry("ec2"))),
    }
    return Wire(script=usual | replies)


def told(*resources: str, asked: float = 1) -> dict[str, Any]:
    """What an earlier run kept."""
    dated = {"JobCompletionDate": ago(asked).isoformat(), "ServicesLastAccessed": []}
    return {"LastAccessed": [{"Arn": it, **dated} for it in resources]}


def run(
    wire: Wire,
    *,
    before: Any = None,
    a_run: int = 200,
    now: datetime = NOW,
    pauses: list[float] | None = None,
) -> Evidence:
    aws = replace(scripted(wire, now=now, pauses=pauses), refresh=Refresh(a_run=a_run))
    return gather(aws, SOURCES, before={} if before is None else {"last-accessed": before})


def answered(evidence: Evidence) -> Answer:
    answer = evidence.answers["last-accessed"]
    assert isinstance(answer, Answer), answer
    return answer


def asked(wire: Wire) -> list[str]:
    """The names of whom the run asked about."""
    return [call.params["Arn"].rpartition("/")[2] for call in wire.named("GenerateServiceLastAccessedDetails")]


def gaps(evidence: Evidence) -> dict[str, str]:
    return {scope.rpartition("/")[2]: it.reason for scope, it in answered(evidence).gaps.items()}


# What is asked and kept.


def test_answer_keeps_aws_s_own_words_of_what_says_something() -> None:
    evidence = run(account(details()))
    used = {"ServiceNamespace": "s3", "LastAuthenticated": ago(3).isoformat(), "LastAuthenticatedRegion": "eu-west-1"}
    services = [used, {"ServiceNamespace": "ec2"}]
    assert answered(evidence) == Answer(
        raw={"LastAccessed": [{"Arn": ANA, "JobCompletionDate": NOW.isoformat(), "ServicesLastAccessed": services}]},
        as_of=NOW,
    )


def test_answer_is_read_as_one_subject_a_principal() -> None:
    seen = snapshot(run(account(details())), SOURCES).of(LastAccessed)
    assert isinstance(seen, Observed)
    services = (ServiceUse(namespace="s3", last_used=ago(3)), ServiceUse(namespace="ec2", last_used=None))
    assert seen.subjects == (LastAccessed(resource=ANA, uid=ANA, generated=NOW, services=services),)


def test_users_and_roles_are_asked_about_and_service_linked_roles_are_not() -> None:
    linked, sso = "/aws-service-role/x.amazonaws.com/", "/aws-reserved/sso.amazonaws.com/"
    roles = [role_entry(), role_entry("linked", Path=linked), role_entry("sso", Path=sso)]
    wire = account(details("ana", RoleDetailList=roles))
    evidence = run(wire)
    assert sorted(asked(wire)) == ["ana", "deploy", "sso"]
    assert gaps(evidence) == {}


def test_all_pages_of_an_answer_are_read() -> None:
    first = job(service_entry("ec2"), IsTruncated=True, Marker="2")

    def pages(params: Params) -> Mapping[str, Any]:
        return job(service_entry("s3", 1)) if params.get("Marker") == "2" else first

    wire = account(details(), GetServiceLastAccessedDetails=pages)
    (entry,) = answered(run(wire)).raw["LastAccessed"]
    assert [it["ServiceNamespace"] for it in entry["ServicesLastAccessed"]] == ["ec2", "s3"]
    assert [call.params.get("Marker") for call in wire.named("GetServiceLastAccessedDetails")] == [None, "2"]


def test_job_that_takes_its_time_is_waited_for() -> None:
    pauses: list[float] = []
    busy = job(status="IN_PROGRESS")
    wire = account(details(), GetServiceLastAccessedDetails=in_turn(busy, busy, job(service_entry("s3", 1))))
    evidence = run(wire, pauses=pauses)
    assert pauses == [POLL_SECONDS] * 2
    assert gaps(evidence) == {}


def test_every_principal_s_answer_is_its_own() -> None:
    of_job = {job_of(arn(f"user/{name}")): name for name in users(30)}

    def own(params: Params) -> Mapping[str, Any]:
        return job(service_entry(of_job[params["JobId"]], 1))

    raw = answered(run(account(details(*users(30)), GetServiceLastAccessedDetails=own))).raw
    assert {it["Arn"]: it["ServicesLastAccessed"][0]["ServiceNamespace"] for it in raw["LastAccessed"]} == {
        arn(f"user/{name}"): name for name in users(30)
    }


# Whom a run asks.


def test_run_asks_no_more_than_it_may_and_names_who_waits() -> None:
    wire = account(details(*users(5)))
    evidence = run(wire, a_run=2)
    assert sorted(asked(wire)) == ["u000", "u001"]
    assert set(gaps(evidence)) == {"u002", "u003", "u004"}
    assert set(answered(evidence).gaps.values()) == {
        Unavailable(reason="not asked yet: 2 principals are asked in a run", inapplicable=True)
    }


def test_nobody_is_asked_where_it_is_switched_off() -> None:
    wire = account(details(*users(3)))
    evidence = run(wire, a_run=0)
    assert asked(wire) == []
    assert set(gaps(evidence).values()) == {"not asked yet: 0 principals are asked in a run"}
    assert answered(evidence).raw == {"LastAccessed": []}


def test_new_principals_come_first_then_the_oldest_answers() -> None:
    before = {"LastAccessed": [told(arn(f"user/u{n:03}"), asked=8 + n)["LastAccessed"][0] for n in range(3)]}
    wire = account(details(*users(4)))
    run(wire, a_run=2, before=before)
    assert sorted(asked(wire)) == ["u002", "u003"]  # the new one, and that of ten days ago


def test_young_answer_is_taken_without_asking_again() -> None:
    wire = account(details(*users(2)))
    evidence = run(wire, before=told(*(arn(f"user/{it}") for it in users(2)), asked=0))
    assert asked(wire) == []
    assert gaps(evidence) == {}
    assert len(answered(evidence).raw["LastAccessed"]) == 2


@pytest.mark.parametrize(("days", "share"), [(1, 2), (2, 4), (0.5, 1), (0, 0)])
def test_each_run_asks_its_share_so_that_no_day_asks_all(days: float, share: int) -> None:
    """14 principals in 7 days are two a day."""
    wire = account(details(*users(14)))
    run(wire, before=told(*(arn(f"user/{it}") for it in users(14)), asked=days))
    assert sorted(asked(wire)) == users(14)[:share]


def test_every_answer_is_younger_than_its_limit_on_every_day_of_a_month() -> None:
    """And the calls of the days are alike, after the first."""
    before: Any = None
    counts = []
    for day in range(30):
        now = NOW + timedelta(days=day)
        wire = account(details(*users(21)), GetServiceLastAccessedDetails=always(job(JobCompletionDate=now)))
        evidence = run(wire, before=before, now=now)
        before = answered(evidence).raw
        counts.append(len(asked(wire)))
        assert gaps(evidence) == {}
        assert now - answered(evidence).as_of < timedelta(days=7)
    assert counts == [21, *[3] * 29]


@pytest.mark.parametrize(("age", "asks"), [(7, ["ana"]), (6.99, [])])
def test_answer_that_is_too_old_is_asked_for_again(age: float, asks: list[str]) -> None:
    old = told(ANA, asked=age)["LastAccessed"] + told(DEPLOY, asked=0)["LastAccessed"]
    wire = account(details("ana", RoleDetailList=[role_entry()]))
    run(wire, before={"LastAccessed": old})
    assert asked(wire) == asks


def test_old_answer_that_could_not_be_asked_for_again_is_a_gap_and_is_kept_for_its_turn() -> None:
    wire = account(details(*users(3)))
    old = told(*(arn(f"user/{it}") for it in users(3)), asked=9)
    evidence = run(wire, before=old, a_run=1)
    assert asked(wire) == ["u000"]
    assert gaps(evidence) == dict.fromkeys(["u001", "u002"], "not asked for 7 days: 1 principals are asked in a run")
    assert len(answered(evidence).raw["LastAccessed"]) == 3
    later = account(details(*users(3)))
    run(later, before=answered(evidence).raw, a_run=1)
    assert asked(later) == ["u001"]
    seen = snapshot(evidence, SOURCES).of(Activity)
    assert isinstance(seen, Observed)
    assert [it.resource for it in seen.subjects] == [arn("user/u000")]


def test_everybody_has_a_turn_however_few_are_asked() -> None:
    before: Any = None
    seen: set[str] = set()
    for day in range(10):
        now = NOW + timedelta(days=day)
        wire = account(details(*users(20)), GetServiceLastAccessedDetails=always(job(JobCompletionDate=now)))
        before = answered(run(wire, before=before, a_run=2, now=now)).raw
        seen |= set(asked(wire))
    assert seen == set(users(20))


def test_evidence_is_as_old_as_the_oldest_answer_that_is_judged() -> None:
    old = [*told(ANA, asked=3)["LastAccessed"], *told(arn("user/bo"), asked=9)["LastAccessed"]]
    wire = account(details("ana", "bo", "cy"), GenerateServiceLastAccessedDetails=always(Refused("Throttling")))
    evidence = run(wire, before={"LastAccessed": old}, a_run=1)
    assert answered(evidence).as_of == ago(3)
    assert set(gaps(evidence)) == {"bo", "cy"}


def test_answer_about_who_is_gone_is_forgotten() -> None:
    evidence = run(account(details()), before=told(ANA, arn("user/gone"), asked=0))
    assert [it["Arn"] for it in answered(evidence).raw["LastAccessed"]] == [ANA]


def test_answer_about_an_earlier_one_of_the_name_is_forgotten() -> None:
    wire = account(details(UserDetailList=[user_entry(CreateDate=ago(1))]))
    run(wire, before=told(ANA, asked=2))
    assert asked(wire) == ["ana"]


@pytest.mark.parametrize("before", [[], {"LastAccessed": [{"Arn": ANA}]}, {"LastAccessed": 1}, "no"])
def test_kept_answer_that_cannot_be_read_is_asked_for_again(before: Any) -> None:
    wire = account(details())
    assert gaps(run(wire, before=before)) == {}
    assert asked(wire) == ["ana"]


# What goes wrong.


def test_principal_that_is_gone_meanwhile_is_passed_over() -> None:
    def generated(params: Params) -> Mapping[str, Any]:
        if params["Arn"] == ANA:
            raise Refused("NoSuchEntity")
        return {"JobId": job_of(params["Arn"])}

    evidence = run(account(details("ana", "bo"), GenerateServiceLastAccessedDetails=generated))
    assert [it["Arn"] for it in answered(evidence).raw["LastAccessed"]] == [arn("user/bo")]
    assert gaps(evidence) == {}


def refused_for_ana(error: Refused) -> Reply:
    def answer(params: Params) -> Mapping[str, Any]:
        if params["JobId"] == job_of(ANA):
            raise error
        return job()

    return answer


@pytest.mark.parametrize("code", ["Throttling", "AccessDenied", "NoSuchEntity"])
def test_one_refused_principal_is_a_gap_and_the_others_are_known(code: str) -> None:
    """NoSuchEntity is the job here, of which another session may know."""
    refusing = refused_for_ana(Refused(code, "no"))
    evidence = run(account(details("ana", "bo"), GetServiceLastAccessedDetails=refusing))
    assert answered(evidence).gaps == {ANA: Unavailable(reason=f"GetServiceLastAccessedDetails: {code}: no")}
    assert [it["Arn"] for it in answered(evidence).raw["LastAccessed"]] == [arn("user/bo")]


def test_young_answer_outlives_a_refusal() -> None:
    refusing = account(details("ana", "bo"), GetServiceLastAccessedDetails=refused_for_ana(Refused("Throttling")))
    evidence = run(refusing, before=told(ANA, arn("user/bo"), asked=6))
    assert sorted(asked(refusing)) == ["ana", "bo"]
    assert gaps(evidence) == {}
    assert len(answered(evidence).raw["LastAccessed"]) == 2


def test_refusal_of_everything_makes_the_source_unavailable() -> None:
    wire = account(details("ana", "bo"), GenerateServiceLastAccessedDetails=always(Refused("AccessDenied", "no")))
    why = Unavailable(reason="GenerateServiceLastAccessedDetails: AccessDenied: no")
    assert run(wire).answers["last-accessed"] == why


def test_job_that_failed_is_a_gap_with_aws_s_reason() -> None:
    failed = job(status="FAILED", Error={"Code": "InternalError", "Message": "try later"})

    def answer(params: Params) -> Mapping[str, Any]:
        return failed if params["JobId"] == job_of(ANA) else job()

    evidence = run(account(details("ana", "bo"), GetServiceLastAccessedDetails=answer))
    assert gaps(evidence) == {"ana": "JobFailedError: the job failed: InternalError: try later"}


def test_jobs_that_do_not_end_are_gaps_and_the_run_goes_on_in_time() -> None:
    """One deadline for all: whoever is still to be asked then waits for another run."""
    never = {job_of(arn(f"user/{name}")) for name in users(20)[1:]}
    pauses: list[float] = []

    def answer(params: Params) -> Mapping[str, Any]:
        return job(status="IN_PROGRESS") if params["JobId"] in never else job()

    evidence = run(account(details(*users(20)), GetServiceLastAccessedDetails=answer), pauses=pauses)
    assert DEADLINE_SECONDS <= sum(pauses) < DEADLINE_SECONDS + 60
    assert set(gaps(evidence)) == set(users(20)[1:])
    assert set(gaps(evidence).values()) == {"NotReadyError: what it used last was not ready after 180 seconds"}


# What a file may say.


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ({}, "LastAccessed"),
        ({"LastAccessed": [{"JobCompletionDate": NOW.isoformat(), "ServicesLastAccessed": []}]}, "LastAccessed[0].Arn"),
        ({"LastAccessed": [{"Arn": ANA, "ServicesLastAccessed": []}]}, "LastAccessed[0].JobCompletionDate"),
        (
            {"LastAccessed": [{"Arn": ANA, "JobCompletionDate": NOW.isoformat(), "ServicesLastAccessed": [{}]}]},
            "LastAccessed[0].ServicesLastAccessed[0].ServiceNamespace",
        ),
        (
            {"LastAccessed": [{"Arn": ANA, "JobCompletionDate": "yesterday", "ServicesLastAccessed": []}]},
            "LastAccessed[0].JobCompletionDate",
        ),
    ],
)
def test_malformed_answer_is_an_error_with_the_place(raw: Any, place: str) -> None:
    with pytest.raises(MalformedEvidenceError) as error:
        LAST_ACCESSED.read(raw, OWNER)
    assert error.value.place == place


HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script> \x1b[31m $(id) `id`"


def test_hostile_name_is_only_a_name() -> None:
    hostile = user_entry("x", UserName=HOSTILE, Arn=arn(f"user/{HOSTILE}"))
    evidence = run(account(details(UserDetailList=[hostile])))
    assert json.loads(json.dumps(answered(evidence).raw)) == answered(evidence).raw
    seen = snapshot(evidence, SOURCES).of(Activity)
    assert isinstance(seen, Observed)
    assert [(it.resource, it.name) for it in seen.subjects if isinstance(it, Activity)] == [
        (arn(f"user/{HOSTILE}"), HOSTILE)
    ]
