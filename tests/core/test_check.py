from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.check import Because, Context, Limits, Problems, Severity, check, reasons
from auditor.core.subjects.entities import Role
from tests.build import NOW, ago, role


def test_severities_are_ordered() -> None:
    assert sorted(Severity, reverse=True) == [
        *(Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO)
    ]


@pytest.mark.parametrize(("age", "days"), [(0, 0), (0.99, 0), (1, 1), (90.99, 90), (91, 91)])
def test_age_is_in_whole_days(age: float, days: int) -> None:
    assert Context(now=NOW).age(ago(age)) == timedelta(days=days)


def test_limits_are_those_of_the_benchmarks_until_somebody_says_otherwise() -> None:
    limits = Limits()
    assert (limits.key_age.days, limits.key_idle.days, limits.password_idle.days) == (90, 45, 45)
    assert (limits.password_length, limits.password_reuse) == (14, 24)


@check(Severity.LOW, controls=("cis-5.0/1.13",), fix='aws iam get-role --role-name {it.name} --query "{{}}"')
def odd_role(it: Role, ctx: Context) -> Problems:
    """Role is odd.

    Somebody should look at it, and this
    sentence goes over two lines.
    """
    del it, ctx
    return ()


def test_declaration_is_read_off_the_function() -> None:
    assert (odd_role.id, odd_role.title, odd_role.kind) == ("odd-role", "Role is odd", Role)
    assert odd_role.rationale == "Somebody should look at it, and this sentence goes over two lines."


@pytest.mark.parametrize(
    ("formerly", "identity"), [((), "odd-role"), (("strange-role",), "strange-role"), (("a-b", "strange-role"), "a-b")]
)
def test_identity_is_the_first_name_it_had(formerly: tuple[str, ...], identity: str) -> None:
    declared = check(Severity.LOW, controls=(), fix="look at it", formerly=formerly)(odd_role.judge)
    assert (declared.id, declared.formerly, declared.identity) == ("odd-role", formerly, identity)


@pytest.mark.parametrize("text", [None, "", "Role is odd.", "Role is odd.\n\n"])
def test_check_says_what_is_wrong_and_why_it_matters(text: str | None) -> None:
    def mute(it: Role, ctx: Context) -> Problems:
        del it, ctx
        return ()

    mute.__doc__ = text
    with pytest.raises(ValueError, match="mute: the docstring needs a title, an empty line and the reason"):
        check(Severity.LOW, controls=(), fix="look at it")(mute)


def test_fix_keeps_its_own_braces() -> None:
    assert odd_role.fix_for(role(name="x")) == 'aws iam get-role --role-name x --query "{}"'


def test_fix_is_shown_to_people_with_the_names_of_the_values() -> None:
    assert odd_role.fix_shape == 'aws iam get-role --role-name <name> --query "{}"'


@given(name=st.text(min_size=1))
def test_fix_quotes_what_a_shell_would_read(name: str) -> None:
    quoted = (
        odd_role.fix_for(role(name=name)).removeprefix("aws iam get-role --role-name ").removesuffix(' --query "{}"')
    )
    plain = all(character.isascii() and (character.isalnum() or character in "@%+=:,./-_") for character in name)
    assert quoted == name if plain else quoted == "'" + name.replace("'", "'\"'\"'") + "'"


def test_reasons_are_those_that_hold() -> None:
    assert reasons({Because.ADMINISTRATOR: True, Because.ROOT: False}) == (Because.ADMINISTRATOR,)
