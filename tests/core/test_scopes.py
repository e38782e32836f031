"""Patterns, and what is in a managed scope."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.glob import covers, matches
from auditor.core.model import Owner
from auditor.core.scopes import Entity, Scope, Selector, entity, managed_by, owning
from tests.build import ACCOUNT, OWNER, arn

SHOP = Scope(name="shop", manager="arn:*:iam::*:role/shop/manager", selectors=(Selector(paths=("/shop/*",)),))
patterns = st.text("ab/*?", max_size=8)


@given(patterns, patterns, st.text("ab/", max_size=6))
def test_pattern_that_covers_another_matches_all_that_it_matches(one: str, other: str, text: str) -> None:
    assert not (covers(one, other) and matches(other, text)) or matches(one, text)


@pytest.mark.parametrize(
    ("one", "other", "covered"),
    [
        ("*", "a*", True),
        ("a*", "a*", True),
        ("a*", "*", False),
        ("a?", "a*", False),
        ("a?", "a?", True),
        ("a*c", "ab*c", True),
        ("[a]*", "a", False),
        ("a.b", "axb", False),
    ],
)
def test_pattern_covers_only_what_it_surely_does(one: str, other: str, *, covered: bool) -> None:
    assert covers(one, other) is covered


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (arn("user/ana"), Entity(kind="user", path="/", name="ana")),
        (arn("role/a/b/c"), Entity(kind="role", path="/a/b/", name="c")),
        ("arn:aws-cn:iam::111122223333:policy/a/x", Entity(kind="policy", path="/a/", name="x")),
        (arn("role/a:b"), Entity(kind="role", path="/", name="a:b")),
        (OWNER.root_arn, None),
        ("arn:aws:s3:::shop/x", None),
        ("AKIA1", None),
        (ACCOUNT, None),
        ("", None),
    ],
)
def test_entity_is_read_off_its_arn(text: str, found: Entity | None) -> None:
    assert entity(text) == found


@pytest.mark.parametrize(
    ("selector", "what", "tags", "selected"),
    [
        (Selector(paths=("/shop/*",)), "role/shop/x", {}, True),
        (Selector(paths=("/shop/*",)), "role/shop/a/x", {}, True),
        (Selector(paths=("/shop/*",)), "role/shop", {}, False),
        (Selector(paths=("/shop/*",)), "role/shop-2/x", {}, False),
        (Selector(paths=("/a/", "/b/")), "role/b/x", {}, True),
        (Selector(paths=("/a/",)), "role/a/b/x", {}, False),
        (Selector(names=("shop-*",)), "role/any/shop-x", {}, True),
        (Selector(names=("shop-*",)), "role/shop-x/y", {}, False),
        (Selector(names=("[shop]",)), "role/s", {}, False),
        (Selector(tags={"team": "shop*"}), "user/ana", {"team": "shop-2"}, True),
        (Selector(tags={"team": "shop*"}), "user/ana", {"Team": "shop"}, False),
        (Selector(tags={"team": "*"}), "user/ana", {}, False),
        (Selector(tags={"team": "*"}), "user/ana", None, False),
        # Inside one selector all must hold.
        (Selector(paths=("/shop/*",), tags={"team": "x"}), "role/shop/x", {"team": "x"}, True),
        (Selector(paths=("/shop/*",), tags={"team": "x"}), "role/shop/x", {"team": "y"}, False),
        (Selector(paths=("/shop/*",), names=("x",)), "role/shop/y", {}, False),
        (Selector(tags={"a": "1", "b": "2"}), "user/ana", {"a": "1"}, False),
    ],
)
def test_selector_takes_what_has_all_it_says(
    selector: Selector, what: str, tags: dict[str, str] | None, *, selected: bool
) -> None:
    scope = Scope(name="it", manager=arn("role/m"), selectors=(selector,))
    assert scope.owns(arn(what), tags) is selected


@pytest.mark.parametrize(
    ("selector", "tail", "held"),
    [
        (Selector(paths=("/shop/*",)), "/shop/*", True),
        (Selector(paths=("/shop/*",)), "/shop/a/x", True),
        (Selector(paths=("/shop/*",)), "/shop*", False),
        (Selector(paths=("/shop/*",)), "/*", False),
        (Selector(paths=("/shop/",)), "/shop/x", True),
        (Selector(paths=("/shop*",)), "/shop-x", False),
        (Selector(paths=("/shop*",)), "/shop-2/x", True),
        (Selector(paths=("/",)), "/x", True),
        (Selector(paths=("/shop/*",), names=("x-*",)), "/shop/x-1", True),
        (Selector(paths=("/shop/*",), names=("x-*",)), "/shop/a/x-*", True),
        (Selector(paths=("/shop/*",), names=("x-*",)), "/shop/*", False),
        (Selector(names=("shop-*",)), "/shop-*", True),
        (Selector(names=("shop-*",)), "/a/shop-x", True),
        (Selector(names=("shop-*",)), "/shop*", False),
    ],
)
def test_selector_holds_a_pattern_only_with_all_it_stands_for(selector: Selector, tail: str, *, held: bool) -> None:
    assert selector.holds(tail) is held


names = st.text("ab/", min_size=1, max_size=5).filter(lambda text: not text.endswith("/") and "//" not in text)


@given(st.sampled_from(["/*", "/a/", "/a/*", "/a*", "*"]), st.sampled_from(["*", "a*", "b"]), names)
def test_whatever_is_held_by_name_is_selected(path: str, name: str, tail: str) -> None:
    """But for names whose pattern goes beyond a slash, which IAM's own patterns do too."""
    selector = Selector(paths=(path,), names=(name,))
    it = entity(arn(f"role/{tail.lstrip('/')}"))
    assert it
    plain = f"{it.path}{it.name}"
    held, selected = selector.holds(plain), selector.selects(it, None)
    assert selected <= held
    assert held <= selected or re.search("/", plain[1:]) is not None


def test_manager_of_any_account_is_the_audited_account_s_own() -> None:
    there = SHOP.in_(Owner(account="444455556666", partition="aws-us-gov"))
    assert (there.manager, there.home) == ("arn:aws-us-gov:iam::444455556666:role/shop/manager", "444455556666")
    assert there.selectors == SHOP.selectors


def test_manager_of_one_account_stays_there() -> None:
    fixed = Scope(name="x", manager="arn:aws:iam::999999999999:role/m", selectors=())
    assert fixed.in_(OWNER) == fixed


def test_scopes_may_overlap() -> None:
    other = Scope(name="ana", manager=arn("user/m"), selectors=(Selector(names=("ana",)),))
    assert owning((SHOP, other), arn("user/shop/ana"), {}) == ("shop", "ana")
    assert managed_by((SHOP, other), arn("user/m")) == (other,)
