"""What a statement asks of a request, and what is known of each request for an action."""

from functools import lru_cache

from auditor.policy.conditions import LITERAL, VARIABLE, Known
from auditor.policy.document import PASSED_TO, PASSING, Statement

REQUESTED_REGION = "aws:requestedregion"
IAM_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""The Region, by partition, that every request to IAM is made to."""


@lru_cache(maxsize=1 << 12)
def of_action(action: str, arn: str) -> Known:
    """What is known of each request for the action, in lower case, by a principal.

    IAM is in one Region. Only the passing of a role has a service that it is passed to, and the Region is that one's.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
    """
    if action == PASSING:
        return {}
    region = IAM_REGIONS.get(arn.split(":")[1]) if action.startswith("iam:") else None
    return {PASSED_TO: (), REQUESTED_REGION: (region,)} if region else {PASSED_TO: ()}


def keys_of(statement: Statement) -> tuple[str, ...]:
    """The keys, in lower case, of its conditions and of the variables in it."""
    texts = [*(statement.resources or ()), *(statement.not_resources or ())]
    texts += [value for clause in statement.clauses for value in clause.values]
    variables = (it[1].partition(",")[0].strip().lower() for text in texts for it in VARIABLE.finditer(text))
    return tuple(sorted({*(it.key for it in statement.clauses), *(it for it in variables if it not in LITERAL)}))
