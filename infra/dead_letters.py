"""What could not be done, and is not lost."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledge import acknowledge


class DeadLetters(sqs.Queue):
    """A queue that keeps what was given up for two weeks."""

    def __init__(self, scope: Construct) -> None:
        """Make the queue."""
        super().__init__(scope, "DeadLetters", enforce_ssl=True, retention_period=cdk.Duration.days(14))
        acknowledge(self, SQS3="it is the dead-letter queue itself, and an alarm watches it")
