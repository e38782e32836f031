"""Where machines are told."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns
from constructs import Construct


class Machines(Construct):
    """A topic and an event bus with the same documents: subscribers filter them, or rules match them."""

    def __init__(self, scope: Construct) -> None:
        """Make both."""
        super().__init__(scope, "Machines")
        stack = cdk.Stack.of(self).stack_name
        self.topic = sns.Topic(self, "Events", topic_name=f"{stack}-events", enforce_ssl=True)
        self.bus = events.EventBus(
            self, "Bus", event_bus_name=stack, description="What the account auditor's findings become"
        )
