"""Webhooks: what is sent to a real HTTPS server, what becomes of its answers, and that nothing repeats the URL."""

import json
import logging
import socket
import traceback
from collections.abc import Iterator
from contextlib import closing

import pytest
import urllib3
from botocore.exceptions import ClientError
from moto import mock_aws

from auditor.aws import webhook
from auditor.aws.webhook import ACTIONS, LONGEST_WAIT, TALKATIVE, WAIT, Webhook, WebhookError
from tests.aws.hooks import HOST, Answer, Hook, running
from tests.aws.wire import Wire, always, new_session

SECRET = "s3cr3tT0k3n"
PATH = f"/services/T0AAAA/B0BBBB/{SECRET}"
PAYLOAD = json.dumps({"text": "ł <!channel>"})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hook]:
    with running(tmp_path_factory.mktemp("hook")) as hook:
        yield hook


@pytest.fixture
def hook(server: Hook) -> Iterator[Hook]:
    yield server
    server.reset()


@pytest.fixture
def trusting(hook: Hook) -> Iterator[urllib3.PoolManager]:
    """What sends to the server and to nobody else."""
    with urllib3.PoolManager(ca_certs=str(hook.authority)) as http:
        yield http


@pytest.fixture(autouse=True)
def _levels() -> Iterator[None]:
    """The loggers as they were."""
    levels = {name: logging.getLogger(name).level for name in TALKATIVE}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def holding(url: str, http: urllib3.PoolManager) -> Webhook:
    """One whose secret is this."""
    session = new_session()
    Wire(script={"GetSecretValue": always({"SecretString": url})}).mount(session)
    return Webhook(secrets=session.client("secretsmanager"), http=http)


def refused(url: str, http: urllib3.PoolManager) -> WebhookError:
    with pytest.raises(WebhookError) as raised:
        holding(url, http).send("slack", PAYLOAD)
    return raised.value


def assert_silent(error: BaseException) -> None:
    """Neither the error, nor anything it carries, nor its traceback has the secret in it."""
    carried: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        if (it := pending.pop()) is not None:
            carried.append(it)
            pending += [it.__cause__, it.__context__]
    for it in carried:
        assert SECRET not in f"{it} {it!r} {it.args} {vars(it)}"
    assert SECRET not in "".join(traceback.format_exception(error))


# --- what is sent -------------------------------------------------------------------------------------------------


def test_payload_is_posted_to_the_url_in_the_secret(hook: Hook, trusting: urllib3.PoolManager) -> None:
    holding(f" {hook.url(PATH)}\n", trusting).send("slack", PAYLOAD)
    assert hook.requests == [("POST", PATH, PAYLOAD.encode())]
    assert hook.types == ["application/json"]


def test_secret_is_read_each_time_and_asked_for_by_its_name(hook: Hook, trusting: urllib3.PoolManager) -> None:
    session, wire = new_session(), Wire(script={"GetSecretValue": always({"SecretString": hook.url(PATH)})})
    wire.mount(session)
    sender = Webhook(secrets=session.client("secretsmanager"), http=trusting)
    sender.send("first", PAYLOAD)
    sender.send("second", PAYLOAD)
    assert [call.params["SecretId"] for call in wire.calls] == ["first", "second"]
    assert wire.actions == set(ACTIONS)


# --- what it answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30),
        ("0", 0),
        (str(LONGEST_WAIT), LONGEST_WAIT),
        (str(LONGEST_WAIT + 1), LONGEST_WAIT),
        ("9" * 5000, LONGEST_WAIT),
        ("Wed, 21 Oct 2026 07:28:00 GMT", WAIT),
        ("-5", WAIT),
        ("1.5", WAIT),
        ("\u00b2", WAIT),
        ("soon", WAIT),
        ("", WAIT),
        (None, WAIT),
    ],
    ids=lambda it: str(it)[:20],
)
def test_webhook_that_is_told_too_much_says_when_to_come_again(
    hook: Hook, trusting: urllib3.PoolManager, header: str | None, seconds: int
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    hook.answer = Answer(status=429, body=b"rate_limited", headers=headers)
    error = refused(hook.url(PATH), trusting)
    assert (str(error), error.retry_after) == ("the webhook is told too much", seconds)
    assert len(hook.requests) == 1
    assert_silent(error)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(status=404, body=b"no_service"), "the webhook answered 404: no_service"),
        (Answer(status=400, body=b"invalid_payload\n"), "the webhook answered 400: invalid_payload"),
        (Answer(status=403, body=b"action_prohibited"), "the webhook answered 403: action_prohibited"),
        (Answer(status=500, body=b""), "the webhook answered 500"),
        (Answer(status=500, body=b"<html>\x1b[31mOops"), "the webhook answered 500"),
        (Answer(status=404, body=f"Cannot POST {PATH}".encode()), "the webhook answered 404"),
        (Answer(status=502, body=b"\xff" * 100_000), "the webhook answered 502"),
        (Answer(status=201, body=b"ok"), "the webhook answered 201: ok"),
    ],
    ids=lambda it: str(it)[:50],
)
def test_any_other_answer_than_200_is_an_error_with_slacks_reason(
    hook: Hook, trusting: urllib3.PoolManager, answer: Answer, said: str
) -> None:
    hook.answer = answer
    error = refused(hook.url(PATH), trusting)
    assert (str(error), error.retry_after) == (said, 0)
    assert len(hook.requests) == 1
    assert_silent(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(hook: Hook, trusting: urllib3.PoolManager, status: int) -> None:
    hook.answer = Answer(status=status, body=b"", headers={"Location": hook.url(f"/elsewhere/{SECRET}")})
    error = refused(hook.url(PATH), trusting)
    assert str(error) == f"the webhook answered {status}"
    assert [path for _, path, _ in hook.requests] == [PATH]
    assert_silent(error)


# --- what it does not answer --------------------------------------------------------------------------------------


def test_slow_webhook_is_not_waited_for(
    hook: Hook, trusting: urllib3.PoolManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT", urllib3.Timeout(connect=3, read=0.05))
    hook.answer = Answer(silent=True)
    error = refused(hook.url(PATH), trusting)
    assert str(error) == "the webhook cannot be reached: ReadTimeoutError"
    assert len(hook.requests) == 1
    assert_silent(error)


def test_webhook_that_hangs_up_is_an_error_and_not_asked_again(hook: Hook, trusting: urllib3.PoolManager) -> None:
    hook.answer = Answer(status=None)
    error = refused(hook.url(PATH), trusting)
    assert str(error) == "the webhook cannot be reached: ProtocolError"
    assert len(hook.requests) == 1
    assert_silent(error)


def test_webhook_that_nobody_vouches_for_is_told_nothing(hook: Hook) -> None:
    with urllib3.PoolManager() as http:
        error = refused(hook.url(PATH), http)
    assert str(error) == "the webhook cannot be reached: SSLError"
    assert hook.requests == []
    assert_silent(error)


def test_webhook_that_is_not_there_is_an_error(trusting: urllib3.PoolManager) -> None:
    with closing(socket.create_server((HOST, 0))) as taken:
        port = taken.getsockname()[1]
    error = refused(f"https://{HOST}:{port}{PATH}", trusting)
    assert str(error) == "the webhook cannot be reached: NewConnectionError"
    assert_silent(error)


@pytest.mark.parametrize(
    "url", [f"https://[{PATH}", f"https://{HOST}:99999{PATH}", f"https://{PATH}", f"https://{SECRET}..x{PATH}"]
)
def test_url_that_is_none_is_an_error_that_does_not_show_it(trusting: urllib3.PoolManager, url: str) -> None:
    error = refused(url, trusting)
    assert str(error).startswith("the webhook cannot be reached: Location")
    assert_silent(error)


@pytest.mark.parametrize(
    "text", [f"http://{HOST}{PATH}", PATH, f"HTTPS://{HOST}{PATH}", json.dumps({"url": f"https://{HOST}{PATH}"}), " "]
)
def test_secret_without_an_https_url_is_not_tried(trusting: urllib3.PoolManager, text: str) -> None:
    error = refused(text, trusting)
    assert str(error) == "the secret does not hold an https URL"
    assert_silent(error)


@mock_aws
def test_binary_secret_is_no_url(trusting: urllib3.PoolManager) -> None:
    secrets = new_session().client("secretsmanager")
    secrets.create_secret(Name="slack", SecretBinary=f"https://{HOST}{PATH}".encode())
    with pytest.raises(WebhookError, match=r"^the secret does not hold an https URL$"):
        Webhook(secrets=secrets, http=trusting).send("slack", PAYLOAD)


@mock_aws
def test_secret_that_does_not_exist_is_an_error_of_aws(trusting: urllib3.PoolManager) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        Webhook(secrets=new_session().client("secretsmanager"), http=trusting).send("slack", PAYLOAD)


# --- what is logged -----------------------------------------------------------------------------------------------


@mock_aws
@pytest.mark.parametrize("answer", [Answer(), Answer(status=500), Answer(status=None)], ids=["ok", "500", "hangs up"])
def test_no_log_has_the_url_whatever_its_level(
    hook: Hook, trusting: urllib3.PoolManager, caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    secrets = new_session().client("secretsmanager")
    secrets.create_secret(Name="slack", SecretString=hook.url(PATH))
    sender = Webhook(secrets=secrets, http=trusting)
    hook.answer = answer
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        try:
            sender.send("slack", PAYLOAD)
        except WebhookError as error:
            logging.getLogger("auditor").exception("undelivered", exc_info=error)
    assert hook.requests
    assert caplog.records
    assert SECRET not in caplog.text
