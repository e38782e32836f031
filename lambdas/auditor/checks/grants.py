"""Single rights that few should have, in managed and inline policies alike; AWS's own policies are left out."""

from collections.abc import Iterator

from auditor.core.check import Context, Problem, Problems, Severity, check
from auditor.core.subjects.entities import Policy
from auditor.policy.breadth import sensitive_actions
from auditor.policy.document import Statement, administrator_statement, every, grant, statements
from auditor.policy.match import matches, whole

AGENTCORE = "bedrock-agentcore.amazonaws.com"
IDENTITIES = "workload-identity-directory/default/workload-identity/*"
"""Where AgentCore keeps the identities of an account's agents."""


@check(
    Severity.HIGH,
    controls=("nist-800-53-r5/AC-6", "pci-4.0/7.2.2", "iam-best-practice/6", "iam-anti-pattern/4", "iam-manager/5"),
    fix="name in {it.name} the roles that may be assumed instead of every role",
)
def assumption_of_every_role(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows assuming every role.

    What a role may do, its holder then may do wherever the role's trust leaves it to IAM: usually in the whole
    account, and with * in other accounts too.
    """
    if _judged(policy):
        statement = grant(policy.document, "sts:AssumeRole", every("iam:role", policy.resource))
        yield from _as_problem(policy, statement, "assuming every role")


@check(
    Severity.HIGH,
    controls=(
        "access-analyzer/PASS_ROLE_WITH_STAR_IN_RESOURCE",
        "access-analyzer/PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
        "access-analyzer/PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION",
        "access-analyzer/PASS_ROLE_WITH_NOT_RESOURCE",
        "access-analyzer/PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE",
        "access-analyzer/PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE",
        "nist-800-53-r5/AC-6",
        "iam-best-practice/6",
        "iam-best-practice/12",
        "iam-anti-pattern/4",
        "iam-manager/5",
    ),
    fix="name in {it.name} the roles that may be passed, or bind iam:PassRole to a service with iam:PassedToService",
)
def passing_of_every_role(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows passing every role to any service.

    Who starts a function or an instance with a stronger role acts as that role. A condition that names services by
    iam:PassedToService passes; one that any service meets does not, and roles that are spared by name do not make the
    rest harmless.
    """
    if _judged(policy):
        found = [it for it in _passing(policy) if not any(it.services_named)]
        yield from _as_problem(policy, next(iter(found), None), "passing every role to any service")


@check(
    Severity.HIGH,
    controls=("nist-800-53-r5/AC-6", "iam-best-practice/6", "iam-best-practice/10", "iam-manager/5"),
    fix="name in {it.name} the roles that may be passed to " + AGENTCORE,
)
def passing_of_every_role_to_agentcore(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows passing every role to Bedrock AgentCore.

    What runs in AgentCore is code that its user brought: with a stronger role it is that role in the user's hands.
    Without a condition on the service, passing every role says so already.
    """
    if _judged(policy):
        found = [it for it in _passing(policy) if any(matches(name, AGENTCORE) for name in it.services_named)]
        yield from _as_problem(policy, next(iter(found), None), "passing every role to Bedrock AgentCore")


def _passing(policy: Policy) -> Iterator[Statement]:
    """The statements that allow passing every role, or every one but some."""
    roles = every("iam:role", policy.resource)
    if not _denied(policy, "iam:PassRole", roles):
        allowed = [it for it in statements(policy.document) if it.allow and it.speaks_of("iam:PassRole")]
        yield from (it for it in allowed if it.reaches(roles) or it.not_resources is not None)


def _denied(policy: Policy, action: str, resource: str) -> bool:
    said = [it for it in statements(policy.document) if it.speaks_of(action) and it.reaches(resource)]
    return any(not it.allow and not it.conditions for it in said)


@check(
    Severity.MEDIUM,
    controls=("nist-800-53-r5/AC-6", "iam-best-practice/6", "iam-manager/5"),
    fix="name in {it.name} the products with aws-marketplace:ProductId, or leave subscribing to a procurement role",
)
def subscription_to_every_product(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows subscribing to every product of AWS Marketplace.

    A subscription is a contract and a bill, and brings other people's software and models into the account.
    """
    if _judged(policy):
        yield from _as_problem(
            policy, grant(policy.document, "aws-marketplace:Subscribe"), "subscribing to every Marketplace product"
        )


@check(
    Severity.HIGH,
    controls=("nist-800-53-r5/AC-6", "iam-best-practice/6", "iam-manager/5"),
    fix="name in {it.name} the workload identity of the agent itself",
)
def every_workload_token(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows fetching the AgentCore tokens of every workload.

    With the token of another agent's identity its holder fetches what that agent may fetch: its users' tokens and
    keys for other services.
    """
    if _judged(policy):
        found = [it for it in statements(policy.document) if it.allow and _every_token(it)]
        denied = _denied(policy, "bedrock-agentcore:GetWorkloadAccessToken", "*")
        yield from _as_problem(policy, None if denied else next(iter(found), None), "fetching every workload's token")


def _every_token(statement: Statement) -> bool:
    names = ("", "ForJWT", "ForUserId")
    fetches = any(statement.speaks_of(f"bedrock-agentcore:GetWorkloadAccessToken{name}") for name in names)
    places = [whole(it).rpartition(":")[2] for it in statement.resources or ()]
    return fetches and (statement.resources is None or any(matches(it, IDENTITIES) for it in places))


@check(
    Severity.MEDIUM,
    controls=(
        "nist-800-53-r5/AC-6",
        "pci-4.0/7.2.2",
        "iam-best-practice/6",
        "iam-best-practice/10",
        "iam-anti-pattern/4",
        "iam-manager/5",
    ),
    fix="name in {it.name} the resources, or add a condition such as aws:PrincipalTag or aws:SourceVpce",
)
def unconditional_sensitive_action(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows sensitive actions on every resource without any condition.

    These actions hand out rights or secrets, or cannot be undone. Whoever takes over a holder has them at once, from
    anywhere. Wildcards of whole services are told by the checks of those.
    """
    found = sensitive_actions(policy.document) if _judged(policy) else ()
    if found:
        yield Problem(
            f"{policy.name} allows {', '.join(found)} on everything, unconditionally; held by {policy.holders}",
            {"allowed": found},
        )


@check(
    Severity.MEDIUM,
    controls=("nist-800-53-r5/AC-6", "iam-best-practice/6", "iam-best-practice/12", "iam-manager/5"),
    fix="say in {it.name} what is allowed instead of what is not: Action and Resource with Allow",
)
def allow_by_exclusion(policy: Policy, ctx: Context) -> Problems:  # noqa: ARG001
    """Policy allows everything except what it names.

    Allow with NotAction or NotResource grows with every action and resource that AWS or the account adds. NotAction
    with a whole service is told with the whole services.
    """
    if _judged(policy):
        found = dict.fromkeys(word for it in statements(policy.document) if it.allow for word in _exclusions(it))
        if found:
            words = " and ".join(found)
            yield Problem(f"{policy.name} allows by {words}; held by {policy.holders}", {"elements": tuple(found)})


def _exclusions(statement: Statement) -> Iterator[str]:
    if statement.not_actions is not None and not any(it.endswith(":*") for it in statement.not_actions):
        yield "NotAction"
    if statement.not_resources is not None:
        yield "NotResource"


def _judged(policy: Policy) -> bool:
    """Whether it is the account's own, grants something, and less than everything."""
    own = not policy.aws_managed and not policy.boundary_only
    return own and not policy.in_aws_role and administrator_statement(policy.document) is None


def _as_problem(policy: Policy, statement: Statement | None, what: str) -> Problems:
    if statement:
        reason = f"{policy.name} allows {what}{statement.proviso}; held by {policy.holders}"
        yield Problem(reason, {"conditions": statement.conditions})
