"""Lines and texts of the picture of paths."""

from collections.abc import Sequence

from auditor.render.markup import Markup, element, lines


def drawn_line(x: float, to: float, y: float, colour: str, thick: float, dashes: str | None) -> Markup:
    """A level line."""
    return element("line", x1=x, x2=to, y1=y, y2=y, stroke=colour, stroke_width=thick, stroke_dasharray=dashes)


def drawn_text(x: float, y: float, words: str, *, class_: str | None = None, tip: Sequence[str] = ()) -> Markup:
    """Words that begin at a place, and what is shown on top of them."""
    shown = [element("title", lines(tip))] if tip else []
    return element("text", *shown, words, x=float(x), y=float(y), class_=class_)
