from botocore.session import get_session

from auditor.policy.reach import WRITES, granted, said
from tests.build import allowing, arn

READS = ("Get", "List", "Simulate", "Generate")


def test_writes_are_what_iam_has_besides_reads() -> None:
    operations = get_session().get_service_model("iam").operation_names
    changing = {f"iam:{name}".lower() for name in operations if not name.startswith(READS)}
    assert set(WRITES) == changing | {"iam:passrole"}


def test_grant_without_a_condition_is_preferred() -> None:
    on_condition = allowing("iam:PutRolePolicy", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    action, resource = "iam:PutRolePolicy", arn("role/deploy")
    assert granted(said([on_condition]), action, resource) == ("aws:MultiFactorAuthPresent",)
    assert granted(said([on_condition, allowing("iam:*")]), action, resource) == ()
    assert granted(said([on_condition]), "iam:PutUserPolicy", resource) is None


def test_variable_is_the_user_s_name_and_nobody_else_s() -> None:
    own = allowing("iam:*", arn("user/${aws:username}"))
    assert granted(said([own], "ana"), "iam:PutUserPolicy", arn("user/ana")) == ()
    assert granted(said([own], "ana"), "iam:PutUserPolicy", arn("user/bo")) is None
    assert granted(said([own]), "iam:PutUserPolicy", arn("user/ana")) is None
