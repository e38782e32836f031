"""The templates that several modules make promises about, each made once."""

import pytest
from aws_cdk.assertions import Template

from tests.infra.templates import ORGANIZATION, SECRET, synthesised

SLACK = {"workspace": "T0123ABCD", "channel": "C0123ABCD"}


@pytest.fixture(scope="session")
def template() -> Template:
    return synthesised()


@pytest.fixture(scope="session")
def audited() -> Template:
    return synthesised(
        accounts=ORGANIZATION | {"at_once": 50, "tolerated_percent": 7},
        channels={
            "default": {"emails": ["security@example.com"], "slack": SLACK},
            "web": {"accounts": ["111122223333"], "emails": ["web@example.com"], "webhook_secret": SECRET},
            "shop": {"tags": {"team": "shop"}, "slack": SLACK | {"channel": "C0123SHOP"}, "webhook_secret": SECRET},
        },
        evidence_days=400,
        silence_hours=50,
        schedule="rate(12 hours)",
    )
