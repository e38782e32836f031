"""Alarms on what CloudTrail records: who is told, of which events.

Filters are tried on events, and not compared with a text: one that is wider than a benchmark's answers it, one that is
narrower does not, and one that matches everything tells nobody anything.
"""

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.subjects.monitoring import (
    DeniedCallMonitoring,
    FailedSignInMonitoring,
    KeyLossMonitoring,
    Monitoring,
    OrganizationChangeMonitoring,
    PolicyChangeMonitoring,
    RootUseMonitoring,
    SignInWithoutMfaMonitoring,
    TrailChangeMonitoring,
)

NAMED = 4
"""Events that a sentence names."""

FIX = (
    "aws logs put-metric-filter --region {it.home} --log-group-name {it.log_group} --filter-name {it.metric} "
    "--filter-pattern {it.pattern} --metric-transformations "
    "metricName={it.metric},metricNamespace=CloudTrail,metricValue=1"
    "   # on the log group of a multi-Region trail; then an alarm on the metric with a topic that somebody confirmed"
)


EDITIONS = {"1.2": 3, "1.4": 4, "1.5": 4, "2.0": 4, "3.0": 4, "4.0": 4, "5.0": 4, "6.0": 5, "7.0": 5}
"""The chapter on monitoring in each edition of CIS's benchmark."""


def cis(number: int) -> tuple[str, ...]:
    """The control of that number in every edition; what comes after the seventh is not in the first for IAM."""
    return tuple(f"cis-{it}/{chapter}.{number}" for it, chapter in EDITIONS.items() if number <= 7 or it != "1.2")  # noqa: PLR2004


def _untold(monitoring: Monitoring, what: str) -> Problems:
    """The problem, if there are events of which nobody is told."""
    if monitoring.missing:
        named, rest = monitoring.events[:NAMED], len(monitoring.events) - NAMED
        events = ", ".join(named) + (f" and {rest} more" if rest > 0 else "")
        through = f" (filter {', '.join(monitoring.filters)})" if monitoring.filters else ""
        yield Problem(
            f"no alarm tells of {what} ({events}): {monitoring.missing}{through}",
            {"missing": monitoring.missing, "events": monitoring.events, "filters": monitoring.filters},
        )


@check(Severity.LOW, controls=(*cis(1), "fsbp/CloudWatch.2", "iam-manager/10"), fix=FIX)
def denied_calls_without_alarm(it: DeniedCallMonitoring, ctx: Context) -> Problems:  # noqa: ARG001
    """No alarm tells of denied calls.

    Somebody who tries stolen credentials meets many closed doors before an open one. An alarm may wait for several
    calls. Codes count as services spell them: ``AccessDenied``, ``AccessDeniedException``,
    ``Client.UnauthorizedOperation``.
    """
    yield from _untold(it, "denied calls")


@check(Severity.MEDIUM, controls=(*cis(2), "fsbp/CloudWatch.3", "iam-manager/10"), fix=FIX)
def sign_in_without_mfa_without_alarm(it: SignInWithoutMfaMonitoring, ctx: Context) -> Problems:  # noqa: ARG001
    """No alarm tells of console sign-ins without MFA.

    A password alone opened the console: either somebody lacks a second factor, or it was not them. Federated sign-ins
    always say that there was no MFA, so that a filter may leave them out.
    """
    yield from _untold(it, "console sign-ins of IAM users without MFA")


@check(Severity.MEDIUM, controls=(*cis(3), "fsbp/CloudWatch.1", "fsbp/IAM.20", "iam-manager/10"), fix=FIX)
def root_use_without_alarm(it: RootUseMonitoring, ctx: Context) -> Problems:  # noqa: ARG001
    """No alarm tells of use of the root user.

    Few tasks need root, so that every use is worth a question on the same day. Sign-ins and calls both count.
    """
    yield from _untold(it, "use of the root user")


@check(Severity.MEDIUM, controls=(*cis(4), "fsbp/CloudWatch.4", "iam-manager/10"), fix=FIX)
def policy_changes_without_alarm(it: PolicyChangeMonitoring, ctx: Context) -> Problems:  # noqa: ARG001
    """No alarm tells of changes to IAM policies.

    Whoever changes a policy, or who holds it, changes what everything else is worth.
    """
    yield from _untold(it, "changes to IAM policies")


@check(Severity.MEDIUM, controls=(*cis(5), "fsbp/CloudWatch.5", "iam-manager/10"), fix=FIX)
def trail_changes_without_alarm(it: TrailChangeMonitoring, ctx: Context) -> Problems:  # noqa: ARG001
    """No alarm tells of changes to trails.

    After a trail is stopped there is nothing more to be alarmed by: its end is the last event that it tells of.
    """
    yield from _untold(it, "changes to trails")


@check(Severity.LOW, controls=(*cis(6), "fsbp/CloudWatch.6", "iam-manager/10"), fix=FIX)
def failed_sign_ins_without_alarm(it: FailedSignInMonitoring, ctx: Context) -> Problems:  # noqa: ARG001
    """No alarm tells of failed console sign-ins.

    Guessed passwords fail before they succeed. An alarm may wait for several failures.
    """
    yield from _untold(it, "failed console sign-ins")


@check(Severity.LOW, controls=(*cis(7), "iam-manager/10"), fix=FIX)
def key_loss_without_alarm(it: KeyLossMonitoring, ctx: Context) -> Problems:  # noqa: ARG001
    """No alarm tells of KMS keys that are disabled or scheduled for deletion.

    What the key encrypts is lost with it, and the days until then are all the time there is to stop it. A trail that
    leaves out the events of KMS tells no filter of them.
    """
    yield from _untold(it, "KMS keys that are disabled or scheduled for deletion")


@check(Severity.LOW, controls=(*cis(15), "iam-manager/10"), fix=FIX)
def organization_changes_without_alarm(it: OrganizationChangeMonitoring, ctx: Context) -> Problems:  # noqa: ARG001
    """No alarm tells of changes to the organization.

    Guardrails come from the organization: an account that leaves it, or a policy that is detached, has none any more.
    """
    yield from _untold(it, "changes to the organization")
