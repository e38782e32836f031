"""What is answered beside moto: what it does not know, needs more packages for, or has in every account and Region."""

from tests.aws.answers import effective_policy
from tests.aws.wire import Reply, always

REGIONS = [{"RegionName": name, "OptInStatus": "opt-in-not-required"} for name in ("eu-west-1", "us-east-1")]

BESIDE_MOTO: dict[str, Reply] = {
    "DescribeRegions": always({"Regions": REGIONS}),
    "ListInstances": always({"Instances": []}),
    "DescribeEffectivePolicy": effective_policy,
    "ListOrganizationsFeatures": always({"EnabledFeatures": []}),
    "ListServiceSpecificCredentials": always({"ServiceSpecificCredentials": []}),
    "GetJobs": always({"Jobs": []}),
    "DescribeStacks": always({"Stacks": []}),
    "ListTrustAnchors": always({"trustAnchors": []}),
    "ListProfiles": always({"profiles": []}),
}
