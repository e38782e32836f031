"""Where people are told."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from auditor.settings import DEFAULT_CHANNEL, ChannelSettings, Slack


class ChannelTopics(Construct):
    """A channel's topic for text and its topic for chat: only a plain message keeps attributes to filter by.

    Another channel's topics are called as the default one's with its name at the end: that is how the code finds them.
    `slack` is the name of its configuration in Amazon Q, None if it has none.
    """

    def __init__(self, scope: Construct, name: str, settings: ChannelSettings) -> None:
        """Make the topics of the channel `name`, and subscribe who is to be told."""
        super().__init__(scope, name)
        stack = cdk.Stack.of(self).stack_name
        end = "" if name == DEFAULT_CHANNEL else f"-{name}"
        self.text = sns.Topic(self, "Text", topic_name=f"{stack}-text{end}", enforce_ssl=True)
        self.chat = sns.Topic(self, "Chat", topic_name=f"{stack}-chat{end}", enforce_ssl=True)
        for email in settings.emails:
            self.text.add_subscription(subscriptions.EmailSubscription(email))
        self.slack = self._configured(f"{stack}-{name}", settings.slack) if settings.slack else None

    def _configured(self, name: str, slack: Slack) -> str:
        chatbot.SlackChannelConfiguration(
            self,
            "Slack",
            slack_channel_configuration_name=name,
            slack_workspace_id=slack.workspace,
            slack_channel_id=slack.channel,
            notification_topics=[self.chat],
            guardrail_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AWSDenyAll")],
        )
        return name


class Topics(Construct):
    """The topics of every channel; the alarms speak on the default one's."""

    def __init__(self, scope: Construct, channels: Mapping[str, ChannelSettings]) -> None:
        """Make the topics of all `channels`, by name."""
        super().__init__(scope, "Topics")
        self.channels = {name: ChannelTopics(self, name, settings) for name, settings in channels.items()}
        self.default = self.channels[DEFAULT_CHANNEL]
        self._let_alarms_speak(self.default.text)

    @property
    def arns(self) -> list[str]:
        """Every topic that people are told by."""
        return [topic.topic_arn for it in self.channels.values() for topic in (it.text, it.chat)]

    @property
    def slack(self) -> list[str]:
        """The names of the configurations in Amazon Q."""
        return [it.slack for it in self.channels.values() if it.slack]

    def _let_alarms_speak(self, topic: sns.Topic) -> None:
        """A topic policy of one's own replaces the default that let the account's alarms publish."""
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
