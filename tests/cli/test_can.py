"""`auditor can` and `auditor who-can`: who may do what, what decides it, and what was not seen is never a no."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.aws.answers import (
    NO_DETAILS,
    administrator_entry,
    group_entry,
    policy_entry,
    role_entry,
    user_entry,
)
from tests.build import ACCOUNT, arn, trusting
from tests.cli.conftest import Auditor, Result
from tests.cli.evidence import account, write

ANA, DEPLOY, DATA = arn("user/ana"), arn("role/deploy"), arn("role/data")
BUCKET = "arn:aws:s3:::reports"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*actions: str, resource: str = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **elements}


def deny(*actions: str, **elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": "*", **elements}


def inline(name: str, *statements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"PolicyName": name, "PolicyDocument": document(*statements)}]


FROM_OFFICE = {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "198.51.100.0/24"]}}
WITHOUT_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
ANA_HOLDS = user_entry(
    GroupList=["staff"],
    UserPolicyList=inline(
        "own", allow("s3:PutObject", Sid="Put", Condition=FROM_OFFICE), deny("sqs:DeleteQueue", Condition=WITHOUT_MFA)
    ),
)
STAFF = group_entry(GroupPolicyList=inline("shared", allow("s3:GetObject", resource=f"{BUCKET}/*"), allow("sqs:*")))
ADMINISTRATOR_ROLE = {"RolePolicyList": inline("all", allow("*"))}
CHAIN = [
    role_entry(AssumeRolePolicyDocument=trusting({"AWS": ANA})),
    role_entry(
        "data",
        AssumeRolePolicyDocument=trusting({"AWS": DEPLOY}),
        RolePolicyList=inline("rows", allow("dynamodb:Scan")),
    ),
]


def saved_as(folder: Path, files: dict[str, bytes] | None = None, **lists: Any) -> Path:
    """Evidence of the entities in `lists`, and more files."""
    details = json.dumps({**NO_DETAILS, **lists}, default=str).encode()
    named = {"account.json": account(), "authorization-details.json": details, **(files or {})}
    return write(folder / "saved", named)


def saved(folder: Path, **lists: Any) -> Path:
    """Evidence of ana, who is in a group, may become deploy, and from there data."""
    everybody = {"UserDetailList": [ANA_HOLDS], "GroupDetailList": [STAFF], "RoleDetailList": CHAIN}
    return saved_as(folder, **{**everybody, **lists})


def answers(result: Result, code: int = 0) -> Any:
    assert result.code == code, result.err
    return json.loads(result.out)["answers"]


def asked(auditor: Auditor, folder: Path, *arguments: object, code: int = 0) -> Any:
    (answer,) = answers(auditor("can", *arguments, "--evidence", folder, "--format", "json"), code)
    return answer


def test_answer_names_the_statement_the_policy_and_the_group(auditor: Auditor, tmp_path: Path) -> None:
    answer = asked(auditor, saved(tmp_path), "ana", "s3:getobject", f"{BUCKET}/a")
    assert (answer["action"], answer["allowed"]) == ("s3:GetObject", True)
    assert answer["grounds"] == [
        {
            "layer": "identity",
            "policy": "inline policy shared",
            "via": arn("group/staff"),
            "statement": 1,
            "sid": "",
        }
    ]
    assert answer["why"] == ["statement 1 of inline policy shared of group/staff"]


def test_no_is_exit_code_1_and_says_what_is_silent(auditor: Auditor, tmp_path: Path) -> None:
    answer = asked(auditor, saved(tmp_path), "user/ana", "ec2:StartInstances", code=1)
    assert (answer["allowed"], answer["why"]) == (False, ["no statement of its policies allows it"])


QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:db"
INSTANCE = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"
NO_POLICY_SEEN = "auditor: what the resource's own policy says was not seen: --resource-policy FILE\n"


@pytest.mark.parametrize(
    ("action", "resource", "code"),
    [
        ("s3:GetObject", "arn:aws:s3:::other/a", 2),
        ("s3:GetObject", "arn:aws:s3:::other/*", 2),
        ("secretsmanager:GetSecretValue", SECRET, 2),
        ("secretsmanager:GetSecretValue", SECRET.replace(ACCOUNT, "444455556666"), 1),
        ("s3:DeleteObject", "arn:aws:s3:::*", 1),
        ("s3:DeleteObject", "*", 1),
        ("s3:ListAllMyBuckets", "arn:aws:s3:::other", 1),
        ("ec2:StartInstances", INSTANCE, 1),
        ("sqs:DeleteQueue", QUEUE, 1),
    ],
)
def test_silence_is_no_no_where_the_resource_may_have_a_policy(
    auditor: Auditor, tmp_path: Path, action: str, resource: str, code: int
) -> None:
    without_mfa = ("--context", "aws:MultiFactorAuthPresent=false")
    arguments = (action, resource, "--evidence", saved(tmp_path), *without_mfa)
    result = auditor("can", "ana", *arguments, "--format", "json")
    (answer,) = answers(result, code)
    assert answer["allowed"] is (None if code == 2 else False)
    assert (NO_POLICY_SEEN in result.err) is (code == 2)
    assert auditor("can", "ana", *arguments).out.splitlines()[1].startswith("not known" if code == 2 else "not allowed")


def test_silent_policy_of_the_resource_is_a_no(auditor: Auditor, tmp_path: Path) -> None:
    folder, file = saved(tmp_path), tmp_path / "policy.json"
    file.write_text(json.dumps(document()))
    arguments = ("ana", "secretsmanager:GetSecretValue", SECRET, "--resource-policy", file)
    assert asked(auditor, folder, *arguments, code=1)["allowed"] is False


def test_statement_that_would_allow_it_is_named_with_what_is_not_met(auditor: Auditor, tmp_path: Path) -> None:
    with_mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    own = inline("own", allow("ec2:StartInstances", Sid="Start", Condition=with_mfa))
    folder = saved(tmp_path, UserDetailList=[user_entry(UserPolicyList=own)])
    absent = ("--context", "aws:MultiFactorAuthPresent=false")
    assert asked(auditor, folder, "ana", "ec2:StartInstances", *absent, code=1)["why"] == [
        (
            "no statement of its policies allows it: statement 1 (Start) of inline policy own would, "
            "but aws:MultiFactorAuthPresent is not true"
        )
    ]


def test_entities_of_the_evidence_are_the_accounts_whatever_their_arns_say(auditor: Auditor, tmp_path: Path) -> None:
    elsewhere = user_entry("bo", Arn="arn:aws:iam::444455556666:user/bo")
    may = user_entry(UserPolicyList=inline("own", allow("iam:CreateAccessKey")))
    folder = saved(tmp_path, UserDetailList=[may, elsewhere])
    assert asked(auditor, folder, "ana", "iam:CreateAccessKey", "user/bo")["allowed"]


def test_path_with_a_colon_is_part_of_the_name(auditor: Auditor, tmp_path: Path) -> None:
    may = inline("own", allow("ec2:StartInstances"))
    folder = saved(tmp_path, UserDetailList=[user_entry(Path="/a:b/", Arn=arn("user/a:b/ana"), UserPolicyList=may)])
    for name in ("ana", "user/ana", "user/a:b/ana", arn("user/a:b/ana")):
        asked(auditor, folder, name, "ec2:StartInstances")


def test_conditions_are_told_in_words(auditor: Auditor, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    put = asked(auditor, folder, ANA, "s3:PutObject")
    assert put["why"] == ["statement 1 (Put) of inline policy own"]
    assert put["conditions"] == ["aws:SourceIp is in 192.0.2.0/24 or 198.51.100.0/24"]
    drop = asked(auditor, folder, ANA, "sqs:DeleteQueue")
    assert drop["conditions"] == ["unless aws:MultiFactorAuthPresent is false"]


def test_context_settles_conditions(auditor: Auditor, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    inside = asked(auditor, folder, "ana", "s3:PutObject", "--context", "aws:SourceIp=192.0.2.9")
    assert inside["conditions"] == []
    asked(auditor, folder, "ana", "s3:PutObject", "--context", "aws:sourceip=203.0.113.9", code=1)
    asked(auditor, folder, "ana", "s3:PutObject", "--context", "aws:SourceIp=", code=1)
    denied = asked(auditor, folder, "ana", "sqs:DeleteQueue", "--context", "aws:MultiFactorAuthPresent=false", code=1)
    assert denied["why"] == ["denied by statement 2 of inline policy own"]


def test_table_is_a_line_with_all_of_that(auditor: Auditor, tmp_path: Path) -> None:
    result = auditor("can", "ana", "s3:PutObject", "--evidence", saved(tmp_path))
    assert result.code == 0
    head, line = result.out.splitlines()
    assert head.split() == ["ANSWER", "ACTION", "RESOURCE", "DECIDED", "BY", "CONDITIONS"]
    assert line.startswith(
        "allowed  s3:PutObject  *         statement 1 (Put) of inline policy own  aws:SourceIp is in"
    )
    assert "auditor: the organization: not seen, and taken for what allows everything" in result.err


def test_pattern_asks_for_each_action_and_is_allowed_if_one_is(auditor: Auditor, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    found = answers(auditor("can", "ana", "s3:GetObject*", "--evidence", folder, "--format", "json"))
    allowed = {it["action"]: it["allowed"] for it in found}
    assert allowed["s3:GetObject"] is True
    assert allowed["s3:GetObjectAcl"] is False
    assert auditor("can", "ana", "s3:Delete*", "--evidence", folder).code == 1


def test_trust_policy_of_a_role_is_weighed_by_itself(auditor: Auditor, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    assert asked(auditor, folder, "ana", "sts:AssumeRole", "role/deploy")["why"] == [
        "statement 1 of the resource's trust policy"
    ]
    assert asked(auditor, folder, "ana", "sts:AssumeRole")["resource"] == DEPLOY
    asked(auditor, folder, "ana", "sts:AssumeRole", DATA, code=1)


def test_session_of_a_role_has_its_rights(auditor: Auditor, tmp_path: Path) -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/data/night"
    assert asked(auditor, saved(tmp_path), session, "dynamodb:Scan")["allowed"]


def test_policy_of_the_resource_is_weighed(auditor: Auditor, tmp_path: Path) -> None:
    folder, file = saved(tmp_path), tmp_path / "policy.json"
    shared = document({"Effect": "Allow", "Principal": {"AWS": ANA}, "Action": "s3:*", "Resource": f"{BUCKET}/*"})
    for body in (json.dumps(shared), json.dumps({"Policy": json.dumps(shared)})):
        file.write_text(body)
        answer = asked(auditor, folder, "ana", "s3:DeleteObject", f"{BUCKET}/a", "--resource-policy", file)
        assert answer["why"] == ["statement 1 of the resource's policy"]
    arguments = ("ana", "s3:DeleteObject", f"{BUCKET}/a", "--resource-policy", file, "--owner", "444455556666")
    asked(auditor, folder, *arguments, code=1)


def test_unknown_action_is_noted_and_judged(auditor: Auditor, tmp_path: Path) -> None:
    result = auditor("can", "ana", "sqs:SendMesage", "--evidence", saved(tmp_path))
    assert result.code == 0
    assert "ACTION: sqs:SendMesage is not known; did you mean 'sqs:SendMessage'?" in result.err


def test_odd_resource_and_odd_key_are_noted(auditor: Auditor, tmp_path: Path) -> None:
    arguments = ("ana", "sqs:SendMessage", BUCKET, "--context", "aws:SorceIp=192.0.2.1")
    result = auditor("can", *arguments, "--evidence", saved(tmp_path))
    assert "sqs:SendMessage is about arn:*:sqs:*:*:*, and not about arn:aws:s3:::reports" in result.err
    assert "--context: aws:sorceip is no condition key that is known" in result.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("anna", "s3:GetObject"), "PRINCIPAL: 'anna' is no user or role of the account; did you mean 'ana'?"),
        (("ops", "s3:GetObject"), f"PRINCIPAL: 'ops' is {arn('role/ops')}, {arn('user/ops')}; say which"),
        (("group/staff", "s3:GetObject"), "PRINCIPAL: 'group/staff' is a group; ask for one of its users"),
        (("root", "s3:GetObject"), "PRINCIPAL: the root user can do whatever no policy of the organization denies it"),
        (("ana", "GetObject"), "ACTION: 'GetObject' is no action; did you mean "),
        (("Anna", "s3:GetObject"), "PRINCIPAL: 'Anna' is no user or role of the account; did you mean 'ana'?"),
        (("ana", "*"), "ACTION: '*' is no action; did you mean *:*?"),
        (("ana", "s3:"), "ACTION: 's3:' is no action; for example s3:GetObject"),
        (("ana", ""), "ACTION: '' is no action; for example s3:GetObject"),
        (("ana", "s3:Nothing*"), "ACTION: no action is known that 's3:Nothing*' admits"),
        (("ana", "s3:GetObject", "reports/a"), "RESOURCE: 'reports/a' is no ARN; for example arn:aws:s3:::bucket/*"),
        (("ana", "iam:GetRole", "role/depoy"), "RESOURCE: 'role/depoy' is no user or role of the account; did you"),
        (("ana", "s3:GetObject", "--context", "aws:SourceIp"), "--context: 'aws:SourceIp' is not key=value"),
        (("ana", "s3:GetObject", "--context", "=x"), "--context: '=x' is not key=value"),
        (("ana", "s3:GetObject", "--owner", "123"), "--owner: '123' is no account: twelve digits are expected"),
        (("ana", "s3:GetObject", "--resource-policy", "x"), "--resource-policy: needs RESOURCE"),
        (("ana", "s3:GetObject", BUCKET, "--resource-policy", "missing"), "--resource-policy: missing is not a file"),
        (("ana", "s3:GetObject", "--format", "csv"), "--format: 'csv' is unknown; known: table, json"),
        (("ana",), "Missing argument 'ACTION'"),
    ],
)
def test_bad_input_is_one_line(auditor: Auditor, tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    folder = saved(tmp_path, UserDetailList=[ANA_HOLDS, user_entry("ops")], RoleDetailList=[role_entry("ops")])
    assert why in auditor("can", *arguments, "--evidence", folder).says_why_in_one_line()


@pytest.mark.parametrize("body", ["{", "[]", '"text"', '{"Statement": {"Effect": "Perhaps"}}', '{"Policy": 3}'])
def test_policy_of_the_resource_that_cannot_be_read_is_named(auditor: Auditor, tmp_path: Path, body: str) -> None:
    file = tmp_path / "policy.json"
    file.write_text(body)
    arguments = ("ana", "s3:GetObject", BUCKET, "--resource-policy", file, "--evidence", saved(tmp_path))
    assert f"--resource-policy: {file}: " in auditor("can", *arguments).says_why_in_one_line()


LOST = user_entry("bo", AttachedManagedPolicies=[{"PolicyName": "gone", "PolicyArn": arn("policy/gone")}])


def test_principal_that_was_not_completely_seen_is_no_no(auditor: Auditor, tmp_path: Path) -> None:
    folder = saved(tmp_path, UserDetailList=[ANA_HOLDS, LOST])
    line = auditor("can", "bo", "s3:GetObject", "--evidence", folder).says_why_in_one_line()
    assert f"PRINCIPAL: {arn('user/bo')} was not completely seen: " in line
    assert "not seen is not 'no'" in line


def test_account_whose_policies_were_not_seen_is_refused(auditor: Auditor, tmp_path: Path) -> None:
    folder = write(tmp_path / "blind", {"account.json": account(unavailable={"authorization-details": "AccessDenied"})})
    for command in (("can", "ana", "s3:GetObject"), ("who-can", "s3:GetObject")):
        assert "who holds what was not seen: " in auditor(*command, "--evidence", folder).says_why_in_one_line()


# Everybody who can.


def everybody(auditor: Auditor, folder: Path, *arguments: object) -> Any:
    result = auditor("who-can", *arguments, "--evidence", folder, "--format", "json")
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_everybody_who_can_is_listed_with_the_chain_of_roles(auditor: Auditor, tmp_path: Path) -> None:
    found = everybody(auditor, saved(tmp_path), "dynamodb:Scan")
    assert [it["principal"] for it in found["can"]] == [DATA]
    assert {it["principal"]: it["chain"] for it in found["can_by_becoming"]} == {DEPLOY: [DATA], ANA: [DEPLOY, DATA]}
    (ana,) = [it for it in found["can_by_becoming"] if it["principal"] == ANA]
    assert [it["why"] for it in ana["steps"]] == [["statement 1 of the resource's trust policy"]] * 2
    assert ana["why"] == ["statement 1 of inline policy rows"]


def test_directly_leaves_the_chains_out(auditor: Auditor, tmp_path: Path) -> None:
    assert everybody(auditor, saved(tmp_path), "dynamodb:Scan", "--direct")["can_by_becoming"] == []


def test_policy_of_the_resource_that_was_not_seen_is_noted(auditor: Auditor, tmp_path: Path) -> None:
    arguments = ("who-can", "secretsmanager:GetSecretValue")
    folder, file = saved(tmp_path), tmp_path / "policy.json"
    file.write_text(json.dumps(document()))
    assert NO_POLICY_SEEN in auditor(*arguments, SECRET, "--evidence", folder).err
    assert NO_POLICY_SEEN not in auditor(*arguments, "--evidence", folder).err
    assert NO_POLICY_SEEN not in auditor(*arguments, SECRET, "--resource-policy", file, "--evidence", folder).err


def test_roles_that_assume_each_other_come_to_an_end(auditor: Auditor, tmp_path: Path) -> None:
    circle = [
        role_entry("one", AssumeRolePolicyDocument=trusting({"AWS": arn("role/two")})),
        role_entry("two", AssumeRolePolicyDocument=trusting({"AWS": [arn("role/one"), arn("role/two")]})),
    ]
    found = everybody(auditor, saved(tmp_path, RoleDetailList=circle), "dynamodb:Scan")
    assert (found["can"], found["can_by_becoming"]) == ([], [])


def test_administrators_are_one_line_of_the_table(auditor: Auditor, tmp_path: Path) -> None:
    users = [ANA_HOLDS, *(administrator_entry(f"chief{at}") for at in range(5))]
    folder = saved(tmp_path, UserDetailList=users)
    result = auditor("who-can", "s3:GetObject", "--evidence", folder)
    assert result.code == 0
    _, ana, chiefs = result.out.splitlines()
    assert ana.startswith("user/ana ")
    assert chiefs.startswith("5 administrators: user/chief0, user/chief1, user/chief2 and 2 more  can ")
    assert "6 principals can, 0 more by assuming roles, 0 not seen" in result.err
    assert sum(it["administrator"] for it in everybody(auditor, folder, "s3:GetObject")["can"]) == 5


def test_principals_that_were_not_seen_are_listed_as_such(auditor: Auditor, tmp_path: Path) -> None:
    folder = saved(tmp_path, UserDetailList=[ANA_HOLDS, LOST])
    assert [it["principal"] for it in everybody(auditor, folder, "s3:GetObject")["not_seen"]] == [arn("user/bo")]
    shown = auditor("who-can", "s3:GetObject", "--evidence", folder)
    assert "user/bo    not seen" in shown.out


def test_csv_has_a_line_for_each_and_no_formula(auditor: Auditor, tmp_path: Path) -> None:
    hostile = user_entry("=cmd()", UserPolicyList=inline("@own", allow("dynamodb:Scan")))
    folder = saved(tmp_path, UserDetailList=[ANA_HOLDS, hostile, LOST])
    result = auditor("who-can", "dynamodb:Scan", "--evidence", folder, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert {it["principal"]: it["answer"] for it in rows} == {
        DATA: "can",
        arn("user/=cmd()"): "can",
        DEPLOY: "can by becoming",
        ANA: "can by becoming",
        arn("user/bo"): "not seen",
    }
    assert next(it["chain"] for it in rows if it["principal"] == ANA) == f"{DEPLOY} {DATA}"
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "@", "+", "-"))]


def test_several_actions_are_asked_for_one_at_a_time(auditor: Auditor, tmp_path: Path) -> None:
    line = auditor("who-can", "s3:Get*", "--evidence", saved(tmp_path)).says_why_in_one_line()
    assert "actions; one is asked for at a time" in line


def test_wrong_format_is_told_before_anything_is_read(auditor: Auditor, tmp_path: Path) -> None:
    line = auditor("who-can", "s3:Get*", "--evidence", tmp_path / "missing", "--format", "xml").says_why_in_one_line()
    assert "--format: 'xml' is unknown; known: table, json, csv" in line


def test_policy_attached_to_the_account_is_named_as_it_is_called(auditor: Auditor, tmp_path: Path) -> None:
    attached = [{"PolicyName": "ops", "PolicyArn": arn("policy/ops")}]
    folder = saved(
        tmp_path,
        UserDetailList=[user_entry(AttachedManagedPolicies=attached)],
        GroupDetailList=[],
        Policies=[policy_entry("ops", json.dumps(document(allow("kms:ListKeys"))))],
    )
    assert asked(auditor, folder, "ana", "kms:ListKeys")["why"] == ["statement 1 of ops"]
