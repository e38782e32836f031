"""Boundaries, session policies, and the policies of an organization."""

from tests.policy.probes.probe import (
    ALL,
    NOTHING_HERE,
    OBJECT,
    ORGANIZATIONS,
    ROLE,
    SESSION,
    USER_GUIDE,
    Probe,
    allow,
    but,
    deny,
    doc,
    to,
)

BOUNDARIES = f"{USER_GUIDE}access_policies_boundaries.html"
POLICIES = f"{USER_GUIDE}access_policies.html#policies_session"
LOGIC = f"{USER_GUIDE}reference_policies_evaluation-logic_policy-eval-denyallow.html"
LEVELS = f"{ORGANIZATIONS}orgs_manage_policies_scps_evaluation.html"
CONTROL = f"{ORGANIZATIONS}orgs_manage_policies_scps.html"
RESOURCE_LEVELS = f"{ORGANIZATIONS}orgs_manage_policies_rcps_evaluation.html"
OPERATORS = f"{USER_GUIDE}reference_policies_elements_condition_operators.html"

READS = doc(allow("s3:Get*"))
WITH_MFA = doc(allow(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
OUTSIDE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}

UNKNOWNS = (
    Probe(
        id="conditional-allow",
        claim="An Allow under an unknown condition lets through, and names the condition",
        page=OPERATORS,
        identity=(WITH_MFA,),
        allowed=True,
        conditions=frozenset({"aws:multifactorauthpresent"}),
    ),
    Probe(
        id="conditional-deny",
        claim="A Deny under an unknown condition does not bite, and names the condition",
        page=OPERATORS,
        identity=(doc(allow(), deny("s3:*", Condition=OUTSIDE)),),
        allowed=True,
        conditions=frozenset({"unless aws:sourceip"}),
    ),
    Probe(
        id="conditional-both",
        claim="An Allow and a Deny under unknown conditions name both",
        page=OPERATORS,
        identity=(WITH_MFA, doc(deny("s3:*", Condition=OUTSIDE))),
        allowed=True,
        conditions=frozenset({"aws:multifactorauthpresent", "unless aws:sourceip"}),
    ),
    Probe(
        id="unconditional-beside-conditional",
        claim="Where one Allow has no condition nothing remains to be met",
        page=LOGIC,
        identity=(WITH_MFA, ALL),
        allowed=True,
        conditions=frozenset(),
    ),
    Probe(
        id="certain-deny-beside-open-one",
        claim="A Deny without a condition bites whatever another one hangs on",
        page=LOGIC,
        identity=(doc(allow(), deny("s3:*", Condition=OUTSIDE), deny("s3:Get*")),),
        allowed=False,
        conditions=frozenset(),
        decides=("identity", 3),
    ),
    Probe(
        id="condition-of-another-statement",
        claim="The condition of a statement that does not speak of the request is not told",
        page=LOGIC,
        identity=(doc(allow(), deny("iam:*", Condition=OUTSIDE)),),
        allowed=True,
        conditions=frozenset(),
    ),
    Probe(
        id="met-condition-is-not-told",
        claim="A condition that is met is not told",
        page=OPERATORS,
        identity=(WITH_MFA,),
        known={"aws:multifactorauthpresent": ("true",)},
        allowed=True,
        conditions=frozenset(),
    ),
    Probe(
        id="condition-of-the-principal",
        claim="What is known of the principal settles conditions",
        page=OPERATORS,
        identity=(doc(allow(Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})),),
        own={"aws:principaltag/team": ("blue",)},
        allowed=False,
    ),
    Probe(
        id="unknown-operator-allows",
        claim="An Allow with an operator that nobody knows lets through, and names the key",
        page=OPERATORS,
        identity=(doc(allow(Condition={"StringResembles": {"aws:PrincipalTag/team": "red"}})),),
        own={"aws:principaltag/team": ("red",)},
        allowed=True,
        conditions=frozenset({"aws:principaltag/team"}),
    ),
    Probe(
        id="unknown-operator-does-not-deny",
        claim="A Deny with an operator that nobody knows does not bite; other statements are judged as ever",
        page=OPERATORS,
        identity=(
            doc(
                deny(Condition={"StringResembles": {"aws:PrincipalTag/team": "red"}}),
                allow("s3:GetObject"),
            ),
        ),
        own={"aws:principaltag/team": ("red",)},
        allowed=True,
        conditions=frozenset({"unless aws:principaltag/team"}),
    ),
    Probe(
        id="deny-without-mfa-of-a-key",
        claim="A Deny of what has no MFA does not bite where the key is absent",
        page=f"{USER_GUIDE}reference_policies_condition-keys.html#condition-keys-multifactorauthpresent",
        identity=(doc(allow(), deny(Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}})),),
        known={"aws:multifactorauthpresent": ()},
        allowed=True,
    ),
    Probe(
        id="deny-without-mfa-if-exists",
        claim="With IfExists a Deny of what has no MFA bites where the key is absent",
        page=f"{USER_GUIDE}reference_policies_condition-keys.html#condition-keys-multifactorauthpresent",
        identity=(doc(allow(), deny(Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}})),),
        known={"aws:multifactorauthpresent": ()},
        allowed=False,
    ),
)

BOUNDS = (
    Probe(
        id="boundary-allows",
        claim="What identity and boundary allow is allowed",
        page=BOUNDARIES,
        boundary=READS,
        allowed=True,
    ),
    Probe(
        id="boundary-silent",
        claim="What the boundary does not allow is denied",
        page=BOUNDARIES,
        boundary=NOTHING_HERE,
        allowed=False,
        decides=("boundary", 0),
    ),
    Probe(
        id="boundary-denies",
        claim="A Deny of the boundary wins",
        page=BOUNDARIES,
        boundary=doc(allow(), deny("s3:*")),
        allowed=False,
        decides=("boundary", 2),
    ),
    Probe(
        id="boundary-grants-nothing",
        claim="A boundary by itself allows nothing",
        page=BOUNDARIES,
        identity=(),
        boundary=ALL,
        allowed=False,
        decides=("identity", 0),
    ),
    Probe(
        id="boundary-of-a-role",
        claim="A boundary binds a role",
        page=BOUNDARIES,
        arn=ROLE,
        boundary=NOTHING_HERE,
        allowed=False,
        decides=("boundary", 0),
    ),
    Probe(
        id="boundary-of-a-session",
        claim="A boundary binds the sessions of a role",
        page=BOUNDARIES,
        arn=SESSION,
        boundary=NOTHING_HERE,
        allowed=False,
    ),
    Probe(
        id="boundary-with-not-action",
        claim="A boundary may leave out actions",
        page=BOUNDARIES,
        boundary=doc(but(allow(), NotAction="s3:*")),
        allowed=False,
    ),
    Probe(
        id="boundary-on-a-condition",
        claim="The condition of a boundary remains to be met",
        page=BOUNDARIES,
        boundary=WITH_MFA,
        allowed=True,
        conditions=frozenset({"aws:multifactorauthpresent"}),
    ),
    Probe(
        id="boundary-on-a-condition-that-fails",
        claim="The condition of a boundary binds",
        page=BOUNDARIES,
        boundary=WITH_MFA,
        known={"aws:multifactorauthpresent": ("false",)},
        allowed=False,
    ),
)

SESSIONS = (
    Probe(
        id="session-allows",
        claim="What role and session policy allow is allowed",
        page=POLICIES,
        arn=SESSION,
        session=READS,
        allowed=True,
    ),
    Probe(
        id="session-silent",
        claim="What the session policy does not allow is denied",
        page=POLICIES,
        arn=SESSION,
        session=NOTHING_HERE,
        allowed=False,
        decides=("session", 0),
    ),
    Probe(
        id="session-denies",
        claim="A Deny of the session policy wins",
        page=POLICIES,
        arn=SESSION,
        session=doc(allow(), deny("s3:*")),
        allowed=False,
        decides=("session", 2),
    ),
    Probe(
        id="session-grants-nothing",
        claim="A session policy by itself allows nothing",
        page=POLICIES,
        arn=SESSION,
        identity=(),
        session=ALL,
        allowed=False,
        decides=("identity", 0),
    ),
    Probe(
        id="three-layers",
        claim="Identity, boundary and session policy must all allow",
        page=LOGIC,
        arn=SESSION,
        boundary=READS,
        session=doc(allow("s3:Put*")),
        allowed=False,
        decides=("session", 0),
    ),
)

SERVICE_CONTROL = (
    Probe(
        id="no-service-control",
        claim="The management account and service-linked roles have no levels, and nothing of them binds",
        page=CONTROL,
        levels=(),
        allowed=True,
    ),
    Probe(
        id="every-level-allows",
        claim="What every level allows is allowed",
        page=LEVELS,
        levels=((ALL,), (READS,), (NOTHING_HERE, doc(allow("s3:*")))),
        allowed=True,
    ),
    Probe(
        id="one-level-silent",
        claim="What one level does not allow is denied",
        page=LEVELS,
        levels=((ALL,), (NOTHING_HERE,), (ALL,)),
        allowed=False,
        decides=("service control", 0),
    ),
    Probe(
        id="account-level-silent",
        claim="What the account's own level does not allow is denied",
        page=LEVELS,
        levels=((ALL,), (ALL,), (NOTHING_HERE,)),
        allowed=False,
    ),
    Probe(
        id="root-level-silent",
        claim="What the root does not allow is denied",
        page=LEVELS,
        levels=((NOTHING_HERE,), (ALL,), (ALL,)),
        allowed=False,
    ),
    Probe(
        id="levels-apart",
        claim="Levels that allow different things leave nothing",
        page=LEVELS,
        levels=((doc(allow("s3:Put*")),), (doc(allow("s3:Get*")),)),
        allowed=False,
    ),
    Probe(
        id="level-without-policies",
        claim="A level without any policy allows nothing",
        page=LEVELS,
        levels=((ALL,), ()),
        allowed=False,
    ),
    Probe(
        id="level-with-two-policies",
        claim="One policy of a level is enough to allow",
        page=LEVELS,
        levels=((NOTHING_HERE, READS),),
        allowed=True,
    ),
    Probe(
        id="level-denies",
        claim="A Deny at one level wins",
        page=LEVELS,
        levels=((ALL, doc(deny("s3:*"))), (ALL,), (ALL,)),
        allowed=False,
        decides=("service control", 1),
    ),
    Probe(
        id="last-level-denies",
        claim="A Deny at the account's own level wins",
        page=LEVELS,
        levels=((ALL,), (ALL,), (ALL, doc(deny("s3:GetObject")))),
        allowed=False,
    ),
    Probe(
        id="service-control-grants-nothing",
        claim="Levels by themselves allow nothing",
        page=CONTROL,
        identity=(),
        levels=((ALL,),),
        allowed=False,
        decides=("identity", 0),
    ),
    Probe(
        id="region-fence",
        claim="A fence of Regions denies what lies outside",
        page=f"{ORGANIZATIONS}orgs_manage_policies_scps_examples.html",
        action="ec2:RunInstances",
        resource="arn:aws:ec2:us-east-1:111122223333:instance/*",
        levels=(
            (
                ALL,
                doc(
                    but(
                        deny(Condition={"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}),
                        NotAction=["iam:*", "sts:*"],
                    )
                ),
            ),
        ),
        known={"aws:requestedregion": ("us-east-1",)},
        allowed=False,
    ),
    Probe(
        id="level-spares-a-role",
        claim="A Deny of all but one role spares it",
        page=f"{ORGANIZATIONS}orgs_manage_policies_scps_examples.html",
        arn=ROLE,
        levels=((ALL, doc(deny(Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/dep*"}}))),),
        own={"aws:principalarn": (ROLE,)},
        allowed=True,
        conditions=frozenset(),
    ),
    Probe(
        id="level-denies-the-others",
        claim="A Deny of all but one role denies the others",
        page=f"{ORGANIZATIONS}orgs_manage_policies_scps_examples.html",
        levels=((ALL, doc(deny(Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/dep*"}}))),),
        own={"aws:principalarn": ("arn:aws:iam::111122223333:user/ana",)},
        allowed=False,
    ),
    Probe(
        id="level-under-an-unknown-condition",
        claim="A Deny of a level under an unknown condition does not bite, and is told",
        page=LEVELS,
        levels=((ALL, doc(deny("s3:*", Condition=OUTSIDE))),),
        allowed=True,
        conditions=frozenset({"unless aws:sourceip"}),
    ),
    Probe(
        id="all-layers",
        claim="Identity, boundary, session and every level must allow",
        page=LOGIC,
        arn=SESSION,
        boundary=READS,
        session=READS,
        levels=((ALL,), (READS,)),
        allowed=True,
        conditions=frozenset(),
    ),
)

RESOURCE_CONTROL = (
    Probe(
        id="resource-control-passes",
        claim="RCPFullAWSAccess lets through",
        page=RESOURCE_LEVELS,
        resource_levels=((doc(to("*", allow())),),),
        allowed=True,
    ),
    Probe(
        id="resource-control-denies",
        claim="A Deny of one level of the resource's account wins",
        page=RESOURCE_LEVELS,
        resource_levels=((doc(to("*", allow())),), (doc(to("*", allow())), doc(to("*", deny("s3:*"))))),
        allowed=False,
        decides=("resource control", 1),
    ),
    Probe(
        id="resource-control-of-other-resources",
        claim="A Deny of other resources denies nothing else",
        page=RESOURCE_LEVELS,
        resource_levels=((doc(to("*", allow()), to("*", deny("s3:*", "arn:aws:s3:::hr/*"))),),),
        allowed=True,
    ),
    Probe(
        id="resource-control-of-strangers",
        claim="A Deny of strangers spares the organization",
        page=f"{ORGANIZATIONS}orgs_manage_policies_rcps_examples.html",
        resource_levels=(
            (
                doc(
                    to("*", allow()),
                    to("*", deny("s3:*", Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}})),
                ),
            ),
        ),
        own={"aws:principalorgid": ("o-1",)},
        allowed=True,
        conditions=frozenset(),
    ),
    Probe(
        id="resource-control-of-a-stranger",
        claim="A Deny of strangers denies them",
        page=f"{ORGANIZATIONS}orgs_manage_policies_rcps_examples.html",
        resource_levels=(
            (
                doc(
                    to("*", allow()),
                    to("*", deny("s3:*", Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}})),
                ),
            ),
        ),
        own={"aws:principalorgid": ("o-2",)},
        allowed=False,
    ),
    Probe(
        id="resource-control-grants-nothing",
        claim="Levels of the resource's account by themselves allow nothing",
        page=f"{ORGANIZATIONS}orgs_manage_policies_rcps.html",
        identity=(doc(allow("s3:PutObject", OBJECT)),),
        resource_levels=((doc(to("*", allow())),),),
        allowed=False,
    ),
)

PROBES = (*UNKNOWNS, *BOUNDS, *SESSIONS, *SERVICE_CONTROL, *RESOURCE_CONTROL)
