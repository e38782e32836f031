from auditor.checks.credentials_for_services import (
    long_term_bedrock_key,
    powerful_bedrock_key,
    stale_service_credential,
)
from auditor.core.case import Case
from tests.build import bedrock_key, service_credential

CASES = (
    Case(
        stale_service_credential,
        fails={
            service_credential(age=91): "ACCA1 of ana for codecommit.amazonaws.com is 91 days old (limit 90)",
            service_credential(age=91, service="cassandra.amazonaws.com"): (
                "ACCA1 of ana for cassandra.amazonaws.com is 91 days old (limit 90)"
            ),
            service_credential(age=91, ends=30, service="logs.amazonaws.com"): (
                "ACCA1 of ana for logs.amazonaws.com is 91 days old (limit 90)"
            ),
        },
        passes=(
            service_credential(age=90),
            service_credential(age=91, active=False),
            service_credential(age=91, ends=0),
        ),
    ),
    Case(
        long_term_bedrock_key,
        fails={
            bedrock_key(ends=30): "the Bedrock API key ACCA1 of ana ends on 2026-12-20",
            bedrock_key(): "the Bedrock API key ACCA1 of ana never ends",
            # As good as never: the longest life that can be asked for.
            bedrock_key(age=0, ends=36600): "the Bedrock API key ACCA1 of ana never ends",
            bedrock_key(age=0, ends=3651): "the Bedrock API key ACCA1 of ana never ends",
            bedrock_key(age=0, ends=3650): "the Bedrock API key ACCA1 of ana ends on 2036-11-17",
        },
        # What has ended opens nothing, whatever its status says.
        passes=(bedrock_key(active=False), bedrock_key(ends=-1), bedrock_key(ends=0)),
    ),
    Case(
        powerful_bedrock_key,
        fails={
            bedrock_key(administrator=True): "the Bedrock API key ACCA1 is of ana, an administrator",
            bedrock_key(whole=True): "the Bedrock API key ACCA1 is of ana, who may do everything in Bedrock",
        },
        passes=(bedrock_key(), bedrock_key(administrator=True, active=False), bedrock_key(whole=True, ends=-1)),
    ),
)
