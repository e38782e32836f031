"""The file of reviewed exceptions: what it says, and the line that each fault in it gets."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from auditor.aws import exceptions_file
from auditor.aws.exceptions_file import ExceptionsFileError, ended, of_an_end, parse, read, shipped
from auditor.checks import RENAMED
from auditor.core.exceptions import LONGEST, ExceptionRule

TODAY = date(2026, 11, 20)
SHOWN = Path(__file__).parents[2] / exceptions_file.FILE
GOOD = {
    "account": '"111122223333"',
    "check": '"unused-role"',
    "resource": '"arn:*:role/break-glass-*"',
    "reason": '"break-glass roles are there to be unused"',
    "owner": '"security@example.com"',
    "until": "2027-01-31",
}
ANY = '"*"'


def entry(**different: str | None) -> str:
    """An exception, `different` from a good one; None leaves a key out."""
    keys = {name: value for name, value in {**GOOD, **different}.items() if value is not None}
    return "\n".join(["[[exception]]", *(f"{name} = {value}" for name, value in keys.items()), ""])


def faults(text: str) -> list[str]:
    with pytest.raises(ExceptionsFileError) as error:
        parse(text, TODAY)
    return str(error.value).splitlines()


def test_exception_is_read_as_it_stands_there() -> None:
    assert parse(entry(tag='{ key = "team", value = "sec*" }'), TODAY) == (
        ExceptionRule(
            account="111122223333",
            check="unused-role",
            resource="arn:*:role/break-glass-*",
            tag=("team", "sec*"),
            reason="break-glass roles are there to be unused",
            owner="security@example.com",
            until=date(2027, 1, 31),
        ),
    )


def test_tag_can_be_left_out() -> None:
    assert [rule.tag for rule in parse(entry(), TODAY)] == [None]


def test_file_without_exceptions_has_none() -> None:
    assert parse("# nothing yet\n", TODAY) == ()


def test_shipped_file_has_no_exception_and_shows_one_that_works() -> None:
    text = SHOWN.read_text(encoding="utf-8")
    assert parse(text, TODAY) == ()
    shown = [line.removeprefix("# ") for line in text.splitlines() if "[[exception]]" in line or " = " in line]
    assert [rule.until for rule in parse("\n".join(shown), TODAY)] == [date(2027, 1, 31)]


@pytest.mark.parametrize(
    ("different", "fault"),
    [
        ({"account": '"1111"'}, "account: '1111' is neither twelve digits nor '*'"),
        ({"account": "111122223333"}, "account: a string is expected"),
        ({"resource": '""'}, "resource: is empty; '*' is any resource"),
        ({"reason": '"because"'}, "reason: 'because' is shorter than 10 characters"),
        ({"owner": '" "'}, "owner: is empty; who answers for this?"),
        ({"until": '"2027-01-31"'}, "until: a day is expected, without quotes: 2027-01-31"),
        ({"until": "2027-01-31T00:00:00Z"}, "until: a day is expected, without quotes: 2027-01-31"),
        ({"until": f"{TODAY + LONGEST + timedelta(days=1)}"}, "until: 2027-11-22 is more than a year ahead"),
        ({"tag": '"team"'}, "tag: keys with values are expected"),
        ({"tag": '{ key = "team" }'}, "tag.value: is missing"),
        ({"tag": '{ key = "", value = "x" }'}, "tag: a key and a value are expected"),
        ({"ticket": '"SEC-1"'}, "ticket: is not known here"),
        ({"check": '"unused-rule"'}, "check: 'unused-rule' is no check: is 'unused-role' meant?"),
        ({"check": '"xyzzy"'}, "check: 'xyzzy' is no check: `auditor checks` lists them"),
        ({"account": ANY, "check": ANY, "resource": ANY}, "matches every finding of every account"),
    ],
)
def test_fault_gets_one_line_that_names_the_exception_and_the_key(different: dict[str, str], fault: str) -> None:
    assert faults(entry(account='"444455556666"') + entry(**different)) == [
        f"infra/exceptions.toml: exception 2: {fault}"
    ]


@pytest.mark.parametrize("key", GOOD)
def test_everything_but_the_tag_is_required(key: str) -> None:
    assert faults(entry(**{key: None})) == [f"infra/exceptions.toml: exception 1: {key}: is missing"]


def test_every_fault_gets_a_line() -> None:
    text = "owner = 1\n" + entry(until=None, ticket="1") + entry() + entry(reason='"x"', owner='""') + entry()
    assert faults(text) == [
        "infra/exceptions.toml: owner: is not known here: an exception begins with [[exception]]",
        "infra/exceptions.toml: exception 1: until: is missing",
        "infra/exceptions.toml: exception 1: ticket: is not known here",
        "infra/exceptions.toml: exception 3: reason: 'x' is shorter than 10 characters",
        "infra/exceptions.toml: exception 3: owner: is empty; who answers for this?",
        "infra/exceptions.toml: exception 3: matches the same as exception 2",
        "infra/exceptions.toml: exception 4: matches the same as exception 2",
    ]


def test_two_that_match_the_same_are_a_fault_whatever_else_they_say() -> None:
    (fault,) = faults(entry() + entry(until="2027-02-28", owner='"others@example.com"'))
    assert fault.endswith("exception 2: matches the same as exception 1")
    assert len(parse(entry() + entry(tag='{ key = "team", value = "*" }'), TODAY)) == 2


def test_former_name_of_a_check_is_answered_with_the_present_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for former in ("forgotten-role", "idle-role"):
        monkeypatch.setitem(RENAMED, former, "unused-role")
    assert faults(entry(check='"idle-role"')) == [
        "infra/exceptions.toml: exception 1: check: 'idle-role' is called 'unused-role' now"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[exception]]\naccount = \n", "infra/exceptions.toml: Invalid value (at line 2, column 11)"),
        ("[exception]\n", "infra/exceptions.toml: exception: two brackets are expected around it: [[exception]]"),
        ("exception = [1]\n", "infra/exceptions.toml: exception 1: keys with values are expected"),
        ("[[exceptions]]\n", "infra/exceptions.toml: exceptions: is not known here: an exception begins with"),
    ],
)
def test_what_is_no_exception_gets_one_line_too(text: str, fault: str) -> None:
    (line,) = faults(text)
    assert line.startswith(fault)


def test_fault_shows_what_stands_there_without_obeying_it() -> None:
    assert faults('"\\u001b[2J\\n" = 1\n') == [
        "infra/exceptions.toml: \\x1b[2J\\n: is not known here: an exception begins with [[exception]]"
    ]


def test_exception_that_has_ended_is_no_fault_and_is_told() -> None:
    rules = parse(entry(until=f"{TODAY - timedelta(days=1)}") + entry(account=ANY, until=f"{TODAY}"), TODAY)
    assert len(rules) == 2
    (over,) = ended(rules, TODAY)
    assert of_an_end(over) == (
        "infra/exceptions.toml: the exception of security@example.com (account 111122223333, check unused-role, "
        "resource arn:*:role/break-glass-*) ended with 2026-11-19: extend it, or take it out"
    )


def test_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "exceptions.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(ExceptionsFileError, match=r"^infra/exceptions\.toml: is not UTF-8: .* at byte 5$"):
        read(tmp_path / "exceptions.toml", TODAY)


def test_functions_read_what_the_asset_carries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exceptions_file, "SHIPPED", tmp_path / "exceptions.toml")
    assert shipped(TODAY) == ()
    (tmp_path / "exceptions.toml").write_text(entry(reason='"Zugänge für Notfälle"'), encoding="utf-8")
    assert [rule.reason for rule in shipped(TODAY)] == ["Zugänge für Notfälle"]
