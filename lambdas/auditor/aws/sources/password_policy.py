"""The account's password policy. That none is set is an answer: AWS's default then holds."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from auditor.aws.session import Aws
from auditor.aws.source import Asked, Reading, Shape, Source, validated
from auditor.core.model import Owner
from auditor.core.subjects.credentials import PasswordPolicy


class PolicyShape(Shape):
    """The policy; the defaults are those of an account that never set one (three of the four classes: none is sure)."""

    minimum_length: int = Field(alias="MinimumPasswordLength", default=8)
    reuse_prevention: int = Field(alias="PasswordReusePrevention", default=0)
    max_age_days: int | None = Field(alias="MaxPasswordAge", default=None)
    upper: bool = Field(alias="RequireUppercaseCharacters", default=False)
    lower: bool = Field(alias="RequireLowercaseCharacters", default=False)
    number: bool = Field(alias="RequireNumbers", default=False)
    symbol: bool = Field(alias="RequireSymbols", default=False)


class Document(Shape):
    """The whole answer; null where no policy is set (the API says NoSuchEntity)."""

    policy: PolicyShape | None = Field(alias="PasswordPolicy")


def gather(aws: Aws, _: Mapping[str, Any]) -> Asked:
    """One call."""
    iam = aws.client("iam")
    try:
        policy = iam.get_account_password_policy()["PasswordPolicy"]
    except iam.exceptions.NoSuchEntityException:
        policy = None
    return Asked(raw={"PasswordPolicy": policy})


def read(raw: Any, owner: Owner) -> Reading:
    """The one policy."""
    policy = validated(Document, raw).policy
    values = (policy or PolicyShape()).model_dump()
    return Reading(subjects=[PasswordPolicy(resource=owner.account, uid="account", set=policy is not None, **values)])


PASSWORD_POLICY = Source(
    name="password-policy",
    actions=("iam:GetAccountPasswordPolicy",),
    kinds=(PasswordPolicy,),
    gather=gather,
    read=read,
)
