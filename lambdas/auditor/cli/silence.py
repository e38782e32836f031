"""A no that is only silence: the resource's own policy was not seen, and may allow the request."""

from auditor.cli.weighing import SOME, Asked
from auditor.policy import actions
from auditor.policy.match import ARN_FIELDS
from auditor.policy.naming import ACCOUNT
from auditor.policy.resources import is_pattern
from auditor.render.grounds import Decided

NOT_SEEN = "what the resource's own policy says was not seen: --resource-policy FILE"

OVERRULED = frozenset({"identity", "boundary", "session"})
"""Layers whose silence a policy of the resource makes up for, in the resource's own account."""

SERVICES = frozenset(
    """
    acm-pca aoss aps backup bedrock bedrock-agentcore cloudhsm cloudtrail codeartifact codebuild comprehend dynamodb
    ecr ecr-public elasticfilesystem es events execute-api geo glacier glue imagebuilder iot kafka kinesis kms lambda
    lex logs mediastore network-firewall organizations payment-cryptography redshift-serverless refactor-spaces
    rekognition route53 s3 s3-object-lambda s3-outposts s3express s3files s3tables s3vectors sagemaker schemas
    secretsmanager serverlessrepo ses signer sms-voice sns sqs ssm ssm-contacts ssm-incidents vpc-lattice xray
    """.split()
)
"""Services, as ARNs name them, in which a resource can have a policy that lets principals of its account in.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
"""

NAMELESS = ARN_FIELDS - 1
SERVICE = 2


def unseen(asked: Asked, action: str) -> bool:
    """Whether it hangs on a policy that was not given: that of a certain resource, whose service has such."""
    known = actions.known(action)
    if asked.policy is not None or asked.resource == SOME or (known is not None and not known.uses):
        return False
    fields = asked.resource.split(":", NAMELESS)
    # Of objects, items and versions it is the policy of the bucket or the table that holds them.
    holder = fields[NAMELESS].partition("/")[0] if fields[SERVICE] == "s3" else fields[NAMELESS]
    return fields[SERVICE] in SERVICES and bool(holder) and not is_pattern(holder)


def silent(decided: Decided, asked: Asked) -> bool:
    """Whether nothing denies the request, and the resource's own policy, which was not seen, may allow it."""
    decision, own = decided.decision, decided.standing.account
    if decision.allowed or decided.resource_policy is not None or not unseen(asked, decided.request.action):
        return False
    account = asked.owner or decided.request.resource.split(":", NAMELESS)[ACCOUNT]
    speaks = any(it.statement or it.layer not in OVERRULED for it in decision.grounds)
    return not speaks and account in ("", own)
