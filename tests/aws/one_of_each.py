"""What is asked about one by one, in an account that moto keeps, so that it is asked about."""

from typing import Any

from tests.aws.answers import ADMINISTRATOR
from tests.aws.beside_moto import BESIDE_MOTO
from tests.aws.wire import Reply, always
from tests.aws.workload_answers import here

IN_PRIVATE_CA = {"sourceType": "AWS_ACM_PCA", "sourceData": {"acmPcaArn": here("acm-pca", "certificate-authority/ca")}}

BESIDE_ONE_OF_EACH: dict[str, Reply] = BESIDE_MOTO | {
    "ListTrustAnchors": always({"trustAnchors": [{"source": IN_PRIVATE_CA}]}),
    "DescribeCertificateAuthority": always({"CertificateAuthority": {}}),
}


def make_one_of_each(iam: Any, user: str) -> None:
    """Identity providers, a server certificate, and a user that is an administrator with MFA."""
    iam.create_saml_provider(Name="adfs", SAMLMetadataDocument="x" * 1000)
    iam.create_open_id_connect_provider(Url="https://gitlab.com", ThumbprintList=["a" * 40])
    iam.upload_server_certificate(ServerCertificateName="shop", CertificateBody="x", PrivateKey="x")
    iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=ADMINISTRATOR)
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "234567"}
    iam.enable_mfa_device(UserName=user, SerialNumber=serial, **codes)
