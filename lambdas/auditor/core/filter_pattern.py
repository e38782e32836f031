"""Filter patterns of CloudWatch Logs: whether one matches a log event.

A pattern in braces asks about the properties of a JSON event, any other one about the event's text. What AWS documents
is in "Filter pattern syntax" of the CloudWatch Logs user guide; what it leaves open is a `PatternError` here, so that
nothing is said of a filter that nobody can be sure of.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

DEEPEST = 40
"""Parentheses within each other; a pattern has 1,024 characters at most."""

MOST_QUANTIFIERS = 2
"""Of a regular expression: more of them may take for ever on a text that does not match."""

TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*")
        | (?P<regex>%[^%]*%)
        | (?P<selector>\$(?:\.(?:[A-Za-z0-9_-]+|\*)|\[(?:[0-9]{1,9}|\*)\])+)
        | (?P<sign>&&|\|\||!=|<=|>=|[=<>()])
        | (?P<word>[^\s"'%$=!<>(){}&|]+)
    )""",
    re.VERBOSE | re.DOTALL,
)
STEP = re.compile(r"\.([A-Za-z0-9_-]+|\*)|\[([0-9]+|\*)\]")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"?%\[{-][^\s"]*))(?=\s|$)', re.DOTALL)
REGEX = re.compile(r"[A-Za-z0-9:_#=@/;,\-^$?\[\]{}|\\*+. ]+")
ASKED = {
    ("IS", "NULL"): "IS NULL",
    ("IS", "TRUE"): "IS TRUE",
    ("IS", "FALSE"): "IS FALSE",
    ("NOT", "EXISTS"): "NOT EXISTS",
    ("EXISTS",): "EXISTS",
}
"""Conditions without a value, by their words."""


class PatternError(ValueError):
    """A pattern that cannot be read, or an event of which AWS does not say whether the pattern matches it."""


@dataclass(frozen=True)
class Condition:
    """One question about the nodes that the selector finds; `operator` is ``=``, ``<``, ``IS NULL``, … .

    `value` is the text as written: with quotes, between per cent signs for a regular expression, or bare.
    """

    selector: str
    operator: str
    value: str = ""

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether any of the nodes is as asked. Raises PatternError for what AWS does not document."""
        nodes = list(_selected(event, self.selector))
        match self.operator:
            case "EXISTS" | "NOT EXISTS":
                return bool(nodes) == (self.operator == "EXISTS")
            case "IS NULL":
                return any(node is None for node in nodes)
            case "IS TRUE" | "IS FALSE":
                return any(node is (self.operator == "IS TRUE") for node in nodes)
            case _:
                return any(self._holds(node) for node in nodes)

    def _holds(self, node: Any) -> bool:
        """Whether one node compares as asked: one that is missing, null, a list or an object never does."""
        if isinstance(node, bool):
            raise PatternError(f"{self.selector} is a boolean, which only IS TRUE and IS FALSE are sure to match")
        if not isinstance(node, str | int | float):
            return False
        if self.operator in ("=", "!="):
            return _equals(node, self.value) == (self.operator == "=")
        return not isinstance(node, str) and _ordered(node, self.operator, float(self.value))

    def __str__(self) -> str:
        """As it is written."""
        return " ".join(part for part in (self.selector, self.operator, self.value) if part)


@dataclass(frozen=True)
class Combination:
    """Conditions of which all (``&&``) or any (``||``) must hold."""

    operator: str
    parts: "tuple[Condition | Combination, ...]"

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether as many hold as must. Raises PatternError for what AWS does not document."""
        together = all if self.operator == "&&" else any
        return together(part.matches(event) for part in self.parts)

    def __str__(self) -> str:
        """As it is written, each part in parentheses."""
        return f" {self.operator} ".join(f"({part})" for part in self.parts)


@dataclass(frozen=True)
class Json:
    """A pattern in braces."""

    condition: Condition | Combination

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the event is as asked. Raises PatternError for what AWS does not document."""
        return self.condition.matches(event)

    def __str__(self) -> str:
        """As it is written."""
        return f"{{ {self.condition} }}"


@dataclass(frozen=True)
class Terms:
    """A pattern without braces: terms that the text must hold, must not hold, or of which it must hold one."""

    required: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Whether the event's text is as asked: CloudTrail writes JSON without spaces."""
        text = json.dumps(event, separators=(",", ":"))
        return (
            all(term in text for term in self.required)
            and not any(term in text for term in self.excluded)
            and (not self.optional or any(term in text for term in self.optional))
        )


Pattern = Json | Terms


@cache
def parse(text: str) -> Pattern:
    """The pattern that a text is; an empty one matches every event. Raises PatternError."""
    stripped = text.strip()
    if not stripped.startswith("{"):
        return _terms(stripped)
    if not stripped.endswith("}"):
        raise PatternError("the closing brace is missing")
    tokens = _Tokens(stripped[1:-1])
    condition = _alternatives(tokens, 0)
    if tokens.peek() != ("end", ""):
        raise PatternError(f"{tokens.peek()[1]} stands where the pattern should end")
    return Json(condition)


def _terms(text: str) -> Terms:
    """Terms of a text. Those between brackets or per cent signs, and optional ones among others, are not judged."""
    found: dict[str, list[str]] = {"": [], "-": [], "?": []}
    position = 0
    while position < len(text):
        term = TERM.match(text, position)
        if term is None:
            raise PatternError(f"{text[position:].strip()[:40]} is no list of terms")
        sign, quoted, bare = term.groups()
        found[sign].append(bare if quoted is None else _unescaped(quoted))
        position = term.end()
    if found["?"] and (found[""] or found["-"]):
        raise PatternError("optional terms stand beside others, where AWS ignores them")
    return Terms(required=tuple(found[""]), excluded=tuple(found["-"]), optional=tuple(found["?"]))


class _Tokens:
    """The tokens of a pattern, one after the other, each with its kind; ("end", "") for ever after the last."""

    def __init__(self, text: str) -> None:
        self.left, self.next = _split(text), 0

    def peek(self) -> tuple[str, str]:
        """The kind and the text of the next one."""
        return self.left[self.next] if self.next < len(self.left) else ("end", "")

    def take(self, kind: str = "", value: str = "") -> str:
        """The next one's text, which is used up. Raises PatternError if it is not of that kind, or not that value."""
        found, text = self.peek()
        if (kind and found != kind) or (value and text != value):
            raise PatternError(f"{text or 'the end'} stands where {value or 'a ' + kind} should be")
        self.next += 1
        return text


def _split(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        token = TOKEN.match(text, position, end)
        if token is None or not token.lastgroup:
            raise PatternError(f"{text[position:end].strip()[:40]} cannot be read")
        tokens.append((token.lastgroup, token[token.lastgroup]))
        position = token.end()
    return tokens


def _alternatives(tokens: _Tokens, depth: int) -> Condition | Combination:
    return _joined(tokens, "||", lambda: _joined(tokens, "&&", lambda: _operand(tokens, depth)))


def _joined(tokens: _Tokens, sign: str, part: Callable[[], Condition | Combination]) -> Condition | Combination:
    parts = [part()]
    while tokens.peek() == ("sign", sign):
        tokens.take()
        parts.append(part())
    return parts[0] if len(parts) == 1 else Combination(sign, tuple(parts))


def _operand(tokens: _Tokens, depth: int) -> Condition | Combination:
    if tokens.peek() != ("sign", "("):
        return _condition(tokens)
    if depth == DEEPEST:
        raise PatternError("the parentheses are too deep")
    tokens.take()
    inner = _alternatives(tokens, depth + 1)
    tokens.take("sign", ")")
    return inner


def _condition(tokens: _Tokens) -> Condition:
    selector = tokens.take("selector")
    if tokens.peek()[0] == "word":
        return Condition(selector, _asked(tokens))
    operator = tokens.take("sign")
    if operator not in ("=", "!=", "<", ">", "<=", ">="):
        raise PatternError(f"{operator} compares nothing")
    kind, value = tokens.peek()
    if kind not in ("string", "regex", "word"):
        raise PatternError(f"{selector} {operator} lacks its value")
    if operator not in ("=", "!=") and not NUMBER.fullmatch(value):
        raise PatternError(f"{value} is no number")
    if kind == "regex":
        _compiled(value)
    return Condition(selector, operator, tokens.take())


def _asked(tokens: _Tokens) -> str:
    words = [tokens.take("word").upper()]
    if words[0] in ("IS", "NOT"):
        words.append(tokens.take("word").upper())
    if tuple(words) not in ASKED:
        raise PatternError(f"{' '.join(words)} asks nothing")
    return ASKED[tuple(words)]


def _selected(event: Mapping[str, Any], selector: str) -> Iterator[Any]:
    """The nodes at the selector: none where it leads nowhere, several where it has a wildcard."""
    nodes: list[Any] = [event]
    for name, index in STEP.findall(selector):
        nodes = [child for node in nodes for child in _children(node, name, index)]
    yield from nodes


def _children(node: Any, name: str, index: str) -> list[Any]:
    if name and isinstance(node, Mapping):
        return list(node.values()) if name == "*" else [node[name]] if name in node else []
    if index and isinstance(node, list):
        return node if index == "*" else node[int(index) :][:1]
    return []


def _equals(node: str | float, value: str) -> bool:
    if value.startswith("%"):
        return _compiled(value).search(str(node)) is not None
    if not isinstance(node, str) and NUMBER.fullmatch(value):
        return node == float(value)
    text = _unescaped(value[1:-1]) if value.startswith('"') else value
    return _like(str(node), text)


def _like(text: str, pattern: str) -> bool:
    """An asterisk stands for any text at the beginning and at the end only; between letters it is an asterisk."""
    before, after = pattern.startswith("*"), pattern.endswith("*")
    core = pattern[before : len(pattern) - after]
    if before and after:
        return core in text
    return text.endswith(core) if before else text.startswith(core) if after else text == core


def _ordered(node: float, operator: str, value: float) -> bool:
    return {"<": node < value, ">": node > value, "<=": node <= value, ">=": node >= value}[operator]


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


@cache
def _compiled(value: str) -> re.Pattern[str]:
    """A regular expression as AWS allows it, which knows no groups. Raises PatternError, also for a costly one."""
    text = value[1:-1]
    odd = not REGEX.fullmatch(text) or any(it in text for it in ("[[", "--", "||"))
    if odd or sum(text.count(it) for it in "*+{") > MOST_QUANTIFIERS:
        raise PatternError(f"{value} is no regular expression that can be judged")
    try:
        return re.compile(text, re.ASCII)
    except (re.error, OverflowError) as error:
        raise PatternError(f"{value} is no regular expression: {error}") from error
