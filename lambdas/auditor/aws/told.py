"""What a run has learned of the organization beforehand, as far as one account's audit is concerned.

The organization answers its management account and its delegated administrators only, and slowly. It is asked once a
run; what it said of an account takes the place of what the account itself would be refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import boto3

from auditor.core.model import Gaps, Unavailable


@dataclass(frozen=True, kw_only=True)
class Told:
    """Raw answers: DescribeOrganization's `organization`; the `account`, and its `parents` from below up to the root.

    `guardrails` are ListRoots, ListPoliciesForTarget of each level of the account, and DescribePolicy of each policy
    there, as the source `organization-policies` keeps them. `analyzers` are the organization's own, with the Regions
    that did not say theirs; `findings` what those analyzers found in the account, with the Regions that did not say.
    `instead` are sources that are not to be asked in this account, by name. `session` is one that the organization
    answers.
    """

    organization: Mapping[str, Any]
    account: Mapping[str, Any]
    parents: list[Any]
    guardrails: Mapping[str, Any]
    analyzers: list[Any]
    findings: list[Any]
    as_of: datetime
    session: boto3.Session = field(repr=False)
    analyzer_gaps: Gaps = field(default_factory=dict)
    finding_gaps: Gaps = field(default_factory=dict)
    instead: Mapping[str, Unavailable] = field(default_factory=dict)
