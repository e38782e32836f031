"""An organization in moto with something of everything."""

from typing import Any


def organize(organizations: Any) -> None:
    """Make an organization with service control policies, and a member that administers something for it."""
    organizations.create_organization(FeatureSet="ALL")
    (root,) = organizations.list_roots()["Roots"]
    organizations.enable_policy_type(RootId=root["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    made = organizations.create_account(Email="tools@example.com", AccountName="tools")["CreateAccountStatus"]
    organizations.register_delegated_administrator(
        AccountId=made["AccountId"], ServicePrincipal="guardduty.amazonaws.com"
    )
