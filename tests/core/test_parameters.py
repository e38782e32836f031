from collections.abc import Iterator
from dataclasses import replace

from auditor.checks import CATALOGUE
from auditor.core.check import Context, Limits, Problem, Problems
from auditor.core.parameters import limits_read
from auditor.core.subjects.entities import Role


def read_by(judge: object) -> tuple[str, ...]:
    return limits_read(replace(CATALOGUE["unused-role"], judge=judge))  # type: ignore[arg-type]


def none(role: Role, ctx: Context) -> Problems:
    del role, ctx
    return []


def several(role: Role, ctx: Context) -> Problems:
    del role
    if ctx.limits.role_idle < ctx.limits.key_age:
        yield Problem("both")


def nested(role: Role, ctx: Context) -> Problems:
    del role
    return [Problem(str(days)) for days in (it * ctx.limits.root_use for it in range(2))]


def by_name(role: Role, ctx: Context) -> Problems:
    del role
    yield Problem(str(getattr(ctx.limits, "password_reuse")))  # noqa: B009


def calling(role: Role, ctx: Context) -> Problems:
    del role
    return [Problem(it) for it in called(ctx.limits, 3)]


def called(limits: Limits, depth: int) -> Iterator[str]:
    yield str(limits.password_length)
    if depth:
        yield from called(limits, depth - 1)


def test_limits_are_told_in_their_own_order() -> None:
    assert read_by(several) == ("key_age", "role_idle")


def test_check_that_reads_no_limit_has_none() -> None:
    assert read_by(none) == ()


def test_limit_read_in_a_comprehension_or_lambda_is_seen() -> None:
    assert read_by(nested) == ("root_use",)


def test_limit_read_by_a_called_function_is_seen_even_if_that_calls_itself() -> None:
    assert read_by(calling) == ("password_length",)


def test_limit_read_by_its_name_as_text_is_seen() -> None:
    assert read_by(by_name) == ("password_reuse",)


def test_judge_that_is_no_plain_function_hides_no_crash() -> None:
    assert read_by(str.join) == ()
