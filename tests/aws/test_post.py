"""The post: which medium gets a letter, where, in what form, and what is said if it does not take it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import urllib3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from moto import mock_aws

from auditor.aws.post import MOST_ACCOUNTS, TOPIC_ACTIONS, Post, UndeliveredError
from auditor.aws.webhook import Webhook, WebhookError
from auditor.core.check import Severity
from auditor.core.telling import DEFAULT_CHANNEL, Kind
from auditor.render import chat, message, slack
from auditor.render.letter import Entry, Letter, Section
from tests.aws.listeners import on_topic
from tests.aws.wire import Params, Refused, Reply, Wire, always, new_session
from tests.build import ACCOUNT, NOW, arn

TEXT, CHAT = (f"arn:aws:sns:eu-west-1:{ACCOUNT}:auditor-{name}" for name in ("text", "chat"))
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:payments-AbCdEf"
CHANNELS: Mapping[str, str | None] = {DEFAULT_CHANNEL: None, "payments": SECRET, "identity": None}
"""The channels that are deployed, each with the secret of its webhook; `gone` was deployed once."""

OTHER = "999988887777"


def letter(**fields: Any) -> Letter:
    entry = Entry(
        severity=Severity.HIGH,
        title="Active access key is older than the rotation limit",
        what="AKIA1 of ana is 91 days old (limit 90)",
        where=arn("user/ana"),
        do="aws iam update-access-key --user-name ana --access-key-id AKIA1 --status Inactive",
        id="f-1",
        check="stale-access-key",
    )
    made = Letter(
        id="0123456789abcdef" * 2,
        kind=Kind.ALERT,
        severity=Severity.HIGH,
        headline=f"AWS account {ACCOUNT}: 1 new",
        at=NOW,
        accounts=(ACCOUNT,),
        sections=(Section(title="New", entries=(entry,)),),
    )
    return replace(made, **fields)


@dataclass(frozen=True, kw_only=True)
class Listening(Webhook):
    """A webhook that keeps what it is sent, or raises."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    error: Exception | None = None

    def send(self, secret: str, payload: str) -> None:
        if self.error:
            raise self.error
        self.sent.append((secret, payload))


def listening(error: Exception | None = None) -> Listening:
    return Listening(secrets=None, http=urllib3.PoolManager(), error=error)


@dataclass(frozen=True, kw_only=True)
class Office:
    """A post, and what went over the wire."""

    wire: Wire
    webhook: Listening
    post: Post

    @property
    def published(self) -> list[Params]:
        return [call.params for call in self.wire.named("Publish")]

    def deliver(self, medium: str, *, channel: str = DEFAULT_CHANNEL, it: Letter | None = None) -> None:
        self.post.deliver(channel, medium, kept(self.post.sealed(channel, it or letter(), "findings")))


def office(reply: Reply | None = None, error: Exception | None = None) -> Office:
    session, wire = new_session(), Wire(script={"Publish": reply or always({"MessageId": "m"})})
    wire.mount(session)
    webhook = listening(error)
    post = Post(sns=session.client("sns"), text=TEXT, chat=CHAT, webhook=webhook, webhooks=CHANNELS)
    return Office(wire=wire, webhook=webhook, post=post)


def kept(sealed: dict[str, Any]) -> dict[str, Any]:
    """As it comes out of the table, where it waits until it is delivered."""
    item: dict[str, Any] = TypeDeserializer().deserialize(TypeSerializer().serialize(sealed))
    return item


# --- what is sealed -----------------------------------------------------------------------------------------------


def test_letter_is_sealed_in_the_form_of_each_medium() -> None:
    it = letter()
    assert office().post.sealed("payments", it, "findings") == {
        "letter": it.id,
        "kind": "ALERT",
        "severity": "HIGH",
        "accounts": [ACCOUNT],
        "media": {
            "text": {"subject": message.subject(it), "body": message.text(it, "findings")},
            "chat": {"body": chat.notification(it)},
            "slack": {"body": slack.payload(it)},
        },
    }


@pytest.mark.parametrize("channel", [DEFAULT_CHANNEL, "identity", "gone"])
def test_channel_without_a_webhook_has_no_letter_for_it(channel: str) -> None:
    assert set(office().post.sealed(channel, letter(), "findings")["media"]) == {"text", "chat"}


def test_sealed_letter_stays_as_it_is_in_the_table() -> None:
    sealed = office().post.sealed("payments", letter(accounts=(ACCOUNT, OTHER)), "findings")
    assert kept(sealed) == sealed


def test_letter_of_many_accounts_names_as_many_as_an_attribute_can() -> None:
    accounts = tuple(f"{number:012}" for number in range(5000))
    it = office()
    it.deliver("text", it=letter(accounts=accounts))
    (published,) = it.published
    named = json.loads(published["MessageAttributes"]["account"]["StringValue"])
    assert named == list(accounts[:MOST_ACCOUNTS])


# --- where it goes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "end"), [(DEFAULT_CHANNEL, ""), ("payments", "-payments"), ("identity", "-identity"), ("gone", "")]
)
@pytest.mark.parametrize(("medium", "topic"), [("text", TEXT), ("chat", CHAT)])
def test_channel_has_its_own_topics_as_long_as_it_is_deployed(medium: str, topic: str, channel: str, end: str) -> None:
    it = office()
    it.deliver(medium, channel=channel)
    assert [published["TopicArn"] for published in it.published] == [f"{topic}{end}"]
    assert it.wire.actions == set(TOPIC_ACTIONS)
    assert it.webhook.sent == []


def test_mail_has_a_subject_and_what_it_can_be_filtered_by() -> None:
    it = office()
    it.deliver("text", channel="payments", it=letter(severity=Severity.CRITICAL, accounts=(ACCOUNT, OTHER)))
    (published,) = it.published
    assert published["Subject"] == f"[CRITICAL] AWS account {ACCOUNT}: 1 new"
    assert published["Message"].startswith(f"AWS account {ACCOUNT}: 1 new\n")
    attributes = published["MessageAttributes"]
    assert {name: tuple(value.values()) for name, value in attributes.items()} == {
        "severity": ("String", "CRITICAL"),
        "severity_num": ("Number", "5"),
        "kind": ("String", "ALERT"),
        "channel": ("String", "payments"),
        "account": ("String.Array", json.dumps([ACCOUNT, OTHER])),
    }


def test_letter_of_no_account_has_no_empty_attribute() -> None:
    it = office()
    it.deliver("text", it=letter(kind=Kind.DIGEST, accounts=()))
    (published,) = it.published
    assert set(published["MessageAttributes"]) == {"severity", "severity_num", "kind", "channel"}


def test_chat_message_has_no_subject_and_no_attributes() -> None:
    it = office()
    it.deliver("chat")
    (published,) = it.published
    assert set(published) == {"TopicArn", "Message"}
    assert json.loads(published["Message"])["source"] == "custom"


def test_webhook_is_sent_the_payload_with_the_secret_of_its_channel() -> None:
    it = office()
    it.deliver("slack", channel="payments")
    assert it.webhook.sent == [(SECRET, slack.payload(letter()))]
    assert it.wire.calls == []


@pytest.mark.parametrize("hostile", ["a\nBcc: b@example.com", "\x1b[31mred", "ключ", "x" * 500, "\ud800"])
def test_subject_is_what_sns_takes_whatever_the_findings_are_called(hostile: str) -> None:
    it = office()
    it.deliver("text", it=letter(headline=f"AWS account {ACCOUNT}: {hostile}"))
    (published,) = it.published
    assert re.fullmatch(r"[!-~][ -~]{0,98}", published["Subject"])
    assert published["Subject"].startswith(f"[HIGH] AWS account {ACCOUNT}: ")


def test_longest_name_of_a_channel_is_not_cut() -> None:
    it = office()
    it.deliver("text", channel="c" * 31)
    (published,) = it.published
    assert published["MessageAttributes"]["channel"]["StringValue"] == "c" * 31


# --- what does not go out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("medium", ["text", "chat"])
def test_topic_that_refuses_is_an_undelivered_letter(medium: str) -> None:
    with pytest.raises(UndeliveredError, match=r"^Publish: Throttling: the message of AWS$") as raised:
        office(always(Refused("Throttling"))).deliver(medium)
    assert raised.value.retry_after == 0


def test_webhook_that_wants_to_be_left_alone_is_an_undelivered_letter_that_says_for_how_long() -> None:
    with pytest.raises(UndeliveredError, match=r"^the webhook is told too much$") as raised:
        office(error=WebhookError("the webhook is told too much", 30)).deliver("slack", channel="payments")
    assert raised.value.retry_after == 30


@mock_aws
def test_secret_that_does_not_exist_is_an_undelivered_letter() -> None:
    secrets = new_session().client("secretsmanager")
    it = office()
    post = replace(it.post, webhook=Webhook(secrets=secrets, http=urllib3.PoolManager()))
    with pytest.raises(UndeliveredError, match=r"^GetSecretValue: ResourceNotFoundException: "):
        post.deliver("payments", "slack", kept(post.sealed("payments", letter(), "findings")))


@pytest.mark.parametrize("webhooks", [{DEFAULT_CHANNEL: None}, {DEFAULT_CHANNEL: None, "payments": None}])
def test_letter_for_a_webhook_that_was_taken_away_is_undelivered(webhooks: Mapping[str, str | None]) -> None:
    it = office()
    sealed = it.post.sealed("payments", letter(), "findings")
    later = replace(it.post, webhooks=webhooks)
    with pytest.raises(UndeliveredError, match="no webhook any more"):
        later.deliver("payments", "slack", kept(sealed))
    assert it.webhook.sent == []


# --- on moto ------------------------------------------------------------------------------------------------------


@pytest.fixture
def session() -> Iterator[Any]:
    with mock_aws():
        yield new_session()


LETTERS = {
    "worst": letter(severity=Severity.CRITICAL, headline="worst"),
    "both": letter(severity=Severity.HIGH, headline="both", accounts=(ACCOUNT, OTHER)),
    "theirs": letter(severity=Severity.MEDIUM, headline="theirs", accounts=(OTHER,)),
    "digest": letter(severity=Severity.INFO, headline="digest", accounts=(), kind=Kind.DIGEST),
}


@pytest.mark.parametrize(
    ("policy", "heard"),
    [
        (None, ["worst", "both", "theirs", "digest"]),
        ({"severity": ["CRITICAL"]}, ["worst"]),
        ({"severity_num": [{"numeric": [">=", 4]}]}, ["worst", "both"]),
        ({"account": [ACCOUNT]}, ["worst", "both"]),
        ({"account": [OTHER]}, ["both", "theirs"]),
        ({"account": [OTHER, ACCOUNT], "severity": ["MEDIUM", "CRITICAL"]}, ["worst", "theirs"]),
        ({"kind": ["DIGEST"]}, ["digest"]),
        ({"channel": ["payments"]}, []),
    ],
)
def test_subscription_hears_what_its_filter_policy_lets_through(
    session: Any, policy: dict[str, Any] | None, heard: list[str]
) -> None:
    sns = session.client("sns")
    topic = sns.create_topic(Name="auditor-text")["TopicArn"]
    listener = on_topic(session, topic, policy)
    post = Post(sns=sns, text=topic, chat=topic, webhook=listening(), webhooks=CHANNELS)
    for it in LETTERS.values():
        post.deliver(DEFAULT_CHANNEL, "text", kept(post.sealed(DEFAULT_CHANNEL, it, "findings")))
    assert sorted(it["Message"].partition("\n")[0] for it in listener.heard()) == sorted(heard)


def test_channel_topic_of_the_stack_is_found_by_its_name(session: Any) -> None:
    sns = session.client("sns")
    text, own = (sns.create_topic(Name=name)["TopicArn"] for name in ("auditor-text", "auditor-text-payments"))
    default, payments = on_topic(session, text), on_topic(session, own)
    post = Post(sns=sns, text=text, chat=text, webhook=listening(), webhooks=CHANNELS)
    post.deliver("payments", "text", kept(post.sealed("payments", letter(), "findings")))
    assert (len(default.heard()), len(payments.heard())) == (0, 1)
