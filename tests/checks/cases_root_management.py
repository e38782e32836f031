from auditor.checks.root_management import decentralized_root_access, remaining_root_credentials
from auditor.core.case import Case
from auditor.core.subjects.organization import CentralRootAccess, ManagedRoot
from tests.build import ACCOUNT, OWNER


def central(*, credentials: bool = True, sessions: bool = True) -> CentralRootAccess:
    return CentralRootAccess(resource=ACCOUNT, uid="account", credentials=credentials, sessions=sessions)


def managed(*left: str) -> ManagedRoot:
    return ManagedRoot(resource=OWNER.root_arn, uid="root", left=left)


CASES = (
    Case(
        decentralized_root_access,
        fails={
            central(credentials=False, sessions=False): (
                "central management is off for root credentials and root sessions"
            ),
            central(credentials=False): "central management is off for root credentials",
            central(sessions=False): "central management is off for root sessions",
        },
        passes=(central(),),
    ),
    Case(
        remaining_root_credentials,
        fails={
            managed("a password"): "the root user still has a password",
            managed("an access key", "a signing certificate"): (
                "the root user still has an access key and a signing certificate"
            ),
        },
        passes=(managed(),),
    ),
)
