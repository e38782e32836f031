"""The findings table of a deployment, as the credentials and the Region of the environment reach it."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from auditor.aws.errors import as_unavailable
from auditor.aws.findings_table import ContentionError, FindingsTable
from auditor.aws.items import Item
from auditor.aws.query import Question, ask
from auditor.aws.questions import whole_account
from auditor.aws.session import REGIONAL_CONFIG
from auditor.cli import screen
from auditor.cli.errors import InputError
from auditor.core.decide import DecisionError
from auditor.core.life import Changes, Ledger
from auditor.core.model import Owner

THROTTLED = frozenset({"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"})


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The table, the partition it is in, and whether every query is to be shown."""

    table: Any
    partition: str
    explain: bool

    def owner(self, account: str) -> Owner:
        """An account of the table's partition."""
        return Owner(account=account, partition=self.partition)

    def ask(self, questions: Iterable[Question]) -> Iterator[Item]:
        """The answers, one question after the other, each asked when it is its turn."""
        for question in questions:
            self._explain(question)
            yield from ask(self.table, question)

    def amend(self, owner: Owner, decide: Callable[[Ledger], Changes]) -> Changes:
        """Write what `decide` makes of the account's ledger; what was written."""
        self._explain(whole_account(owner))
        return FindingsTable(table=self.table).amend(owner, decide)

    def _explain(self, question: Question) -> None:
        if self.explain:
            screen.explained("PartiQL", question.partiql(self.table.name))
            screen.explained("Query", json.dumps(question.sdk(self.table.name)))


@contextmanager
def opened(name: str | None, *, explain: bool) -> Iterator[Opened]:
    """The table of that name. Raises InputError if it is None; whatever AWS refuses in the block becomes one too."""
    if not name:
        raise InputError("--table: name the findings table (output FindingsTable of the stack), or set AUDITOR_TABLE")
    try:
        session = boto3.Session()
        resource = session.resource("dynamodb", config=REGIONAL_CONFIG)
        partition = session.get_partition_for_region(session.region_name)
        yield Opened(table=resource.Table(name), partition=partition, explain=explain)
    except NoRegionError:
        raise InputError("no Region: set AWS_DEFAULT_REGION, or the Region of the profile") from None
    except ClientError as error:
        raise InputError(_refusal(error, name)) from error
    except BotoCoreError as error:
        raise InputError(f"AWS: {as_unavailable(error).reason}") from error
    except (DecisionError, ContentionError) as error:
        raise InputError(str(error)) from error


def _refusal(error: ClientError, name: str) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    reason = as_unavailable(error).reason
    if code == "ResourceNotFoundException":
        return f"--table: there is no table {name!r} in this account and Region ({reason})"
    if code == "ValidationException":
        return f"--table: {name!r} does not answer as a findings table does ({reason})"
    return f"AWS: {reason} (try again: nothing is done twice)" if code in THROTTLED else f"AWS: {reason}"
