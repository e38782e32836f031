"""What AWS allows and charges, and what follows from it for an organization of any size.

Limits are the default quotas as AWS's documentation has them, prices the list prices on demand in us-east-1; both are
to be checked before anybody relies on them. Where AWS publishes nothing, the constant says that it is assumed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.settings import Deployment
from bench.meter import Units

SECONDS_A_FUNCTION = 900
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, as are the next two."""
FUNCTIONS_AT_ONCE = 1000
VCPU = 1024 / 1769
"""Of a processor, that a function of 1,024 MB has."""

MAP_AT_ONCE = 10_000
"""https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html: children of a Distributed Map."""
TRANSITIONS_A_SECOND, STARTS_A_SECOND = 500, 150
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: refill in the smaller Regions. The copy
that was at hand is an old one; newer ones say more."""

ASSUMED_A_SECOND = 600
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: AssumeRole and GetCallerIdentity
together, for each account and Region."""

ORGANIZATIONS_A_SECOND = 5
"""ASSUMED, and low: the quotas of Organizations' API are in its guide, but the copies at hand end before them. With
adaptive retries the plan settles at whatever the rate is."""
ACCOUNTS_IN_ORGANIZATION = 10_000
"""https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html: the most that is granted."""

WRITES_A_PARTITION = 1000
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html: units a second of one
partition, of the table and of each index; an index that is slower holds up the table's writes."""

CALL_SECONDS = 0.04
"""ASSUMED: an answer takes so long. The calls of an account are made one after the other, but for those to Regions."""
TRANSACTION_SECONDS = 0.1
"""ASSUMED, of a hundred items."""
REGIONS_AT_ONCE = 16

DOLLARS_A_GB_SECOND, DOLLARS_A_CALL = 0.0000133334, 0.20 / 1e6
"""https://aws.amazon.com/lambda/pricing: arm64."""
DOLLARS_A_TRANSITION, TRANSITIONS = 0.025 / 1000, 3
"""https://aws.amazon.com/step-functions/pricing: Standard. A child has two states, and its start counts."""
DOLLARS_A_WRITE, DOLLARS_A_READ, DOLLARS_A_GB_TABLE = 0.625e-6, 0.125e-6, 0.25 + 0.20
"""https://aws.amazon.com/dynamodb/pricing/on-demand: units, and storage with point-in-time recovery."""
DOLLARS_A_PUT, DOLLARS_A_GB_BUCKET = 0.005 / 1000, 0.023
"""https://aws.amazon.com/s3/pricing."""
DOLLARS_A_GB_LOG = 0.50
"""https://aws.amazon.com/cloudwatch/pricing: taken in."""
DAYS, GB, HOUR = 30, 1e9, 3600


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one account takes, on the average of all sizes unless it says otherwise.

    `seconds` and `seconds_largest` are of an audit on Lambda, `reported` of asking the account again each day; `first`
    and `daily` are units of the table. `hot_first` are the writes that an account's first audit makes to the partition
    that gets most, `largest_writes` those of the largest account to its own partition, in `largest_transactions`.
    """

    seconds: float
    seconds_largest: float
    calls: float
    first: Units
    daily: Units
    stored: float
    stored_a_day: float
    puts: float
    put: float
    logged: float
    plan_calls: float
    plan_bytes: float
    summarise_seconds: float
    missed_seconds: float
    hot_first: float
    hot_daily: float
    largest_writes: float
    largest_transactions: int

    def duration(self, accounts: int, at_once: int) -> float:
        """Seconds of a run: planned, audited at the rate that the slowest limit allows, summed up."""
        rate = min(at_once / self.seconds, STARTS_A_SECOND, TRANSITIONS_A_SECOND / TRANSITIONS, ASSUMED_A_SECOND / 3)
        spread = Deployment().accounts.spread_minutes * 60
        audits = max(accounts / rate, spread) + self.seconds_largest
        return self.plan_seconds(accounts) + audits + accounts * self.summarise_seconds

    def plan_seconds(self, accounts: int) -> float:
        return accounts * self.plan_calls / ORGANIZATIONS_A_SECOND

    def month(self, accounts: int) -> Iterator[tuple[str, float]]:
        """Dollars a month by service, once everything is stored for as long as it is kept."""
        audits, kept = accounts * DAYS, Deployment().evidence_days
        units = self.daily * audits
        yield "Lambda", audits * (self.seconds * DOLLARS_A_GB_SECOND + DOLLARS_A_CALL)
        yield "Step Functions", audits * TRANSITIONS * DOLLARS_A_TRANSITION
        table = accounts * (self.stored + 400 * self.stored_a_day) / GB
        yield "DynamoDB", units.writes * DOLLARS_A_WRITE + units.reads * DOLLARS_A_READ + table * DOLLARS_A_GB_TABLE
        bucket = accounts * kept * self.put / GB
        yield "S3", audits * self.puts * DOLLARS_A_PUT + bucket * DOLLARS_A_GB_BUCKET
        yield "CloudWatch Logs", audits * self.logged / GB * DOLLARS_A_GB_LOG

    def breaks(self) -> Iterator[tuple[float, str]]:
        """What does not hold any more, and from how many accounts on."""
        yield ACCOUNTS_IN_ORGANIZATION, "AWS grants no larger organization, and the settings list no more accounts"
        yield SECONDS_A_FUNCTION * ORGANIZATIONS_A_SECOND / self.plan_calls, "the plan takes 15 minutes"
        yield 700e6 / self.plan_bytes, "the plan needs more than the 700 MB that its function has free"
        yield SECONDS_A_FUNCTION / self.summarise_seconds, "summing up a whole run takes 15 minutes"
        yield SECONDS_A_FUNCTION / self.missed_seconds, "summing up a run that reached nobody takes 15 minutes"
        at_once, hours = Deployment().accounts.at_once, Deployment().silence_hours
        yield (
            hours * HOUR * at_once / self.seconds,
            f"a run with {at_once} at once takes {hours} hours, and is given up",
        )
        yield (
            hours * HOUR * FUNCTIONS_AT_ONCE / self.seconds,
            f"a run with {FUNCTIONS_AT_ONCE:,} at once takes {hours} hours, too",
        )

    def hottest(self, at_once: int) -> Iterator[tuple[str, float]]:
        """Writes a second to the partitions that get most, with so many audits at once."""
        yield "an index, in the first run", self.hot_first * at_once / self.seconds
        yield "an index, every other day", self.hot_daily * at_once / self.seconds
        writing = self.largest_transactions * TRANSACTION_SECONDS
        yield "the largest account's own, in its first audit", self.largest_writes / writing
