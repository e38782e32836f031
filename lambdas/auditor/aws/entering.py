"""Into another account: its role is assumed for one audit, and for nothing else."""

from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from auditor.aws.errors import AWS_ERRORS, as_unavailable
from auditor.aws.session import Aws, connect, new_session
from auditor.core.model import Owner, Unavailable

ACTIONS = ("sts:AssumeRole",)
"""On the role of that name in every account."""

SECONDS = 3600
"""How long the credentials last: longer than a function may run, and no longer than a role that was assumed by another
may be."""

ALWAYS_ENABLED = frozenset(
    {
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
        *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3"),
        *("ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2"),
        *("cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"),
    }
)
HOME = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""A Region that no account can switch off, by partition: STS of any other is closed to accounts that have not enabled
it, whatever the role's trust says."""

CONFIG = Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=5, read_timeout=20)


REFUSALS = frozenset({"AccessDenied", "RegionDisabledException", "ValidationError"})
"""How STS says no; anything else it says may be otherwise in a moment."""


class NotEnteredError(RuntimeError):
    """Whether the account can be entered is not known: AWS did not answer well. Trying again may help."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """How other accounts are entered: the role's name, and the external id that its trust asks for."""

    role: str
    external_id: str

    def enter(self, session: boto3.Session, owner: Owner) -> boto3.Session:
        """A session in the account, of which nothing is kept; `session` assumes the role.

        It is in the Region of `session`, or in one that is enabled in every account. Raises botocore's errors if the
        role cannot be assumed, for whatever reason: AWS words them all alike.
        """
        region = region_of_sts(session.region_name, owner.partition)
        sts = session.client("sts", region_name=region, config=CONFIG)
        given = sts.assume_role(
            RoleArn=f"arn:{owner.partition}:iam::{owner.account}:role/{self.role}",
            RoleSessionName="account-auditor",
            ExternalId=self.external_id,
            DurationSeconds=SECONDS,
        )["Credentials"]
        return new_session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
            region_name=region,
        )


def region_of_sts(region: str | None, partition: str) -> str:
    """The Region whose STS every account of the partition can be entered through: `region` if it is one."""
    return region if region in ALWAYS_ENABLED and region else HOME.get(partition, region or HOME["aws"])


def entered(here: Aws, owner: Owner, door: Door) -> Aws | Unavailable:
    """The account, from the one that is `here`, which needs no door itself; or why it cannot be entered.

    Raises NotEnteredError if that cannot be told.
    """
    if owner == here.owner:
        return here
    try:
        account = connect(door.enter(here.session, owner), here.now)
    except AWS_ERRORS as error:
        why = as_unavailable(error)
        if isinstance(error, ClientError) and error.response["Error"]["Code"] in REFUSALS:
            return why
        raise NotEnteredError(why.reason) from error
    if account.owner != owner:
        raise NotEnteredError(f"the role's credentials belong to account {account.owner.account}")
    return account
