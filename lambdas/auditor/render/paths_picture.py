"""The paths to administrator as a picture: whoever goes on alike is a box, administrators are the bars on the right.

A picture is read from left to right. Each line is a step, with its technique; boxes that lines lead to are as tall as
all that leads to them, so that no line crosses another.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.core.check import Severity
from auditor.policy.steps import short
from auditor.render.markup import Markup, apart, cut, element, folded, lines, width, wrapped
from auditor.render.paths_marks import drawn_line, drawn_text
from auditor.render.paths_tree import Picture, Root, Row, answer, counted, risks, titles, trees
from auditor.render.wording import joined as listed
from auditor.render.wording import moment, number

COLOURS = {
    Severity.CRITICAL: "#b3002d",
    Severity.HIGH: "#e8590c",
    Severity.MEDIUM: "#e6a700",
    Severity.LOW: "#2b8a9e",
    Severity.INFO: "#868e96",
}
INK, GREY, LINE, PAPER, CROWNED = "#1b1f24", "#5c6570", "#c9d0d8", "#ffffff", "#3d1020"
DASHES = "6 4"
OWN_RIGHTS = "makes itself one"
STYLE = (
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;font-size:12.5px;fill:#1b1f24}"
    ".big{font-size:22px;font-weight:600}.sub{font-size:14px;fill:#5c6570}.small{font-size:11.5px;fill:#5c6570}"
    ".name{font-weight:600;font-size:12px}.crown{font-weight:600;fill:#fff}.on{font-size:11.5px;fill:#ffe3e8}"
)

MARGIN, HEAD = 28, 150
BAR = 220
BAR_HEIGHT = 60
HEIGHT, GAP, BETWEEN = 40, 14, 34
"""Pixels: of the page's edge and its head; width of an administrator; of a row, and between."""

BAR_COLUMNS = 23
"""Characters that fit."""

REPEATED = 640
"""Pixels after which a bar says again whose it is."""

NAMES = 3
TIP = 40
"""Names in a box, and in what is shown when the mouse rests on it."""

ICONS = {
    "user": "M8 7.6a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6zM1.8 15c0-3.6 2.8-5.8 6.2-5.8s6.2 2.2 6.2 5.8z",
    "role": "M8 .8l6 2.2v4.4c0 3.6-2.5 6.3-6 7.8-3.5-1.5-6-4.2-6-7.8V3z",
    "group": (
        "M5.5 7.4a2.9 2.9 0 1 0 0-5.8 2.9 2.9 0 0 0 0 5.8zM0 14.5c0-3.3 2.4-5.2 5.5-5.2s5.5 1.9 5.5 5.2z"
        "M11.6 7.4a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8zM12 9.3c2.4.1 4 2 4 5.2h-3.5c0-2.2-.6-3.8-1.6-5z"
    ),
    "crown": "M1.5 13.5L.6 4.5l4.2 3L8 2l3.2 5.5 4.2-3-.9 9z",
}


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Widths of a box and of a lane, in pixels, and the characters that fit: of a name, of what is small, of a step."""

    box: int
    lane: int
    name: int
    small: int
    step: int


ROOMY = Sizes(box=310, lane=272, name=37, small=39, step=36)
NARROW = Sizes(box=246, lane=196, name=28, small=30, step=25)
MANY = 3
"""Boxes one after the other from which on they are narrow."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How boxes look: their sizes, where they lead on the page, by ARN, and names that can be told apart."""

    sizes: Sizes
    anchors: Mapping[str, str]
    names: Mapping[str, str]

    def name(self, arn: str) -> str:
        """A name that fits."""
        return self.names.get(short(arn)) or cut(short(arn), self.sizes.name)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something is: its top left corner and its size, in pixels."""

    x: float
    y: float
    wide: float
    height: float

    @property
    def middle(self) -> float:
        """Where its line leaves."""
        return self.y + self.height / 2

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.x + self.wide


def svg(picture: Picture) -> str:
    """The picture as a document: ASCII, no scripts, nothing from elsewhere."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{drawing(picture, {})}\n'


def drawing(picture: Picture, anchors: Mapping[str, str]) -> Markup:
    """The picture as an element; boxes lead to the ids of their page, by ARN."""
    roots = trees(picture.drawn)
    depth = max((row.depth for root in roots for row in root.rows), default=1)
    sizes = NARROW if depth >= MANY else ROOMY
    alone = [short(arn) for root in roots for row in _all(root.rows) if len(row.arns) <= 2 for arn in row.arns]  # noqa: PLR2004
    look = Look(sizes=sizes, anchors=anchors, names=apart(alone, sizes.name))
    left, below = MARGIN + depth * (sizes.box + sizes.lane), float(HEAD)
    parts = list[Markup]()
    for root in roots:
        place = Place(x=left, y=below, wide=BAR, height=max(_height(root.rows), BAR_HEIGHT))
        parts += [*_bar(root, place), *_rows(root.rows, place, look)]
        below += place.height + BETWEEN
    head, told = _head(picture)
    wide = max(float(left + BAR), head) + MARGIN
    tall = max(below, HEAD + 2.0 * HEIGHT)
    return element(
        "svg",
        element("title", title(picture)),
        element("style", Markup(STYLE)),
        element("rect", width="100%", height="100%", fill=PAPER),
        *told,
        *(parts or [drawn_text(MARGIN, HEAD + 24, _nothing(picture), class_="sub")]),
        xmlns="http://www.w3.org/2000/svg",
        width=f"{wide:.0f}",
        height=tall,
        viewBox=f"0 0 {wide:.0f} {tall:.0f}",
        role="img",
    )


def _nothing(picture: Picture) -> str:
    return f"{answer(picture.asked)}." if picture.asked else "Nobody who is no administrator can become one."


def title(picture: Picture) -> str:
    """What the picture shows."""
    if picture.asked:
        return f"Path of {short(picture.asked.resource)} to administrator in account {picture.account}"
    return f"Paths to administrator in account {picture.account}"


def summary(picture: Picture) -> list[str]:
    """How old it is and how much there is of what; then what was not seen."""
    can, are = picture.can, len(picture.administrators)
    counts = f"{'1 is an administrator' if are == 1 else f'{are} are administrators'} and {can} more can become one"
    line = f"Evidence of {moment(picture.evidence_at)}. Of {number(picture.principals, 'principal')} {counts}."
    unseen = [f"{it}, which may forbid some steps" for it in picture.unseen]
    unseen += [number(picture.unjudged, "principal")] if picture.unjudged else []
    own = [f"{answer(picture.asked)}."] if picture.asked else []
    return [line, *own, *([f"Not seen: {'; '.join(unseen)}."] if unseen else [])]


def _head(picture: Picture) -> tuple[float, list[Markup]]:
    """Title, summary and legend, and how wide they are."""
    told = [(44, "big", 13, title(picture)), *((68 + 19 * at, "sub", 8, it) for at, it in enumerate(summary(picture)))]
    parts = [drawn_text(MARGIN, y, words, class_=class_) for y, class_, _, words in told]
    wide, legend = _legend(picture)
    return max(wide, *(MARGIN + each * width(words) for _, _, each, words in told)), [*parts, *legend]


def _legend(picture: Picture) -> tuple[float, list[Markup]]:
    x, y, parts = float(MARGIN), HEAD - 22.0, list[Markup]()
    counts = Counter(it.severity for it in picture.drawn)
    for severity in sorted(counts, reverse=True):
        words = f"{severity.name} {counts[severity]}"
        square = element("rect", x=x, y=y - 10, width=12, height=12, rx=2, fill=COLOURS[severity])
        parts += [square, drawn_text(x + 18, y, words)]
        x += 40 + 9 * len(words)
    for words, dashes in (("step", None), ("step that assumes something not seen", DASHES)):
        parts += [drawn_line(x, x + 36, y - 4, INK, 2, dashes), drawn_text(x + 44, y, words)]
        x += 72 + 6.7 * len(words)
    for kind, words in (("user", "user"), ("role", "role"), ("group", "several"), ("crown", "administrator")):
        parts += [_icon(kind, x, y - 12, GREY), drawn_text(x + 21, y, words)]
        x += 46 + 7 * len(words)
    return x, parts


def _height(rows: Sequence[Row]) -> float:
    """How tall the rows are, one below the other."""
    return sum(_tall(it) for it in rows) + GAP * (len(rows) - 1)


def _tall(row: Row) -> float:
    return max(HEIGHT, _height(row.rows)) if row.rows else HEIGHT


def _rows(rows: Sequence[Row], target: Place, look: Look) -> Iterator[Markup]:
    """The boxes whose lines lead to the target, and all that leads to them."""
    below = target.y + (target.height - _height(rows)) / 2
    for row in rows:
        left = target.x - look.sizes.lane - look.sizes.box
        place = Place(x=left, y=below, wide=look.sizes.box, height=_tall(row))
        yield from _step(row, place, target.x, look.sizes.step)
        yield _box(row, place, look)
        yield from _rows(row.rows, place, look) if row.rows else ()
        below += place.height + GAP


def _step(row: Row, place: Place, to: float, columns: int) -> Iterator[Markup]:
    """The line from a box to where it leads, with what is done on it."""
    y, colour = place.middle, COLOURS[row.severity]
    thick = 1.6 if row.chain else min(1.6 + 0.5 * (len(row.arns) - 1) ** 0.5, 5.0)
    yield drawn_line(place.right, to - 7, y, colour, thick, DASHES if row.assumed else None)
    yield element("path", d=f"M{to - 9:.1f} {y - 5:.1f}L{to:.1f} {y:.1f}L{to - 9:.1f} {y + 5:.1f}z", fill=colour)
    words = titles(row)
    said = words[0] if len(words) == 1 else f"{len(words)} ways: {'; '.join(words)}"
    above, *below = wrapped(said, columns, 2) or [""]
    yield drawn_text(place.right + 12, y - 6, above, tip=words)
    notes = [*below, *([row.proviso] if row.proviso else [])]
    for at, line in enumerate(notes):
        yield drawn_text(place.right + 12, y + 15 + 14 * at, cut(line, columns), class_=None if below[at:] else "small")


def _box(row: Row, place: Place, look: Look) -> Markup:
    """A box with the names of those who go on alike, and as much of each colour as there is of each severity."""
    shape = [
        element("title", lines(_tip(row))),
        element("rect", x=place.x, y=place.y, width=place.wide, height=place.height, rx=4, fill="#f8f9fa", stroke=LINE),
        *_stripes(row, place),
        _icon(_kind(row.arns), place.x + 14, place.middle - 8, COLOURS[row.severity]),
    ]
    first, second, is_name = _names(row, look)
    shape += [
        drawn_text(place.x + 38, place.middle - (3 if second else -4.5), first, class_="name"),
        drawn_text(place.x + 38, place.middle + 13, second, class_="name" if is_name else "small"),
    ]
    to = next((look.anchors[it.path.resource] for it in row.members if it.path.resource in look.anchors), None)
    return element("a", *shape, href=f"#{to}") if to else element("g", *shape)


def _stripes(row: Row, place: Place) -> Iterator[Markup]:
    y, everything = place.y, row.severities.total()
    for severity in sorted(row.severities, reverse=True):
        height = place.height * row.severities[severity] / everything
        yield element("rect", x=place.x, y=y, width=6, height=height, fill=COLOURS[severity])
        y += height


def _names(row: Row, look: Look) -> tuple[str, str, bool]:
    """The two lines of a box, and whether the second is a name too."""
    names = [short(it) for it in row.arns]
    small = look.sizes.small
    if len(names) == 1:
        about = [risk for it in row.members for risk in risks(it.path)]
        return look.name(row.arns[0]), cut(" \u00b7 ".join(about), small), False
    if row.chain:
        return f"{counted(row.arns)},", "one after the other", False
    if len(names) == 2:  # noqa: PLR2004  (a box has two lines)
        return look.name(row.arns[0]), look.name(row.arns[1]), True
    bare = (it.rpartition("/")[2] for it in names)
    return counted(row.arns), cut(listed(bare, NAMES), small), False


def _tip(row: Row) -> Iterator[str]:
    about = {it.path.resource: [it.severity.name, *risks(it.path)] for it in row.members}
    for arn in row.arns[:TIP]:
        yield " \u00b7 ".join([short(arn), *about.get(arn, [])])
    if len(row.arns) > TIP:
        yield f"and {len(row.arns) - TIP} more"


def _bar(root: Root, place: Place) -> Iterator[Markup]:
    """The administrators as a bar as tall as all that leads to it; a tall one says more than once whose it is."""
    names = [short(it) for it in root.end.arns]
    yield element(
        "g",
        element("title", lines(names[:TIP] or [OWN_RIGHTS])),
        element("rect", x=place.x, y=place.y, width=place.wide, height=place.height, rx=4, fill=CROWNED),
    )
    first = names[0] if len(names) == 1 else counted(root.end.arns) if names else "administrator"
    second = ("administrator" if root.end.arns else OWN_RIGHTS) if len(names) < 2 else "administrators"  # noqa: PLR2004
    paths = number(sum(row.severities.total() for row in _all(root.rows)), "path")
    times = 1 + int(place.height // REPEATED)
    for at in range(times):
        whose = folded(first, BAR_COLUMNS)
        y = place.y + (at + 0.5) * place.height / times - 3 - 8 * (len(whose) - 1)
        yield _icon("crown", place.x + 14, y - 9, "#ffd43b")
        for below, line in enumerate(whose):
            yield drawn_text(place.x + 40, y + 16 * below, line, class_="crown")
        yield drawn_text(place.x + 40, y + 1 + 16 * len(whose), f"{second} \u00b7 {paths}", class_="on")


def _all(rows: Iterable[Row]) -> Iterator[Row]:
    """Those with paths of their own."""
    for row in rows:
        yield from (row,) if row.members else ()
        yield from _all(row.rows)


def _kind(arns: Sequence[str]) -> str:
    kinds = {short(it).partition("/")[0] for it in arns}
    return kinds.pop() if len(kinds) == 1 and len(arns) == 1 else "group"


def _icon(kind: str, x: float, y: float, colour: str) -> Markup:
    return element("path", d=ICONS.get(kind, ICONS["group"]), fill=colour, transform=f"translate({x:.1f} {y:.1f})")
