"""Hand-made probes of the policy language, from AWS's documentation: what a request meets, and what AWS decides."""

from tests.policy.probes import conditions, language, layers, sharing, variables
from tests.policy.probes.probe import Probe, Row

PROBES: tuple[Probe, ...] = (*language.PROBES, *variables.PROBES, *layers.PROBES, *sharing.PROBES)

ROWS: tuple[Row, ...] = conditions.ROWS
