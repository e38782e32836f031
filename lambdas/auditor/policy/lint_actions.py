"""Actions: whether there are such, and whether resources, condition keys and other actions go with them.

What is not known may be newer than the actions database: it is said as a warning.
"""

import difflib
from collections.abc import Callable, Iterator
from functools import lru_cache

from auditor.policy.actions import condition_key, known, matching, prefixes, service
from auditor.policy.covering import WILDCARDS, Cover
from auditor.policy.lint_codes import Remark, shown
from auditor.policy.lint_resources import EXAMINED, heads, meets
from auditor.policy.written import Comparison, Kind, Written

PATTERNS = 32
"""Patterns of a document with a wildcard inside: more are not looked up."""

SUGGESTED = 10
"""Actions of a document that are not known: for more no other one is looked for that may be meant."""

GUESSED = {"INVALID_ACTION", "INVALID_SERVICE_IN_ACTION"}

NAMED = 3
"""Actions that a sentence names; of more it tells the number."""

REMEMBERED = 1 << 12
EVERY_ACTION = 1 << 15
"""More than there are: what is remembered of each is little."""

RESOURCE_TAG = "aws:resourcetag/${tagkey}"


def names(statements: list[Written]) -> Iterator[Remark]:
    """Actions that are not written like one, that there are not, or no longer."""
    inside = suggested = 0
    for it in statements:
        for text, place in (*it.texts("Action"), *it.texts("NotAction")):
            malformed = _malformed(text)
            costly = WILDCARDS.search(text, 0, len(text) - 1) is not None
            inside += costly
            if malformed:
                yield Remark(*malformed, place)
            elif text.strip("*?") and (inside <= PATTERNS or not costly) and (said := _looked_up(text)):
                suggested += 1
                hint = _suggested(text) if suggested <= SUGGESTED and said[0] in GUESSED else ""
                yield Remark(said[0], said[1] + hint, place)


def _malformed(text: str) -> tuple[str, str] | None:
    prefix, colon, name = text.partition(":")
    if not text.strip("*?"):
        return None
    if not colon or not prefix or not name or ":" in name:
        return "MALFORMED_ACTION", f"{shown(text)} is not written like an action, service:Name"
    if "*" in prefix or "?" in prefix:
        return "WILDCARD_IN_SERVICE_NAME", f"{shown(prefix)} may stand for services that are not meant"
    return None


@lru_cache(maxsize=EVERY_ACTION)
def _looked_up(text: str) -> tuple[str, str] | None:
    """The code and the message for an action or pattern that is not known, or no longer there."""
    prefix = text.partition(":")[0].lower()
    found_service = service(prefix) if prefix in prefixes() else None
    if not found_service:
        return "INVALID_SERVICE_IN_ACTION", f"no service {shown(prefix)} is known"
    found = matching(text)
    if found_service.retired or (found and all(_retired(name) for name in found)):
        return "RETIRED_ACTION", f"AWS has ended {found_service.name if found_service.retired else shown(text)}"
    if not found:
        verb = "no action matches" if WILDCARDS.search(text) else "no action is called"
        return "INVALID_ACTION", f"{verb} {shown(text)}"
    return None


def _retired(name: str) -> bool:
    action = known(name)
    return action is not None and action.retired


def _suggested(text: str) -> str:
    """The service or action that may be meant, as a sentence goes on."""
    prefix, _, name = text.lower()[:80].partition(":")
    found = service(prefix)
    close = difflib.get_close_matches(name if found else prefix, found.actions if found else prefixes(), 1, cutoff=0.8)
    meant = [found.actions[it].name if found else it for it in close]
    return f"; did you mean {meant[0]}?" if meant else ""


@lru_cache(maxsize=REMEMBERED)
def keys_of(pattern: str) -> frozenset[str]:
    """The condition keys, in lower case, of requests for the actions, besides those of all requests."""
    return frozenset().union(*(action.all_keys for name in matching(pattern) if (action := known(name))))


@lru_cache(maxsize=REMEMBERED)
def forms_of(pattern: str) -> frozenset[str]:
    """The ARN patterns of the resources that the actions are about."""
    found = (action for name in matching(pattern) if (action := known(name)))
    return frozenset(use.resource.pattern for action in found for use in action.uses)


def _expanded(it: Written) -> list[str]:
    """The patterns of Action that admit a known action; without those that are costly or all too wide."""
    chosen = (text for text, _ in it.texts("Action") if ":" in text and not WILDCARDS.search(text, 0, len(text) - 1))
    return [text for text in chosen if matching(text)]


def unused_keys(it: Written) -> Iterator[Remark]:
    """Condition keys that requests for some of the actions never have: an Allow does not reach these then."""
    tests = [(test, key) for test in it.tests if test.demands and (key := condition_key(test.key))]
    expanded = _expanded(it) if tests and it.kind is not Kind.TRUST else []
    seen: dict[str, list[str]] = {}
    for test, key in tests:
        lower = key.name.lower()
        if lower not in seen:
            seen[lower] = [text for text in expanded if lower not in keys_of(text)]
        if lower == RESOURCE_TAG:
            yield from _untagged(it, test, seen[lower])
        elif not key.everywhere and seen[lower]:
            message = f"no request for {_enumerated(seen[lower])} has {key.name}, so that it is never met"
            yield Remark("UNSUPPORTED_ACTION_FOR_CONDITION_KEY", message, test.path)


def _untagged(it: Written, test: Comparison, without: list[str]) -> Iterator[Remark]:
    effect = "ALLOW" if it.allow else "DENY"
    meaning = "allows" if it.allow else "denies"
    if it.texts("NotAction"):
        message = f"it {meaning} nothing of services that have no {shown(test.key)}; name the actions"
        yield Remark(f"{effect}_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", message, test.path)
    services = sorted({text.partition(":")[0].lower() for text in without})
    if services:
        message = f"it {meaning} nothing of {_enumerated(services)}, whose requests have no {shown(test.key)} here"
        yield Remark(f"{effect}_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE", message, test.path)


def _enumerated(texts: list[str]) -> str:
    more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return ", ".join(shown(it) for it in texts[:NAMED]) + more


def ignored_resources(it: Written) -> Iterator[Remark]:
    """Actions that are about none of the statement's resources: an Allow does not reach them."""
    arns = [text for text, _ in it.resources]
    if (
        it.kind in {Kind.TRUST, Kind.RCP}
        or not arns
        or len(arns) > EXAMINED
        or any(not arn.strip("*?") for arn in arns)
    ):
        return
    named = [heads(_starred(arn)) for arn in arns]
    reached: dict[str, bool] = {}
    without: list[str] = []
    for text in _expanded(it):
        forms = forms_of(text)
        for form in forms - reached.keys():
            reached[form] = any(meets(arn, heads(form)) for arn in named)
        if not any(reached[form] for form in forms) and not all(map(_retired, matching(text))):
            without.append(text if forms else f"{text} (only on *)")
    if without:
        message = f"none of the resources is one that {_enumerated(without)} is about"
        yield Remark("UNSUPPORTED_RESOURCE_FOR_ACTION", message, (*it.path, "Resource"))


def _starred(arn: str) -> str:
    """The ARN with a star for what comes from its first variable on."""
    begin, variable, _ = arn.partition("${")
    return begin + "*" * bool(variable)


def dependents(statements: list[Written]) -> Iterator[Remark]:
    """Actions that may need others which the document does not allow."""
    allowing = [it for it in statements if it.allow and it.kind is Kind.IDENTITY]
    if any("NotAction" in it.raw for it in allowing):
        return
    cover = Cover(text for it in allowing for text, _ in it.actions)
    for it in allowing:
        for text, place in it.actions:
            needed = [name for name in _dependent(text) if not cover.holds(name.lower())]
            if needed:
                message = f"{''.join(matching(text))} may need {_enumerated(needed)} too"
                yield Remark("MISSING_DEPENDENT_ACTION", message, place)


@lru_cache(maxsize=EVERY_ACTION)
def _dependent(action: str) -> tuple[str, ...]:
    found = known(action)
    return found.dependent if found else ()


STATEMENT: tuple[Callable[[Written], Iterator[Remark]], ...] = (unused_keys, ignored_resources)
DOCUMENT: tuple[Callable[[list[Written]], Iterator[Remark]], ...] = (names, dependents)
