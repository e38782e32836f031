"""What a digest says of accounts that are not audited, and of a run over all accounts that failed."""

from collections.abc import Collection, Iterator, Sequence

from auditor.core.model import Owner
from auditor.core.telling import Reach, Unseen
from auditor.render.letter import Section
from auditor.render.wording import RESOURCES, joined, label, listed, moment, number

THE_ACCOUNT = "ACCOUNT"
"""Stands for an account's number in a reason that several share but for it."""


def headline(reach: Reach) -> list[str]:
    """``the last run failed``, ``2 accounts not audited``; nothing where all is well."""
    run, count = reach.failed, len(reach.missed)
    return [
        *([f"the last run {'failed' if run.error else 'has not finished'}"] if run else []),
        *([f"{number(count, 'account')} not audited"] if count else []),
    ]


def opening(reach: Reach) -> list[str]:
    """The same in sentences, in our own words."""
    run, count = reach.failed, len(reach.missed)
    known = "1 account is not audited: what is known of it is" if count == 1 else f"{count} accounts are not audited: "
    known += "" if count == 1 else "what is known of them is"
    return [
        *([f"The run of {moment(run.clock)} {'failed' if run.error else 'has not finished'}."] if run else []),
        *([f"{known} from before, if anything."] if count else []),
    ]


def sections(reach: Reach, new: Collection[Owner]) -> list[Section]:
    """Why the run failed, and a line for each reason why accounts are not audited; those that are `new` come first."""
    run = reach.failed
    return [
        listed("Last run", [run.error] if run and run.error else [], "line"),
        listed(f"Not audited ({len(reach.missed)})", list(_lines(reach.missed, new)), "reason"),
    ]


def _lines(missed: Sequence[Unseen], new: Collection[Owner]) -> Iterator[str]:
    groups: dict[tuple[bool, str], list[Unseen]] = {}
    for it in sorted(missed, key=lambda it: (it.owner.partition, it.owner.account)):
        reason = it.reason.replace(it.owner.account, THE_ACCOUNT)
        groups.setdefault((it.owner in new, reason), []).append(it)
    for (is_new, reason), them in sorted(groups.items(), key=lambda it: (not it[0][0], -len(it[1]), it[0][1])):
        yield f"{'new: ' if is_new else ''}{_line(reason, them)}"


def _line(reason: str, them: Sequence[Unseen]) -> str:
    labels = [label(it.owner, it.name) for it in them]
    if len(them) == 1:
        return f"{labels[0]}: {them[0].reason}"
    return f"{number(len(them), 'account')} ({joined(labels, RESOURCES)}): {reason}"
