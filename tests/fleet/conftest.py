"""One deployment that audits every account of an organization, for all tests of this folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests.deployed import deploy, drive, emulator, peopled
from tests.deployed.access_analyzer import RegionAnswers
from tests.deployed.beside import Said
from tests.deployed.emulator import Emulator
from tests.deployed.speaking import Answers, said
from tests.fleet import members
from tests.fleet.fleet import NAME, Fleet
from tests.fleet.members import EXTERNAL_ID, Members

MADE = datetime(2026, 11, 1, tzinfo=UTC)
ADMINISTRATOR, FOUND_IN = "member-7", "member-3"
"""The account that has the organization's analyzer, and the one that it finds something in."""

BUCKET = "arn:aws:s3:::shared-by-member-3"


def analyzers(known: Members, home: str) -> dict[str, RegionAnswers]:
    """The organization's analyzer in the account `home`, and what it found in a member."""
    arn = f"arn:aws:access-analyzer:eu-west-1:{home}:analyzer/organization"
    analyzer = {"arn": arn, "name": "organization", "type": "ORGANIZATION", "status": "ACTIVE", "createdAt": MADE}
    times = dict.fromkeys(("analyzedAt", "createdAt", "updatedAt"), MADE)
    about = {"resource": BUCKET, "resourceType": "AWS::S3::Bucket", "resourceOwnerAccount": known.ids[FOUND_IN]}
    found = {"id": "e1a7", "status": "ACTIVE", "findingType": "ExternalAccess", **times, **about}
    return {"eu-west-1": RegionAnswers(analyzers=[analyzer], findings={arn: [found]})}


def beside(home: str) -> Iterator[Said]:
    """What is answered instead of the emulator, where the account `home` administers Access Analyzer."""
    entry = {
        "Id": home,
        "Arn": f"arn:aws:organizations::111122223333:account/o-1/{home}",
        "Email": "security@example.com",
        "Name": ADMINISTRATOR,
        "Status": "ACTIVE",
        "JoinedMethod": "CREATED",
        "JoinedTimestamp": MADE,
        "DelegationEnabledDate": MADE,
    }
    answers: Answers = {
        "organizations.ListDelegatedAdministrators": {"DelegatedAdministrators": [entry]},
        "iam.ListServiceSpecificCredentials": {"ServiceSpecificCredentials": []},
    }
    yield from peopled.beside()
    yield from said(answers)


@contextmanager
def delegate(known: Members, home: str) -> Iterator[None]:
    """Let the account `home` administer Access Analyzer meanwhile."""
    administered_by(known, home)
    try:
        yield
    finally:
        administered_by(known, known.ids[ADMINISTRATOR])


def administered_by(known: Members, home: str) -> None:
    """Let the account `home` administer Access Analyzer from now on."""
    known.emulator.set_beside(beside(home))
    known.emulator.set_access_analyzer(analyzers(known, home))


@pytest.fixture(scope="session")
def running() -> Iterator[Emulator]:
    with emulator.running() as found:
        yield found


@pytest.fixture(scope="session")
def organization(running: Emulator) -> Members:
    """The accounts, before anything is deployed."""
    found = members.join(running)
    administered_by(found, found.ids[ADMINISTRATOR])
    return found


@pytest.fixture(scope="session")
def fleet(running: Emulator, organization: Members) -> Iterator[Fleet]:
    accounts = {
        "audit_account": running.account,
        "organization": members.organization_of(running),
        "external_id": EXTERNAL_ID,
        "spread_minutes": 0,
        "at_once": 4,
    }
    with deploy.synthesized(running, auditor={"accounts": accounts}, **{"bundle-for": "here"}) as cdk:
        cdk.bootstrap()
        cdk.deploy(NAME)
        members.admit(organization, cdk.template("AccountAuditorMember"))
        outputs = cdk.outputs(NAME)
        heard = drive.listen(running, outputs["EventsTopic"])
        yield Fleet(
            emulator=running,
            members=organization,
            outputs=outputs,
            cdk=cdk,
            events=heard,
            usual=tuple(beside(organization.ids[ADMINISTRATOR])),
        )
