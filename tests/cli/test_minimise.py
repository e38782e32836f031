"""`auditor minimise`: a policy to be reviewed, what it would lose, and no proposal where something was not seen."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.aws.answers import NO_DETAILS, group_entry, policy_entry, role_entry, service_entry, user_entry
from tests.build import NOW, ago, arn
from tests.cli.conftest import Auditor, Result
from tests.cli.evidence import account, write

ANA, DEPLOY = arn("user/ana"), arn("role/deploy")
USED = (service_entry("s3", 3), service_entry("ec2", 200), service_entry("sns"))


def document(*actions: str, **elements: Any) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": [*actions], "Resource": "*", **elements}],
    }


def attached(*names: str) -> list[dict[str, str]]:
    return [{"PolicyArn": arn(f"policy/{name}"), "PolicyName": name} for name in names]


def inline(name: str, *actions: str) -> list[dict[str, Any]]:
    return [{"PolicyName": name, "PolicyDocument": document(*actions)}]


def told(who: str = ANA, *services: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"Arn": who, "JobCompletionDate": NOW, "ServicesLastAccessed": services or USED, **members}


ANA_HOLDS = user_entry(AttachedManagedPolicies=attached("ops"))
OPS = policy_entry("ops", json.dumps(document("s3:*", "ec2:*", "iam:PassRole")), UpdateDate=ago(300))


def saved(folder: Path, *answers: dict[str, Any], **lists: Any) -> Path:
    """Evidence of an account in which ana holds the policy ops, unless something else is given."""
    details = {**NO_DETAILS, "UserDetailList": [ANA_HOLDS], "Policies": [OPS], **lists}
    files = {"authorization-details.json": details, "last-accessed.json": {"LastAccessed": answers or [told()]}}
    encoded = {name: json.dumps(it, default=str).encode() for name, it in files.items()}
    return write(folder / "saved", {"account.json": account(), **encoded})


def as_json(result: Result) -> Any:
    assert result.code == 0, result.err
    return json.loads(result.out)


def test_proposal_has_the_policy_what_is_lost_what_is_kept_and_notes(auditor: Auditor, tmp_path: Path) -> None:
    found = as_json(auditor("minimise", ANA, "--evidence", saved(tmp_path), "--format", "json"))
    assert list(found) == ["principal", "refused", "policies", "lost", "kept", "notes", "apply"]
    assert found["principal"] == ANA
    assert found["policies"] == [
        {
            "name": "minimal-ana",
            "size": 105,
            "limit": 6144,
            "document": document("s3:*", "iam:PassRole"),
            "from": [["ops"]],
        }
    ]
    assert [(it["service"], it["why"], it["last_used"]) for it in found["lost"]] == [
        ("ec2", "not used", ago(200).isoformat())
    ]
    assert [(it["service"], it["why"]) for it in found["kept"]] == [("iam", "leaves no trace"), ("s3", "used")]


def test_text_shows_the_same_and_how_to_apply_it(auditor: Auditor, tmp_path: Path) -> None:
    shown = auditor("minimise", "user/ana", "--evidence", saved(tmp_path))
    assert shown.code == 0
    for part in (
        f"{ANA} would lose:",
        "ec2      ec2:*    2026-05-04",
        "minimal-ana.json, 105 of 6144 characters:",
        '"s3:*"',
        "statement 1: from ops",
        "used is what was tried since 2026-08-22",
        "leave no trace: look into CloudTrail",
        "iam:PassRole stays on the resources that it had",
        "aws iam create-policy --policy-name minimal-ana --policy-document file://minimal-ana.json",
        f"aws iam put-user-permissions-boundary --user-name ana --permissions-boundary {arn('policy/minimal-ana')}",
        f"aws iam detach-user-policy --user-name ana --policy-arn {arn('policy/ops')}   # undone by attach",
    ):
        assert part in shown.out
    assert "aws iam delete-policy" not in shown.out


@pytest.mark.parametrize("given", ["ana", "user/ana", "user/team/ana", arn("user/team/ana")])
def test_principal_is_named_in_any_way_that_is_unique(auditor: Auditor, tmp_path: Path, given: str) -> None:
    who = arn("user/team/ana")
    folder = saved(tmp_path, told(who), UserDetailList=[ANA_HOLDS | {"Path": "/team/", "Arn": who}])
    assert as_json(auditor("minimise", given, "--evidence", folder, "--format", "json"))["principal"] == who


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("deploy", f"'deploy' is {DEPLOY}, {arn('user/deploy')}; say which"),
        ("anna", "'anna' is no user or role of the account; did you mean 'ana'?"),
        ("group/staff", "'group/staff' is a group; ask for one of its users"),
    ],
)
def test_principal_that_is_not_one_is_refused(auditor: Auditor, tmp_path: Path, given: str, why: str) -> None:
    lists = {
        "UserDetailList": [ANA_HOLDS, user_entry("deploy")],
        "RoleDetailList": [role_entry()],
        "GroupDetailList": [group_entry()],
    }
    refused = auditor("minimise", given, "--evidence", saved(tmp_path, **lists))
    assert why in refused.says_why_in_one_line()


@pytest.mark.parametrize("days", [0, 401])
def test_window_is_within_what_aws_knows(auditor: Auditor, tmp_path: Path, days: int) -> None:
    refused = auditor("minimise", "ana", "--evidence", saved(tmp_path), "--idle", days)
    assert "--idle" in refused.says_why_in_one_line()


def test_window_can_be_longer(auditor: Auditor, tmp_path: Path) -> None:
    found = as_json(auditor("minimise", "ana", "--evidence", saved(tmp_path), "--idle", 200, "--format", "json"))
    assert found["lost"] == []
    assert found["apply"] == []
    assert "it used all that it holds: there is nothing to leave out" in found["notes"]


# What was not seen.


@pytest.mark.parametrize(
    ("answers", "lists", "why"),
    [
        ([told(DEPLOY)], {}, "what it used was not seen: AWS was not asked what it used last"),
        ([told(IsTruncated=True)], {}, "only the first page"),
        ([told(JobStatus="FAILED")], {}, "is FAILED"),
        ([told(ServicesLastAccessed=[])], {}, "AWS's answer lists no service"),
        ([told()], {"UserDetailList": [ANA_HOLDS | {"CreateDate": ago(89)}]}, "it was made on 2026-08-23"),
        ([told()], {"Policies": []}, "what it holds was not seen: "),
    ],
)
def test_what_was_not_seen_is_not_called_unused(
    auditor: Auditor, tmp_path: Path, answers: list[Any], lists: dict[str, Any], why: str
) -> None:
    folder = saved(tmp_path, *answers, **lists)
    arguments = ("minimise", "ana", "--evidence", folder, "--out", tmp_path / "proposed")
    told = auditor(*arguments, "--format", "json")
    found = json.loads(told.out)
    assert told.code == 2
    assert (found["policies"], found["lost"], found["kept"], found["apply"]) == ([], [], [], [])
    assert why in found["refused"]
    line = auditor(*arguments).says_why_in_one_line()
    assert line == f"auditor: no proposal for {ANA}: {found['refused']} (not seen is not unused)"
    assert not (tmp_path / "proposed").exists()


def test_proposed_documents_can_be_written_under_their_names(auditor: Auditor, tmp_path: Path) -> None:
    arguments = ("minimise", "ana", "--evidence", saved(tmp_path), "--format", "json", "--out")
    made = tmp_path / "proposed"
    for _ in range(2):
        told = auditor(*arguments, made)
        assert told.err.endswith(f"auditor: written: {made / 'minimal-ana.json'}\n")
    assert [it.name for it in made.iterdir()] == ["minimal-ana.json"]
    file = made / "minimal-ana.json"
    assert json.loads(file.read_text()) == as_json(told)["policies"][0]["document"]
    assert auditor(*arguments, file).code == 2


def test_name_that_is_no_name_of_a_file_is_refused(auditor: Auditor, tmp_path: Path) -> None:
    hostile = user_entry(AttachedManagedPolicies=attached("ops"), UserName="../../ana")
    folder = saved(tmp_path, UserDetailList=[hostile])
    told = auditor("minimise", ANA, "--evidence", folder, "--out", tmp_path / "proposed")
    assert told.code == 2
    assert "is no name of a file" in told.err


def test_missing_file_is_said(auditor: Auditor, folder: Path) -> None:
    shown = auditor("minimise", "ana", "--evidence", folder)
    assert (shown.code, shown.out) == (2, "")
    assert "last-accessed.json is missing (not seen is not unused)" in shown.err


def test_service_linked_role_is_aws_s(auditor: Auditor, tmp_path: Path) -> None:
    linked = role_entry(Path="/aws-service-role/x.amazonaws.com/")
    shown = auditor("minimise", "role/deploy", "--evidence", saved(tmp_path, RoleDetailList=[linked]))
    assert "it is a service-linked role" in shown.err


def test_malformed_action_is_one_line(auditor: Auditor, tmp_path: Path) -> None:
    broken = service_entry("s3", 3, TrackedActionsLastAccessed=[{"ActionName": 1}])
    refused = auditor("minimise", "ana", "--evidence", saved(tmp_path, told(ANA, broken)))
    assert "ServicesLastAccessed[0].TrackedActionsLastAccessed[0].ActionName" in refused.says_why_in_one_line()


# What else is told.


def test_rights_of_a_group_are_weighed_and_need_leaving_it(auditor: Auditor, tmp_path: Path) -> None:
    staff = group_entry(GroupPolicyList=inline("most", "sns:*", "s3:Get*"))
    folder = saved(tmp_path, UserDetailList=[ANA_HOLDS | {"GroupList": ["staff"]}], GroupDetailList=[staff])
    found = as_json(auditor("minimise", "ana", "--evidence", folder, "--format", "json"))
    assert {it["service"]: it["policies"] for it in found["lost"]} == {
        "ec2": ["ops"],
        "sns": ["inline policy most of group/staff"],
    }
    assert "rights of group/staff go only when ana leaves it; they are weighed here like its own" in found["notes"]
    assert any(
        it.startswith("aws iam remove-user-from-group --user-name ana --group-name staff") for it in found["apply"]
    )


def test_boundary_stays_and_no_other_is_proposed(auditor: Auditor, tmp_path: Path) -> None:
    bounded = {"PermissionsBoundary": {"PermissionsBoundaryArn": arn("policy/ops")}}
    folder = saved(tmp_path, UserDetailList=[ANA_HOLDS | bounded])
    found = as_json(auditor("minimise", "ana", "--evidence", folder, "--format", "json"))
    assert "its permissions boundary ops is not weighed, and stays" in found["notes"]
    assert not [it for it in found["apply"] if "boundary" in it]


@pytest.mark.parametrize(
    ("size", "step"), [(1, "aws iam put-user-policy"), (200, "# its inline policies (files) stay")]
)
def test_inline_policy_gets_another_text_if_its_quota_has_room(
    auditor: Auditor, tmp_path: Path, size: int, step: str
) -> None:
    actions = [f"s3:GetThing{at}" for at in range(size)]
    folder = saved(tmp_path, UserDetailList=[user_entry(UserPolicyList=inline("files", "ec2:*", *actions))])
    found = as_json(auditor("minimise", "ana", "--evidence", folder, "--format", "json"))
    assert any(it.startswith(step) for it in found["apply"])


def test_several_documents_are_several_policies_and_no_boundary(auditor: Auditor, tmp_path: Path) -> None:
    actions = [f"s3:GetSomethingWithALongName{at}" for at in range(300)]
    folder = saved(tmp_path, UserDetailList=[user_entry(UserPolicyList=inline("files", "ec2:*", *actions))])
    found = as_json(auditor("minimise", "ana", "--evidence", folder, "--format", "json"))
    assert [it["name"] for it in found["policies"]][:2] == ["minimal-ana-1", "minimal-ana-2"]
    assert all(it["size"] <= it["limit"] for it in found["policies"])
    assert not [it for it in found["apply"] if "boundary" in it]


def test_policy_that_changed_in_the_window_is_told(auditor: Auditor, tmp_path: Path) -> None:
    folder = saved(tmp_path, Policies=[OPS | {"UpdateDate": ago(20)}])
    assert "ops was changed on 2026-10-31" in auditor("minimise", "ana", "--evidence", folder).out


def test_actions_count_where_the_answer_has_them(auditor: Auditor, tmp_path: Path) -> None:
    tracked = [{"ActionName": "CreateQueue", "LastAccessedTime": ago(2)}, {"ActionName": "DeleteQueue"}]
    answer = told(ANA, service_entry("sqs", 2, TrackedActionsLastAccessed=tracked))
    holds = user_entry(UserPolicyList=inline("q", "sqs:CreateQueue", "sqs:DeleteQueue", "sqs:SendMessage"))
    folder = saved(tmp_path, answer, UserDetailList=[holds])
    found = as_json(auditor("minimise", "ana", "--evidence", folder, "--format", "json"))
    assert found["policies"][0]["document"] == document("sqs:CreateQueue", "sqs:SendMessage")
    assert [it["actions"] for it in found["lost"]] == [["sqs:DeleteQueue"]]


def test_role_of_identity_center_is_changed_where_it_is_made(auditor: Auditor, tmp_path: Path) -> None:
    sso = role_entry(Path="/aws-reserved/sso.amazonaws.com/", AttachedManagedPolicies=attached("ops"))
    folder = saved(tmp_path, told(DEPLOY), RoleDetailList=[sso])
    found = as_json(auditor("minimise", "role/deploy", "--evidence", folder, "--format", "json"))
    assert found["apply"] == ["# IAM Identity Center makes this role anew: put the documents into its permission set"]


def test_hostile_name_is_one_quoted_word_on_one_line(auditor: Auditor, tmp_path: Path) -> None:
    name = "a;b\nrm x"
    hostile = user_entry(AttachedManagedPolicies=attached("ops"), UserName=name)
    shown = auditor("minimise", ANA, "--evidence", saved(tmp_path, UserDetailList=[hostile]))
    assert shown.code == 0
    assert "\nrm x" not in shown.out
    assert "--user-name 'a;b\\nrm x'" in shown.out
