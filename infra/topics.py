"""Where people and machines are told."""

import aws_cdk as cdk
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from auditor.settings import Slack


class Topics(Construct):
    """One topic for text, one for chat and one for machines: only a plain message keeps attributes to filter by."""

    def __init__(self, scope: Construct, *, emails: list[str], slack: Slack | None) -> None:
        """Make the topics and subscribe who is to be told."""
        super().__init__(scope, "Topics")
        self.text = sns.Topic(self, "Text", enforce_ssl=True)
        self.chat = sns.Topic(self, "Chat", enforce_ssl=True)
        self.events = sns.Topic(self, "Events", enforce_ssl=True)
        for email in emails:
            self.text.add_subscription(subscriptions.EmailSubscription(email))
        if slack:
            chatbot.SlackChannelConfiguration(
                self,
                "Slack",
                slack_channel_configuration_name=f"{cdk.Names.unique_id(self)}-{slack.channel}",
                slack_workspace_id=slack.workspace,
                slack_channel_id=slack.channel,
                notification_topics=[self.chat],
                guardrail_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AWSDenyAll")],
            )
        self._let_alarms_speak()

    def _let_alarms_speak(self) -> None:
        """A topic policy of one's own replaces the default that let the account's alarms publish."""
        stack = cdk.Stack.of(self)
        self.text.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.text.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            )
        )
