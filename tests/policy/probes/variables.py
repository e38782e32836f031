"""Policy variables: what the context fills in."""

from typing import Any

from tests.policy.probes.probe import OBJECT, USER_GUIDE, Probe, allow, but, deny, doc

VARIABLES = f"{USER_GUIDE}reference_policies_variables.html"
VERSION = f"{USER_GUIDE}reference_policies_elements_version.html"
HOME = "arn:aws:s3:::home/${aws:username}/*"
ANAS = "arn:aws:s3:::home/ana/cv.txt"
ANA = {"aws:username": ("ana",)}
NONE = {"aws:username": ()}


def prefix(pattern: str, operator: str = "StringLike") -> dict[str, Any]:
    return {"Condition": {operator: {"s3:prefix": pattern}}}


RESOURCES = (
    Probe(
        id="own-home",
        claim="The user's name is filled in",
        page=VARIABLES,
        resource=ANAS,
        own=ANA,
        identity=(doc(allow("s3:*", HOME)),),
        allowed=True,
        conditions=frozenset(),
    ),
    Probe(
        id="other-home",
        claim="The user's name is no other name",
        page=VARIABLES,
        resource="arn:aws:s3:::home/bo/cv.txt",
        own=ANA,
        identity=(doc(allow("s3:*", HOME)),),
        allowed=False,
    ),
    Probe(
        id="variable-case",
        claim="The case of a variable's name does not count",
        page=VARIABLES,
        resource=ANAS,
        own=ANA,
        identity=(doc(allow("s3:*", "arn:aws:s3:::home/${AWS:UserName}/*")),),
        allowed=True,
    ),
    Probe(
        id="variable-of-a-request",
        claim="What the request tells is filled in like what the principal tells",
        page=VARIABLES,
        resource=ANAS,
        known={"s3:prefix": ("ana",)},
        identity=(doc(allow("s3:*", "arn:aws:s3:::home/${s3:prefix}/*")),),
        allowed=True,
    ),
    Probe(
        id="two-variables",
        claim="Each of several variables is filled in",
        page=VARIABLES,
        resource="arn:aws:s3:::home/red/ana",
        own={**ANA, "aws:principaltag/team": ("red",)},
        identity=(doc(allow("s3:*", "arn:aws:s3:::home/${aws:PrincipalTag/team}/${aws:username}")),),
        allowed=True,
    ),
    Probe(
        id="unknown-variable-lets-through",
        claim="An Allow with an unknown variable lets through what it may speak of, and says so",
        page=VARIABLES,
        resource=ANAS,
        identity=(doc(allow("s3:*", HOME)),),
        allowed=True,
        conditions=frozenset({"aws:username"}),
    ),
    Probe(
        id="unknown-variable-elsewhere",
        claim="An Allow with an unknown variable does not speak of what no value reaches",
        page=VARIABLES,
        resource=OBJECT,
        identity=(doc(allow("s3:*", HOME)),),
        allowed=False,
    ),
    Probe(
        id="unknown-variable-does-not-deny",
        claim="A Deny with an unknown variable does not bite, and says so",
        page=VARIABLES,
        resource=ANAS,
        identity=(doc(allow(), deny("s3:*", HOME)),),
        allowed=True,
        conditions=frozenset({"unless aws:username"}),
    ),
    Probe(
        id="variable-of-a-deny",
        claim="A Deny fills in variables",
        page=VARIABLES,
        resource=ANAS,
        own=ANA,
        identity=(doc(allow(), deny("s3:*", HOME)),),
        allowed=False,
    ),
    Probe(
        id="not-resource-with-a-variable",
        claim="NotResource fills in variables",
        page=VARIABLES,
        resource=ANAS,
        own=ANA,
        identity=(doc(allow(), but(deny("s3:*"), NotResource=HOME)),),
        allowed=True,
        conditions=frozenset(),
    ),
    Probe(
        id="not-resource-with-another-s-variable",
        claim="NotResource with a variable is as narrow as its value",
        page=VARIABLES,
        resource="arn:aws:s3:::home/bo/cv.txt",
        own=ANA,
        identity=(doc(allow(), but(deny("s3:*"), NotResource=HOME)),),
        allowed=False,
    ),
    Probe(
        id="not-resource-with-an-unknown-variable",
        claim="A Deny of all but an unknown value does not bite where that value may be, and says so",
        page=VARIABLES,
        resource=ANAS,
        identity=(doc(allow(), but(deny("s3:*"), NotResource=HOME)),),
        allowed=True,
        conditions=frozenset({"unless aws:username"}),
    ),
    Probe(
        id="not-resource-with-an-unknown-variable-elsewhere",
        claim="A Deny of all but an unknown value bites where no value reaches",
        page=VARIABLES,
        resource=OBJECT,
        identity=(doc(allow(), but(deny("s3:*"), NotResource=HOME)),),
        allowed=False,
    ),
)

NO_VALUE = f"{VARIABLES}#policy-vars-no-value"
OTHER_TEAM = {"Condition": {"StringNotEquals": {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}}}

ABSENT = (
    Probe(
        id="absent-variable-allows-nothing",
        claim="An Allow of a resource with a variable that the request lacks allows nothing",
        page=NO_VALUE,
        resource=ANAS,
        own=NONE,
        identity=(doc(allow("s3:*", HOME)),),
        allowed=False,
    ),
    Probe(
        id="absent-variable-denies-nothing",
        claim="A Deny of a resource with a variable that the request lacks denies nothing",
        page=NO_VALUE,
        resource=ANAS,
        own=NONE,
        identity=(doc(allow(), deny("s3:*", HOME)),),
        allowed=True,
        conditions=frozenset(),
    ),
    Probe(
        id="absent-variable-excludes-nothing",
        claim="NotResource with a variable that the request lacks lists nothing",
        page=NO_VALUE,
        resource=ANAS,
        own=NONE,
        identity=(doc(allow(), but(deny("s3:*"), NotResource=HOME)),),
        allowed=False,
    ),
    Probe(
        id="absent-variable-is-not-its-text",
        claim="A variable that the request lacks is not its own text",
        page=NO_VALUE,
        resource="arn:aws:s3:::home/${aws:username}/x",
        own=NONE,
        identity=(doc(allow("s3:*", HOME)),),
        allowed=False,
    ),
    Probe(
        id="absent-variable-equals-nothing",
        claim="Nothing is equal to a variable that the request lacks, not even nothing",
        page=NO_VALUE,
        known={"aws:principaltag/team": (), "s3:existingobjecttag/team": ("",)},
        identity=(doc(allow(Condition={"StringEquals": {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}})),),
        allowed=False,
    ),
    Probe(
        id="absent-variable-differs",
        claim="Everything differs from a variable that the request lacks: a Deny of other teams bites",
        page=NO_VALUE,
        known={"aws:principaltag/team": (), "s3:existingobjecttag/team": ("red",)},
        identity=(doc(allow(), deny("s3:*", **OTHER_TEAM)),),
        allowed=False,
    ),
    Probe(
        id="own-team",
        claim="A Deny of other teams spares the own one",
        page=NO_VALUE,
        known={"aws:principaltag/team": ("red",), "s3:existingobjecttag/team": ("red",)},
        identity=(doc(allow(), deny("s3:*", **OTHER_TEAM)),),
        allowed=True,
        conditions=frozenset(),
    ),
    Probe(
        id="absent-variable-is-like-nothing",
        claim="Everything is unlike a variable that the request lacks, whatever wildcards stand beside it",
        page=NO_VALUE,
        own=NONE,
        known={"s3:prefix": ("ana/x",)},
        identity=(doc(allow("s3:*", **prefix("*${aws:username}*", "StringNotLike"))),),
        allowed=True,
        conditions=frozenset(),
    ),
)

DEFAULTS = (
    Probe(
        id="default-of-an-absent-variable",
        claim="The default stands where the request lacks the key",
        page=f"{VARIABLES}#policy-vars-default-values",
        resource="arn:aws:s3:::home/anybody/x",
        own=NONE,
        identity=(doc(allow("s3:*", "arn:aws:s3:::home/${aws:username, 'anybody'}/*")),),
        allowed=True,
        conditions=frozenset(),
    ),
    Probe(
        id="default-beside-a-value",
        claim="The default does not stand where the request has the key",
        page=f"{VARIABLES}#policy-vars-default-values",
        resource="arn:aws:s3:::home/anybody/x",
        own=ANA,
        identity=(doc(allow("s3:*", "arn:aws:s3:::home/${aws:username, 'anybody'}/*")),),
        allowed=False,
    ),
    Probe(
        id="default-of-an-unknown-variable",
        claim="Where the key is unknown the default is one possibility",
        page=f"{VARIABLES}#policy-vars-default-values",
        resource="arn:aws:s3:::home/anybody/x",
        identity=(doc(allow("s3:*", "arn:aws:s3:::home/${aws:username, 'anybody'}/*")),),
        allowed=True,
        conditions=frozenset({"aws:username"}),
    ),
)

SPECIAL = f"{VARIABLES}#policy-vars-specialchars"

CHARACTERS = (
    Probe(
        id="literal-star",
        claim="The variable of a star is a star that is no wildcard",
        page=SPECIAL,
        identity=(doc(allow("s3:*", **prefix("a${*}c"))),),
        known={"s3:prefix": ("abc",)},
        allowed=False,
    ),
    Probe(
        id="literal-star-is-a-star",
        claim="The variable of a star admits a star",
        page=SPECIAL,
        identity=(doc(allow("s3:*", **prefix("a${*}c"))),),
        known={"s3:prefix": ("a*c",)},
        allowed=True,
    ),
    Probe(
        id="literal-star-of-a-resource",
        claim="The variable of a star is no wildcard in a resource",
        page=SPECIAL,
        identity=(doc(allow("s3:*", "arn:aws:s3:::ledger/${*}")),),
        allowed=False,
    ),
    Probe(
        id="literal-question-mark",
        claim="The variable of a question mark is no wildcard",
        page=SPECIAL,
        identity=(doc(allow("s3:*", **prefix("a${?}c"))),),
        known={"s3:prefix": ("abc",)},
        allowed=False,
    ),
    Probe(
        id="literal-question-mark-is-one",
        claim="The variable of a question mark admits one, also beside a wildcard",
        page=SPECIAL,
        identity=(doc(allow("s3:*", **prefix("a${?}*"))),),
        known={"s3:prefix": ("a?bc",)},
        allowed=True,
    ),
    Probe(
        id="literal-dollar",
        claim="The variable of a dollar sign admits one",
        page=SPECIAL,
        identity=(doc(allow("s3:*", **prefix("${$}5"))),),
        known={"s3:prefix": ("$5",)},
        allowed=True,
    ),
    Probe(
        id="literal-dollar-begins-no-variable",
        claim="A dollar sign that was filled in begins no variable",
        page=SPECIAL,
        own=ANA,
        identity=(doc(allow("s3:*", **prefix("${$}{aws:username}", "StringEquals"))),),
        known={"s3:prefix": ("${aws:username}",)},
        allowed=True,
    ),
)

VERSIONS = (
    Probe(
        id="old-version-fills-nothing-in",
        claim="A document of 2008 has no variables",
        page=VERSION,
        resource=ANAS,
        own=ANA,
        identity=(doc(allow("s3:*", HOME), version="2008-10-17"),),
        allowed=False,
    ),
    Probe(
        id="no-version-fills-nothing-in",
        claim="A document without a version has no variables",
        page=VERSION,
        resource=ANAS,
        own=ANA,
        identity=(doc(allow("s3:*", HOME), version=None),),
        allowed=False,
    ),
    Probe(
        id="old-version-is-literal",
        claim="In a document of 2008 a variable is its own text",
        page=VERSION,
        resource="arn:aws:s3:::home/${aws:username}/x",
        own=ANA,
        identity=(doc(allow("s3:*", HOME), version="2008-10-17"),),
        allowed=True,
        conditions=frozenset(),
    ),
    Probe(
        id="old-version-of-a-condition",
        claim="In the conditions of a document of 2008 a variable is its own text",
        page=VERSION,
        own=ANA,
        known={"s3:prefix": ("ana/",)},
        identity=(doc(allow("s3:*", **prefix("${aws:username}/")), version="2008-10-17"),),
        allowed=False,
    ),
    Probe(
        id="each-document-has-its-version",
        claim="The version of one document is not that of another",
        page=VERSION,
        resource=ANAS,
        own=ANA,
        identity=(doc(allow("s3:*", HOME), version="2008-10-17"), doc(allow("s3:*", HOME))),
        allowed=True,
    ),
)

CONDITIONS = (
    Probe(
        id="variable-of-a-string-comparison",
        claim="String comparisons fill in variables",
        page=f"{VARIABLES}#policy-vars-conditionelement",
        own=ANA,
        known={"s3:prefix": ("ana/",)},
        identity=(doc(allow("s3:*", **prefix("${aws:username}/", "StringEquals"))),),
        allowed=True,
    ),
    Probe(
        id="variable-of-an-arn-comparison",
        claim="ARN comparisons fill in variables",
        page=f"{VARIABLES}#policy-vars-conditionelement",
        own=ANA,
        known={"aws:sourcearn": ("arn:aws:sns:eu-west-1:111122223333:ana-topic",)},
        identity=(doc(allow("s3:*", Condition={"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:${aws:username}-*"}})),),
        allowed=True,
    ),
    Probe(
        id="variable-of-two-tags",
        claim="A tag of the resource is compared with a tag of the principal",
        page=f"{VARIABLES}#policy-vars-tags",
        own={"aws:principaltag/team": ("red",)},
        known={"aws:resourcetag/team": ("blue",)},
        identity=(doc(allow(Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}})),),
        allowed=False,
    ),
    Probe(
        id="unknown-variable-of-a-condition",
        claim="An unknown variable in a condition leaves it open, and is named",
        page=f"{VARIABLES}#policy-vars-conditionelement",
        known={"s3:prefix": ("ana/",)},
        identity=(doc(allow("s3:*", **prefix("${aws:username}/"))),),
        allowed=True,
        conditions=frozenset({"aws:username"}),
    ),
    Probe(
        id="absent-variable-of-a-condition",
        claim="A condition with a variable that the request lacks is not met",
        page=VARIABLES,
        own=NONE,
        known={"s3:prefix": ("/",)},
        identity=(doc(allow("s3:*", **prefix("${aws:username}/"))),),
        allowed=False,
    ),
)

PROBES = (*RESOURCES, *ABSENT, *DEFAULTS, *CHARACTERS, *VERSIONS, *CONDITIONS)
