"""For each code of lint one statement, or document, of which it is said; and the place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.policy.written import Kind

ROLE = "arn:aws:iam::111122223333:role/deploy"
GITHUB = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"
SAML = "arn:aws:iam::111122223333:saml-provider/adfs"
SUB = "token.actions.githubusercontent.com:sub"
AUD = "token.actions.githubusercontent.com:aud"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What is said (`code`, at `path`) of a document of a kind."""

    code: str
    kind: Kind
    document: Any
    path: str


def sound(kind: Kind, **elements: Any) -> dict[str, Any]:
    """A statement of which nothing is said, with other elements; None leaves one out."""
    made: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::shop/*"}
    if kind is Kind.RESOURCE:
        made["Principal"] = {"AWS": "111122223333"}
    if kind is Kind.RCP:
        made |= {"Effect": "Deny", "Principal": "*"}
    if kind is Kind.TRUST:
        made = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    return {name: value for name, value in (made | elements).items() if value is not None}


def document(*statements: Mapping[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def one(code: str, where: str = "", kind: Kind = Kind.IDENTITY, **elements: Any) -> Said:
    """A document of one statement; `where` is the place in it."""
    made = document(sound(kind, **elements))
    return Said(code=code, kind=kind, document=made, path=f"Statement[0].{where}".removesuffix("."))


def asks(code: str, operator: str, key: str, value: Any, **more: Any) -> Said:
    """A document whose one statement has a condition, which is what is wrong."""
    kind = more.pop("kind", Kind.IDENTITY)
    end = more.pop("end", "")
    return one(code, f"Condition.{operator}.{key}{end}", kind, Condition={operator: {key: value}}, **more)


def trusts(code: str, where: str, principal: Any, action: Any = "sts:AssumeRole", **elements: Any) -> Said:
    return one(code, where, Kind.TRUST, Principal=principal, Action=action, **elements)


def whole(code: str, made: Any, path: str, kind: Kind = Kind.IDENTITY) -> Said:
    return Said(code=code, kind=kind, document=made, path=path)


LONG = [f"arn:aws:s3:::bucket-number-{number}/*" for number in range(400)]
WEB = "sts:AssumeRoleWithWebIdentity"
ORG = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}
SOURCE_ORG = {"StringNotEquals": {"aws:SourceOrgID": "o-1"}, "Bool": {"aws:PrincipalIsAWSService": "true"}}

GRAMMAR = (
    whole("JSON_SYNTAX_ERROR", '{"Version": ', ""),
    whole("MISSING_VERSION", {"Statement": [sound(Kind.IDENTITY)]}, ""),
    whole("INVALID_VERSION", document(sound(Kind.IDENTITY), version="2020-01-01"), "Version"),
    whole("MISSING_STATEMENT", {"Version": "2012-10-17"}, ""),
    whole("INVALID_POLICY_ELEMENT", {**document(sound(Kind.IDENTITY)), "Statements": []}, "Statements"),
    whole("DATA_TYPE_MISMATCH", [], ""),
    whole("DATA_TYPE_MISMATCH", {**document(sound(Kind.IDENTITY)), "Version": 1}, "Version"),
    whole("DATA_TYPE_MISMATCH", {**document(sound(Kind.IDENTITY)), "Id": 1}, "Id"),
    whole("DATA_TYPE_MISMATCH", document("Allow"), "Statement[0]"),  # type: ignore[arg-type]
    whole("DUPLICATE_ELEMENT", '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}', "Version"),
    one("DATA_TYPE_MISMATCH", "Effect", Effect=1),
    one("DATA_TYPE_MISMATCH", "Sid", Sid=1),
    one("DATA_TYPE_MISMATCH", "Action[0]", Action=[1]),
    one("DATA_TYPE_MISMATCH", "Condition", Condition="x"),
    one("DATA_TYPE_MISMATCH", "Condition.Bool", Condition={"Bool": "x"}),
    one("INVALID_POLICY_ELEMENT", "action", action="s3:*"),
    one("MISSING_EFFECT", Effect=None),
    one("INVALID_EFFECT", "Effect", Effect="allow"),
    one("MISSING_ACTION", Action=None),
    one("MISSING_RESOURCE", Resource=None),
    one("MISSING_PRINCIPAL", kind=Kind.RESOURCE, Principal=None),
    one("UNSUPPORTED_ELEMENT_COMBINATION", "NotAction", NotAction="s3:PutObject"),
    one("EMPTY_ARRAY_ACTION", "Action", Action=[]),
    one("EMPTY_ARRAY_RESOURCE", "Resource", Resource=[]),
    one("EMPTY_OBJECT_CONDITION", "Condition", Condition={}),
    one("EMPTY_OBJECT_CONDITION", "Condition.Bool", Condition={"Bool": {}}),
    one("EMPTY_SID_VALUE", "Sid", Sid=""),
    one("UNSUPPORTED_SID", "Sid", Sid="read only"),
    whole(
        "UNIQUE_SIDS_REQUIRED",
        document(sound(Kind.IDENTITY, Sid="a"), sound(Kind.IDENTITY, Sid="a", Action="s3:PutObject")),
        "Statement[1].Sid",
    ),
    whole(
        "UNIQUE_SIDS_RECOMMENDED",
        document(sound(Kind.RESOURCE, Sid="a"), sound(Kind.RESOURCE, Sid="a", Action="s3:PutObject")),
        "Statement[1].Sid",
        Kind.RESOURCE,
    ),
    whole(
        "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", document(sound(Kind.IDENTITY, Resource=LONG)), "", Kind.IDENTITY
    ),
)

PRINCIPALS = (
    one("UNSUPPORTED_PRINCIPAL", "Principal", Principal="*"),
    one("UNSUPPORTED_PRINCIPAL", "Principal", Kind.BOUNDARY, Principal="*"),
    one("SCP_SYNTAX_ERROR_PRINCIPAL", "Principal", Kind.SCP, Principal="*"),
    one("RCP_SYNTAX_ERROR_PRINCIPAL", "Principal", Kind.RCP, Principal={"AWS": "*"}),
    one("INVALID_PRINCIPAL_FORMAT", "Principal", Kind.RESOURCE, Principal="111122223333"),
    one("INVALID_PRINCIPAL_FORMAT", "Principal.AWS", Kind.RESOURCE, Principal={"AWS": "ana"}),
    one("INVALID_PRINCIPAL_KEY", "Principal.Aws", Kind.RESOURCE, Principal={"Aws": "111122223333"}),
    one("EMPTY_OBJECT_PRINCIPAL", "Principal", Kind.RESOURCE, Principal={}),
    one("EMPTY_ARRAY_PRINCIPAL", "Principal.AWS", Kind.RESOURCE, Principal={"AWS": []}),
    one("DATA_TYPE_MISMATCH", "Principal.AWS[0]", Kind.RESOURCE, Principal={"AWS": [1]}),
    one("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", "Principal.AWS", Kind.RESOURCE, Principal={"AWS": f"{ROLE}*"}),
    one("UNSUPPORTED_WILDCARD_IN_PRINCIPAL", "Principal.Service", Kind.TRUST, Principal={"Service": "*"}),
    one("INVALID_SERVICE_PRINCIPAL_FORMAT", "Principal.Service", Kind.TRUST, Principal={"Service": "ec2"}),
    asks("INVALID_SERVICE_PRINCIPAL_FORMAT", "StringEquals", "iam:PassedToService", "ec2", Action="iam:PassRole"),
    one("FEDERATED_PRINCIPAL_NOT_SUPPORTED", "Principal.Federated", Kind.RESOURCE, Principal={"Federated": SAML}),
    trusts("INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY", "Principal.Federated", {"Federated": ROLE}, WEB),
    trusts("INVALID_ROLE_REFERENCE", "Principal.AWS", {"AWS": "AROA1234567890123456"}),
    trusts("INVALID_USER_REFERENCE", "Principal.AWS", {"AWS": "AIDA1234567890123456"}),
    trusts("ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", "Principal", "*"),
    trusts("ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL", "NotPrincipal", None, NotPrincipal={"AWS": ROLE}),
    trusts("ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", "Resource", {"AWS": ROLE}, Resource="*"),
    trusts("UNSUPPORTED_ACTION_IN_POLICY", "Action", {"AWS": ROLE}, "s3:GetObject"),
    trusts("MISMATCHED_ACTION_FOR_PRINCIPAL", "Action", {"AWS": ROLE}, WEB),
    trusts("MISMATCHED_ACTION_FOR_PRINCIPAL", "Action", {"Federated": GITHUB}),
    trusts(
        "MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY",
        "Principal.Service",
        {"Service": "rolesanywhere.amazonaws.com"},
    ),
    trusts(
        "MISSING_ACTION_FOR_CONDITION_KEY",
        "Condition.StringLike.sts:SourceIdentity",
        {"AWS": ROLE},
        Condition={"StringLike": {"sts:SourceIdentity": "ana"}},
    ),
    trusts(
        "REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY",
        "Principal.AWS[1]",
        {"AWS": [ROLE, "arn:aws:sts::111122223333:assumed-role/deploy/ana"]},
    ),
    whole(
        "POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA",
        document(sound(Kind.TRUST, Condition={"StringEquals": {"aws:userid": LONG}})),
        "",
        Kind.TRUST,
    ),
)

ACTIONS = (
    one("MALFORMED_ACTION", "Action", Action="GetObject"),
    one("MALFORMED_ACTION", "Action", Action="s3:Get:Object"),
    one("WILDCARD_IN_SERVICE_NAME", "Action", Action="s*:GetObject"),
    one("INVALID_ACTION", "Action", Action="s3:GetObjekt"),
    one("INVALID_ACTION", "NotAction[0]", Effect="Deny", Action=None, NotAction=["s3:Fetch*"]),
    one("INVALID_SERVICE_IN_ACTION", "Action", Action="s4:GetObject"),
    one("RETIRED_ACTION", "Action", Action="codestar:CreateProject", Resource="*"),
    one("RETIRED_ACTION", "Action", Action="evidently:*", Resource="*"),
    one("UNSUPPORTED_RESOURCE_FOR_ACTION", "Resource", Action=["s3:GetObject", "ec2:DescribeInstances"]),
    one("UNSUPPORTED_RESOURCE_FOR_ACTION", "Resource", Action="iam:GetRole"),
    one("MISSING_DEPENDENT_ACTION", "Action", Action="lambda:CreateFunction", Resource="*"),
    one("REDUNDANT_ACTION", "Action[1]", Action=["s3:Get*", "S3:GETobject"]),
    one("REDUNDANT_RESOURCE", "Resource[0]", Resource=["arn:aws:s3:::shop/a*", "arn:aws:s3:::shop/*"]),
    whole("REDUNDANT_STATEMENT", document(sound(Kind.IDENTITY, Sid="a"), sound(Kind.IDENTITY)), "Statement[1]"),
    whole(
        "REDUNDANT_STATEMENT",
        document(sound(Kind.IDENTITY), sound(Kind.IDENTITY, Action="*", Resource="*")),
        "Statement[0]",
    ),
    asks("UNSUPPORTED_ACTION_FOR_CONDITION_KEY", "StringEquals", "s3:prefix", "a/"),
    asks(
        "ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        "StringEquals",
        "aws:ResourceTag/a",
        "b",
        Action="sts:GetCaller*",
    ),
    asks(
        "DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        *("StringEquals", "aws:ResourceTag/a", "b"),
        Action="sts:GetCaller*",
        Effect="Deny",
    ),
    asks(
        "ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        *("StringEquals", "aws:ResourceTag/a", "b"),
        Action=None,
        NotAction="iam:*",
    ),
    asks(
        "DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE",
        *("StringEquals", "aws:ResourceTag/a", "b"),
        Action=None,
        NotAction="iam:*",
        Effect="Deny",
    ),
)

RESOURCES = (
    one("INVALID_ARN_PREFIX", "Resource", Resource="aws:s3:::shop"),
    one("MISSING_ARN_FIELD", "Resource", Resource="arn:aws:s3:shop"),
    one("INVALID_PARTITION", "Resource", Resource="arn:amazon:s3:::shop/*"),
    one("INVALID_ARN_SERVICE_CASE", "Resource", Resource="arn:aws:S3:::shop/*"),
    one("INVALID_ARN_REGION", "Resource", Resource="arn:aws:sqs:frankfurt:111122223333:mail", Action="sqs:SendMessage"),
    one("INVALID_ARN_ACCOUNT", "Resource", Resource="arn:aws:iam::11112222:role/x", Action="iam:GetRole"),
    one("WILDCARD_IN_SERVICE_NAME", "Resource", Resource="arn:aws:s*:::shop/*"),
    one("INVALID_ARN_RESOURCE", "Resource", Resource="arn:aws:iam::111122223333:rolle/x", Action="iam:*"),
    one("MISSING_ARN_ACCOUNT", "Resource", Resource="arn:aws:iam:::role/x", Action="iam:GetRole"),
    one("MISSING_ARN_REGION", "Resource", Resource="arn:aws:sqs::111122223333:mail", Action="sqs:SendMessage"),
    one(
        "ARN_REGION_NOT_ALLOWED", "Resource", Resource="arn:aws:iam:eu-west-1:111122223333:role/x", Action="iam:GetRole"
    ),
    one(
        "ARN_ACCOUNT_NOT_ALLOWED", "Resource", Resource="arn:aws:route53::111122223333:hostedzone/x", Action="route53:*"
    ),
    one("MISSING_BRACE_IN_VARIABLE", "Resource", Resource="arn:aws:s3:::shop/${aws:username"),
    one("EMPTY_VARIABLE", "Resource", Resource="arn:aws:s3:::shop/${}"),
    one("UNSUPPORTED_SPACE_IN_VARIABLE", "Resource", Resource="arn:aws:s3:::shop/${ aws:username}"),
    one("MISSING_QUOTE_IN_VARIABLE", "Resource", Resource="arn:aws:s3:::shop/${aws:username, nobody}"),
    one("VARIABLE_UNSUPPORTED_IN_ELEMENT", "Action", Action="s3:${aws:username}"),
    whole(
        "VARIABLE_UNSUPPORTED_IN_VERSION",
        document(sound(Kind.IDENTITY, Resource="arn:aws:s3:::shop/${aws:username}"), version="2008-10-17"),
        "Statement[0].Resource",
    ),
)

CONDITIONS = (
    one("INVALID_CONDITION_OPERATOR", "Condition.StringMatches", Condition={"StringMatches": {"aws:userid": "a"}}),
    one("INVALID_CONDITION_OPERATOR", "Condition.ForEach:Bool", Condition={"ForEach:Bool": {"aws:userid": "a"}}),
    one("NULL_WITH_IF_EXISTS", "Condition.NullIfExists", Condition={"NullIfExists": {"aws:userid": "true"}}),
    one("NULL_WITH_QUALIFIER", "Condition.ForAnyValue:Null", Condition={"ForAnyValue:Null": {"aws:TagKeys": "true"}}),
    one(
        "DUPLICATE_KEYS_WITH_DIFFERENT_CASE",
        "Condition.StringEquals.aws:UserId",
        Condition={"StringEquals": {"aws:userid": "a", "aws:UserId": "b"}},
    ),
    asks("INVALID_CONDITION_KEY_FORMAT", "StringEquals", "userid", "a"),
    asks("MISSING_TAG_KEY_IN_CONDITION", "StringEquals", "aws:PrincipalTag", "a"),
    asks("UNSUPPORTED_GLOBAL_CONDITION_KEY", "ArnLike", "aws:ARN", ROLE),
    asks("INVALID_GLOBAL_CONDITION_KEY", "StringEquals", "aws:Weather", "a"),
    asks("INVALID_SERVICE_CONDITION_KEY", "StringEquals", "s3:Weather", "a"),
    asks("INVALID_SERVICE", "StringEquals", "s4:Prefix", "a"),
    asks("TYPE_MISMATCH", "StringEquals", "aws:SecureTransport", "true"),
    asks("STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS", "StringLike", "aws:PrincipalArn", f"{ROLE}*"),
    asks("MISSING_QUALIFIER", "StringEquals", "aws:TagKeys", "a", Action="ec2:CreateTags", Resource="*"),
    asks("FORALLVALUES_WITH_SINGLE_VALUED_KEY", "ForAllValues:StringEquals", "aws:userid", "a"),
    asks("UNTRUSTWORTHY_CONDITION_KEY", "StringEquals", "aws:Referer", "a"),
    asks("MISSING_PAIRED_CONDITION_KEYS", "IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"),
    asks(
        "FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE",
        *("ForAnyValue:StringEquals", AUD, "sts.amazonaws.com"),
        kind=Kind.TRUST,
        Action=WEB,
        Principal={"Federated": GITHUB},
    ),
    asks("INVALID_VARIABLE_FOR_OPERATOR", "NumericEquals", "aws:MultiFactorAuthAge", "${aws:username}"),
    asks("WILDCARD_WITHOUT_LIKE_OPERATOR", "StringEquals", "aws:userid", "a*"),
    asks("EMPTY_ARRAY_CONDITION", "StringEquals", "aws:userid", []),
    asks("EMPTY_ARRAY_CONDITION_IFEXISTS", "StringEqualsIfExists", "aws:userid", []),
    asks("EMPTY_ARRAY_CONDITION_FORANYVALUE", "ForAnyValue:StringEquals", "aws:PrincipalOrgPaths", []),
    asks("EMPTY_ARRAY_CONDITION_FORALLVALUES", "ForAllValues:StringEquals", "aws:PrincipalOrgPaths", []),
    asks("DATA_TYPE_MISMATCH", "StringEquals", "aws:userid", [{}], end="[0]"),
    asks("INVALID_CONDITION_DATA_TYPE", "StringEquals", "aws:userid", ["1", 2]),
    asks("TYPE_MISMATCH_NUMBER", "NumericLessThan", "aws:MultiFactorAuthAge", "an hour"),
    asks("REDUNDANT_CONDITION_VALUE_NUM", "NumericLessThan", "aws:MultiFactorAuthAge", ["1", "2"]),
    asks("INVALID_DATE_VALUE", "DateLessThan", "aws:CurrentTime", "1700000000"),
    asks("TYPE_MISMATCH_DATE", "DateLessThan", "aws:CurrentTime", "2026-13-01"),
    asks("TYPE_MISMATCH_BOOLEAN", "Bool", "aws:SecureTransport", "yes"),
    asks("INVALID_CONDITION_MULTIPLE_BOOLEAN", "Bool", "aws:SecureTransport", ["true", "false"]),
    asks("TYPE_MISMATCH_STRING", "BinaryEquals", "aws:userid", "no base64!"),
    asks("TYPE_MISMATCH_IP_RANGE", "IpAddress", "aws:SourceIp", "203.0.113.0/33"),
    asks("IMPROVE_IP_RANGE", "IpAddress", "aws:SourceIp", "203.0.113.7/24"),
    asks("PRIVATE_IP_ADDRESS", "IpAddress", "aws:SourceIp", "10.1.0.0/16"),
    asks("PRIVATE_NOT_IP_ADDRESS", "NotIpAddress", "aws:SourceIp", "fd00::/8"),
    asks("PRIVATE_IP_ADDRESS_SUBSET", "IpAddress", "aws:SourceIp", ["10.1.0.0/16", "203.0.113.0/24"]),
    asks("PRIVATE_NOT_IP_ADDRESS_SUBSET", "NotIpAddress", "aws:SourceIp", ["10.1.0.0/16", "203.0.113.0/24"]),
    asks("INVALID_VPC_FORMAT", "StringEquals", "aws:SourceVpc", "vpc-1"),
    asks("INVALID_VPCE_FORMAT", "StringEquals", "aws:SourceVpce", "vpc-12345678"),
    asks("INVALID_REGION", "StringEquals", "aws:RequestedRegion", "frankfurt"),
    asks("WILDCARD_USAGE_TOO_PERMISSIVE", "StringLike", "aws:PrincipalOrgID", "o-*"),
    asks("VARIABLE_USAGE_TOO_PERMISSIVE", "StringLike", "aws:PrincipalAccount", "${s3:prefix}"),
    asks("EQUIVALENT_TO_NULL_FALSE", "StringLike", "aws:userid", "*"),
    asks("EQUIVALENT_TO_NULL_TRUE", "StringNotLike", "aws:userid", "*"),
    asks("REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", "StringLikeIfExists", "aws:userid", "*"),
)

DANGERS = (
    *(
        one(f"{code}_WITH_STAR_IN_RESOURCE", "Action", Action=action, Resource=resource)
        for code, action in (("PASS_ROLE", "iam:PassRole"), ("CREATE_SLR", "iam:CreateServiceLinkedRole"))
        for resource in ("*", "arn:aws:iam::111122223333:role/*")
    ),
    *(
        one(f"{code}_WITH_{end}", where, Kind.IDENTITY, **{"Action": None, **elements})
        for code, action in (("PASS_ROLE", "iam:PassRole"), ("CREATE_SLR", "iam:CreateServiceLinkedRole"))
        for end, where, elements in (
            ("STAR_IN_ACTION_AND_RESOURCE", "Action", {"Action": "iam:*", "Resource": "*"}),
            ("STAR_IN_RESOURCE_AND_NOT_ACTION", "NotAction", {"NotAction": "s3:*", "Resource": "*"}),
            ("NOT_RESOURCE", "Action", {"Action": action, "Resource": None, "NotResource": ROLE}),
            ("STAR_IN_ACTION_AND_NOT_RESOURCE", "Action", {"Action": "*", "Resource": None, "NotResource": ROLE}),
            ("NOT_ACTION_AND_NOT_RESOURCE", "NotAction", {"NotAction": "s3:*", "Resource": None, "NotResource": ROLE}),
        )
    ),
    one("ALLOW_WITH_NOT_ACTION", "NotAction", Action=None, NotAction="iam:*"),
    one("ALLOW_WITH_NOT_RESOURCE", "NotResource", Resource=None, NotResource="arn:aws:s3:::pay/*"),
    one("ALLOW_WITH_NOT_PRINCIPAL", "NotPrincipal", Kind.RESOURCE, Principal=None, NotPrincipal={"AWS": ROLE}),
    trusts("INVALID_ARN_ACCOUNT", "Principal.AWS", {"AWS": "arn:aws:iam::12345:role/x"}),
    trusts("PUBLIC_PRINCIPAL", "Principal.AWS", {"AWS": "*"}),
    one("PUBLIC_PRINCIPAL", "Principal.AWS", Kind.RESOURCE, Principal={"AWS": "*"}),
    one(
        "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL",
        "Principal.Service",
        Kind.RESOURCE,
        Principal={"Service": "logs.amazonaws.com"},
    ),
    asks(
        "RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL",
        *("StringEquals", "aws:Referer", "111122223333"),
        kind=Kind.RESOURCE,
        Principal={"Service": "ses.amazonaws.com"},
    ),
    asks(
        "UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL",
        *("StringEquals", "aws:PrincipalOrgID", "o-1"),
        kind=Kind.RESOURCE,
        Principal={"Service": "ses.amazonaws.com"},
    ),
    trusts("MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL", "Principal.Federated", {"Federated": GITHUB}, WEB),
    trusts(
        "MISSING_GITHUB_REPO_CONDITION_KEY",
        "Principal.Federated",
        {"Federated": GITHUB},
        WEB,
        Condition={"StringEquals": {AUD: "sts.amazonaws.com"}},
    ),
    trusts(
        "SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED",
        f"Condition.StringLike.{SUB}",
        {"Federated": GITHUB},
        WEB,
        Condition={"StringLike": {SUB: "repo:shop/*"}},
    ),
    trusts(
        "MISSING_CONDITION_KEY_FOR_SAML_PRINCIPAL", "Principal.Federated", {"Federated": SAML}, "sts:AssumeRoleWithSAML"
    ),
    asks(
        "DYNAMODB_ATTRIBUTES_WITHOUT_SELECT",
        *("ForAllValues:StringEquals", "dynamodb:Attributes", "id"),
        Action="dynamodb:GetItem",
        Resource="*",
    ),
    asks(
        "S3_PREFIX_IN_NEGATIVE_CONTEXT",
        *("StringLike", "s3:prefix", "pay/*"),
        Effect="Deny",
        Action="s3:ListBucket",
        Resource="*",
    ),
    asks(
        "S3_PREFIX_IN_NEGATIVE_CONTEXT",
        *("StringNotLike", "s3:prefix", "pay/*"),
        Action="s3:ListBucket",
        Resource="*",
    ),
)

ORGANIZATIONS = (
    whole("POLICY_SIZE_EXCEEDS_SCP_QUOTA", document(sound(Kind.SCP, Effect="Deny", Resource=LONG)), "", Kind.SCP),
    whole("POLICY_SIZE_EXCEEDS_RCP_QUOTA", document(sound(Kind.RCP, Resource=LONG)), "", Kind.RCP),
    one("RCP_SYNTAX_ERROR_ALLOW", "Effect", Kind.RCP, Effect="Allow"),
    one("RCP_SYNTAX_ERROR_NOTACTION", "NotAction", Kind.RCP, Action=None, NotAction="s3:*"),
    one("RCP_SYNTAX_ERROR_ACTION", "Action", Kind.RCP, Action="iam:*"),
    one(
        "RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY",
        "Condition.StringNotEqualsIfExists.aws:PrincipalOrgID",
        Kind.RCP,
        Condition=ORG,
    ),
    one(
        "RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY",
        "Condition.StringNotEquals.aws:SourceOrgID",
        Kind.RCP,
        Condition={"StringNotEquals": {"aws:SourceOrgID": "o-1"}},
    ),
    one(
        "RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK",
        "Condition.StringNotEquals.aws:SourceOrgID",
        Kind.RCP,
        Condition=SOURCE_ORG,
    ),
)

CASES = (
    *GRAMMAR,
    *PRINCIPALS,
    *ACTIONS,
    *RESOURCES,
    *CONDITIONS,
    *DANGERS,
    *ORGANIZATIONS,
)
