"""The CDK app: one account, one schedule. Needs no credentials, no network and no Docker to synthesise."""

from infra.app import synthesise

synthesise()
