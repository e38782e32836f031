"""The picture of paths to administrator: whole, the same each time, and harmless whatever things are called."""

import re
import xml.etree.ElementTree as ET  # what it reads here, we wrote
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.check import Severity
from auditor.policy.steps import short
from auditor.policy.techniques import techniques
from auditor.render.markup import apart, cut, element, folded, text, width, wrapped
from auditor.render.paths_page import html
from auditor.render.paths_picture import HEIGHT, svg
from auditor.render.paths_tree import MOST_ALIKE, MOST_LINES, Picture, Row, trees
from tests.build import ACCOUNT, ago, arn
from tests.render.paths import HOSTILE, WAYS, crowd, drawn, picture, step

RENDERED: dict[str, Callable[[Picture], str]] = {"svg": svg, "html": html}
each_form = pytest.mark.parametrize("render", RENDERED.values(), ids=RENDERED)
anything = st.text(alphabet=st.characters())


def texts(document: str) -> list[str]:
    """All that a reader can see or point at."""
    return [it for it in ET.fromstring(document).itertext() if it.strip()]  # noqa: S314  (we wrote it)


def words(document: str) -> str:
    return " ".join(texts(document))


def tags(document: str) -> set[str]:
    return {it.tag.rpartition("}")[2] for it in ET.fromstring(document).iter()}  # noqa: S314


def rows(of: Picture) -> list[Row]:
    found = [row for root in trees(of.drawn) for row in root.rows]
    for row in found:
        found += row.rows
    return found


@each_form
def test_hostile_names_are_names(render: Callable[[Picture], str]) -> None:
    paths = [drawn(step(f"user/{name}", "assume-role", f"role/{name}")) for name in HOSTILE]
    hostile = picture(*paths, account=HOSTILE[0], unseen=HOSTILE)
    document = render(hostile)
    assert document.isascii()
    harmless = [drawn(step(f"user/u{at}", target=f"role/r{at}")) for at in range(9)]
    assert tags(document) == tags(render(picture(*harmless)))
    assert "<script" not in document
    assert "IOSFODNN7" not in document
    assert "user/<script>alert(1)</script>" in words(document)


@each_form
@given(name=anything, other=anything)
def test_whatever_things_are_called_the_document_is_well_formed(
    render: Callable[[Picture], str], name: str, other: str
) -> None:
    steps = step(f"user/{name}", other, f"role/{other}", conditions=(name,), assumed=other)
    assert ET.fromstring(render(picture(drawn(steps), unseen=(other,)))) is not None  # noqa: S314


@each_form
def test_nothing_comes_from_elsewhere_and_nothing_runs(render: Callable[[Picture], str]) -> None:
    document = render(crowd())
    attributes = [pair for it in ET.fromstring(document).iter() for pair in it.attrib.items()]  # noqa: S314
    assert {value for key, value in attributes if key in ("href", "src")} <= {f"#path-{at}" for at in range(1, 501)}
    assert not [key for key, _ in attributes if key.startswith("on")]
    assert not tags(document) & {"script", "image", "img", "link", "iframe", "foreignObject", "use", "object"}
    assert "url(" not in document
    assert "@import" not in document


@each_form
def test_same_paths_in_any_order_give_the_same_bytes(render: Callable[[Picture], str]) -> None:
    many = crowd(60)
    assert render(many) == render(replace(many, drawn=tuple(reversed(many.drawn))))


def test_title_says_account_and_date_and_how_many() -> None:
    shown = words(svg(picture(drawn(step("user/ana")), unseen=("the organization",), unjudged=2)))
    assert f"Paths to administrator in account {ACCOUNT}" in shown
    assert "Evidence of 2026-11-20 06:00 UTC. Of 2 principals 1 is an administrator and 1 more can become one." in shown
    assert "Not seen: the organization, which may forbid some steps; 2 principals." in shown


@each_form
def test_account_without_paths_has_a_picture_that_says_so(render: Callable[[Picture], str]) -> None:
    assert "Nobody who is no administrator can become one." in words(render(picture()))


def test_each_path_is_there_with_every_step() -> None:
    page = words(html(crowd(120)))
    for it in crowd(120).drawn:
        assert words(element("b", short(it.path.resource))) in page
    few = picture(drawn(step("user/ana", "assume-role", "role/deploy"), step("role/deploy", "assume-role")))
    shown = texts(svg(few))
    assert {"user/ana", "role/deploy", "role/admin", "Assume a role"} <= set(shown)


def test_paths_that_share_steps_are_drawn_once() -> None:
    last = step("role/deploy", "assume-role")
    few = picture(
        drawn(last),
        drawn(step("user/ana", "assume-role", "role/deploy"), last),
        drawn(step("user/bo", "create-access-key", "user/ana"), step("user/ana", "assume-role", "role/deploy"), last),
    )
    assert [it.arns for it in rows(few)] == [(arn("role/deploy"),), (arn("user/ana"),), (arn("user/bo"),)]
    assert texts(svg(few)).count("role/admin") == 2  # its name, and its tip


def test_steps_of_one_actor_are_one_line() -> None:
    many = picture(drawn(step("user/ana", "attach-role-policy", "role/x"), step("user/ana", "assume-role", "role/x")))
    (row,) = rows(many)
    assert row.ways == [("attach-role-policy", "assume-role")]
    assert trees(many.drawn)[0].end.arns == (arn("role/x"),)


def test_rights_that_somebody_gives_itself_lead_to_no_other() -> None:
    own = picture(drawn(step("user/ana", "put-user-policy", "user/ana")))
    assert trees(own.drawn)[0].end.arns == ()
    assert any("makes itself one" in it for it in texts(svg(own)))


def test_those_who_go_on_alike_are_one_box() -> None:
    users = [drawn(step(f"user/u{at:02}")) for at in range(12)]
    together = picture(*users, drawn(step("role/app")), drawn(step("user/other", "create-access-key", "user/admin")))
    assert "12 users, 1 role" in texts(svg(together))
    assert sorted(len(it.arns) for it in rows(together)) == [1, 13]


def test_crowd_is_put_together_until_it_can_be_looked_at() -> None:
    crowded = crowd(1500)
    found = rows(crowded)
    assert sum(not it.rows for it in found) <= MOST_LINES
    assert {arn for it in found for arn in it.arns} >= {it.path.resource for it in crowded.drawn}


def test_what_leads_to_one_place_in_too_many_ways_ends_with_the_least_dangerous_together() -> None:
    ways = [it.id for it in techniques() if it.gives == "become"][: MOST_LINES + 10]
    severity = {0: Severity.CRITICAL}
    paths = [
        drawn(step(f"user/u{at:02}", way), severity=severity.get(at, Severity.HIGH)) for at, way in enumerate(ways)
    ]
    found = rows(picture(*paths))
    assert len(found) == MOST_ALIKE
    assert found[0].severity is Severity.CRITICAL
    assert len(found[-1].arns) == len(ways) - MOST_ALIKE + 1
    assert f"{len(found[-1].ways)} ways: " in words(svg(picture(*paths)))


def test_assumed_steps_are_dashed_and_conditions_are_told() -> None:
    sure, assumed = (
        step("user/ana"),
        step("user/bo", assumed="the workloads were not seen", conditions=("aws:SourceIp",)),
    )
    lines = [re.findall(r"stroke-dasharray", svg(picture(drawn(it)))) for it in (sure, assumed)]
    assert [len(it) for it in lines] == [1, 2]  # one is the legend's
    assert "if aws:SourceIp" in texts(svg(picture(drawn(assumed))))
    mixed = picture(drawn(sure), drawn(step("user/cy", conditions=("aws:SourceIp",))))
    assert "some only if aws:SourceIp" in texts(svg(mixed))


def chain(length: int) -> list[Any]:
    """Roles that assume each other, the last of them an administrator."""
    roles = [*(f"role/r{at}" for at in range(length)), "role/admin"]
    steps = [step(one, "assume-role", other) for one, other in pairwise(roles)]
    return [drawn(*steps[at:]) for at in range(length)]


def test_chain_of_many_is_one_box() -> None:
    long = picture(*chain(8), drawn(step("user/ana", "assume-role", "role/r0"), *chain(8)[0].path.steps))
    (box,) = (row for row in rows(long) if row.chain)
    assert [short(arn) for arn in box.arns] == ["user/ana", *(f"role/r{at}" for at in range(8))]
    shown = texts(svg(long))
    assert "1 user, 8 roles," in shown
    assert "one after the other" in shown
    assert not [row for row in rows(picture(*chain(4))) if row.chain]


def test_whoever_comes_to_a_chain_comes_to_its_first() -> None:
    first = chain(6)[0].path.steps
    two = [drawn(step(f"user/u{at}", way, "role/r0"), *first) for at, way in enumerate(WAYS[:2])]
    (box,) = rows(picture(*chain(6), *two))[:1]
    assert box.chain
    assert [row.arns for row in box.rows] == [(arn("user/u0"),), (arn("user/u1"),)]


def test_boxes_are_narrower_where_many_come_one_after_the_other() -> None:
    def wide(of: Picture) -> float:
        return float(ET.fromstring(svg(of)).attrib["width"])  # noqa: S314

    each = [wide(picture(*chain(length))) for length in (1, 2, 3, 4)]
    assert each[2] - each[1] < (each[1] - each[0]) / 2
    assert each[3] < 2100


def test_names_that_begin_alike_are_cut_where_they_differ() -> None:
    names = [f"role/{'production-application-' * 3}{team}-{'deployment-' * 3}role" for team in ("red", "blue")]
    shown = apart(names, 30)
    assert all(width(it) <= 30 for it in shown.values())
    assert "red" in shown[names[0]]
    assert "blue" in shown[names[1]]
    both = texts(svg(picture(*(drawn(step(it)) for it in names))))
    assert any("red" in it for it in both if "\u2026" in it)


def test_equals_are_in_the_order_of_their_risks_and_then_of_their_keys() -> None:
    old, new = ({"oldest_key": ago(days)} for days in (900, 100))
    named: dict[str, dict[str, Any]] = {"a": {}, "b": new, "c": old, "d": {**new, "without_mfa": True}}
    paths = [drawn(step(f"user/{name}"), **about) for name, about in named.items()]
    assert [it.path.name for it in sorted(paths, key=lambda it: it.rank)] == ["d", "c", "b", "a"]


def test_severity_is_a_colour_and_the_most_severe_come_first() -> None:
    worse = drawn(
        step("user/bo", "create-access-key"), severity=Severity.CRITICAL, without_mfa=True, oldest_key=ago(400)
    )
    found = rows(picture(drawn(step("user/ana")), worse))
    assert [it.arns for it in found] == [(arn("user/bo"),), (arn("user/ana"),)]
    shown = svg(picture(worse))
    assert "#b3002d" in shown
    assert "no MFA \u00b7 key of 2025-10-16" in texts(shown)
    assert "CRITICAL 1" in texts(shown)


def test_boxes_of_a_crowd_lie_in_the_picture_and_not_on_one_another() -> None:
    boxes: dict[float, list[tuple[float, float]]] = {}
    root = ET.fromstring(svg(crowd()))  # noqa: S314
    wide, tall = float(root.attrib["width"]), float(root.attrib["height"])
    for it in root.iter("{http://www.w3.org/2000/svg}rect"):
        if it.attrib.get("rx") == "4":
            x, y, height = (float(it.attrib[name]) for name in ("x", "y", "height"))
            assert 0 <= x < x + float(it.attrib["width"]) <= wide
            assert 0 <= y < y + height <= tall
            boxes.setdefault(x, []).append((y, y + height))
    assert len(boxes) == 3
    for column in boxes.values():
        column.sort()
        assert all(above[1] <= below[0] for above, below in pairwise(column))
        assert all(end - begin >= HEIGHT - 0.1 for begin, end in column)


def test_page_leads_from_a_box_to_its_path() -> None:
    page = html(picture(drawn(step("user/ana"), remedy="narrow it", closes=3)))
    assert 'href="#path-1"' in page
    (entry,) = (it for it in ET.fromstring(page).iter() if it.attrib.get("id") == "path-1")  # noqa: S314
    assert entry.tag.endswith("}ol")  # inside what a browser opens
    summary = "".join(texts(page[page.index("<summary>") : page.index("</summary>") + 10]))
    assert summary == "HIGHuser/ana 1 step \u00b7 user/ana does assume-role to role/admin"
    assert "Closed by: narrow it (this closes 3 paths)" in "".join(texts(page))


@given(given=anything, columns=st.integers(2, 60))
def test_cut_text_fits(given: str, columns: int) -> None:
    assert width(cut(given, columns)) <= columns
    assert all(width(it) <= columns for it in [*folded(given, columns), *wrapped(given, columns, 2)])
    assert len(wrapped(given, columns, 2)) <= 2
    assert all(width(it) <= columns for it in apart([given, f"{given}a", f"b{given}"], columns).values())


def test_text_in_the_middle_is_left_out() -> None:
    assert cut("privesc-a-very-long-name-user", 12) == "privesc\u2026-user"
    assert wrapped("Pass a role to a new function", 16, 2) == ["Pass a role to a", "new function"]
    assert text("a<b>\n\"'") == "a&lt;b&gt;\\n&quot;&#x27;"
