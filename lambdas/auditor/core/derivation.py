"""How facts that no single source tells follow from what the sources said."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from auditor.core.model import Facts, Gaps, Observed, Subject, Unavailable


@dataclass(frozen=True)
class Made:
    """What a derivation gives: subjects, and what it could not see besides the gaps of its inputs."""

    subjects: Iterable[Subject]
    gaps: Gaps = field(default_factory=dict)
    via: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Derivation:
    """How subjects of kind `gives` follow from the kinds it `needs`; unavailable if one of them is.

    `uses` are kinds that it can do without: whatever is missing of them, the subjects are completely seen.
    """

    gives: type[Subject]
    needs: tuple[type[Subject], ...]
    make: Callable[..., Made | Unavailable]
    uses: tuple[type[Subject], ...] = ()

    def derive(self, facts: Facts) -> Observed[Subject] | Unavailable:
        """Apply to `facts`; as old as the oldest input, and with the inputs' gaps."""
        seen: list[Observed[Subject]] = []
        for kind in self.needs:
            known = _given(facts, kind)
            if isinstance(known, Unavailable):
                return replace(known, elsewhere="")  # what follows from it is this account's own
            seen.append(known)
        made = self.make(*seen, *(_given(facts, kind) for kind in self.uses))
        if isinstance(made, Unavailable):
            return made
        gaps = dict(made.gaps) | {key: gap for known in seen for key, gap in known.gaps.items()}
        as_of = min(known.as_of for known in seen)
        return Observed(subjects=tuple(made.subjects), as_of=as_of, gaps=gaps, via=made.via)


def _given(facts: Facts, kind: type[Subject]) -> Observed[Subject] | Unavailable:
    return facts.get(kind, Unavailable(reason=f"no source gives {kind.__name__}"))
