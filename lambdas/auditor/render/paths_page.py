"""The paths to administrator as a page: the picture, and below it every path, step by step."""

from collections.abc import Iterator

from auditor.policy.steps import short
from auditor.render.markup import Markup, element, text
from auditor.render.paths_picture import COLOURS, drawing, title
from auditor.render.paths_tree import Drawn, Picture, risks
from auditor.render.wording import number

DOT = " \u00b7 "
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Whatever a name may smuggle in, a browser loads and runs nothing."""

STYLE = (
    "body{margin:0;font:14px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;color:#1b1f24}"
    ".picture{overflow-x:auto}.picture svg{max-width:100%;height:auto;min-width:900px}"
    "main{max-width:1100px;margin:0 28px 48px}h2{font-size:18px}"
    "details{border:1px solid #c9d0d8;border-radius:4px;margin:6px 0;padding:6px 12px;overflow-wrap:anywhere}"
    "details:has(:target){outline:2px solid #1b1f24}summary{cursor:pointer}li{margin:6px 0}"
    "code{font-size:12px;background:#f1f3f5;padding:1px 4px;border-radius:3px}"
    ".severity{color:#fff;font-size:11px;font-weight:600;border-radius:3px;padding:1px 6px;margin-right:6px}"
    ".grey{color:#5c6570}"
)


def html(picture: Picture) -> str:
    """The page: ASCII, well-formed XML, no scripts, nothing from elsewhere."""
    ordered = sorted((it for it in picture.drawn if it.path.steps), key=lambda it: it.rank)
    anchors = {it.path.resource: f"path-{at}" for at, it in enumerate(ordered, start=1)}
    head = element(
        "head",
        _void("meta", charset="utf-8"),
        _void("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("title", title(picture)),
        element("style", Markup(STYLE)),
    )
    listed = [element("h2", "Every path, the most dangerous first")] if ordered else []
    listed += [_path(it, anchors[it.path.resource]) for it in ordered]
    body = element(
        "body",
        element("div", drawing(picture, anchors), class_="picture"),
        element("main", *listed),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en', xmlns='http://www.w3.org/1999/xhtml')}\n"


def _void(name: str, **attributes: str) -> Markup:
    return Markup(element(name, **attributes).replace(f"></{name}>", " />"))


def _path(it: Drawn, anchor: str) -> Markup:
    badge = element("span", it.severity.name, class_="severity", style=f"background:{COLOURS[it.severity]}")
    steps = it.path.steps
    about = [number(len(steps), "step"), *(step.says for step in steps[:1]), *risks(it.path)]
    summary = element(
        "summary",
        badge,
        element("b", short(it.path.resource)),
        element("span", f" {DOT.join(about)}", class_="grey"),
    )
    # A browser opens what a link leads into, and not what it leads to.
    told = element("ol", *(_step(at, it) for at in range(len(steps))), id=anchor)
    return element("details", summary, told, *_closing(it))


def _step(at: int, it: Drawn) -> Markup:
    step = it.path.steps[at]
    parts = [text(step.says), *(Markup(f" {element('code', allowed)}") for allowed in step.permissions)]
    notes = [f"if {', '.join(step.conditions)} is met"] if step.conditions else []
    notes += [step.assumed] if step.assumed else []
    return element("li", *parts, *(element("div", note, class_="grey") for note in [*notes, step.reference] if note))


def _closing(it: Drawn) -> Iterator[Markup]:
    if it.path.remedy:
        others = f" (this closes {it.path.closes} paths)" if it.path.closes > 1 else ""
        yield element("div", element("b", "Closed by: "), f"{it.path.remedy}{others}")
