"""Regions, analyzers and their findings: side by side, and a Region that does not answer is a gap."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import EndpointConnectionError

from auditor.aws.gather import gather, snapshot
from auditor.aws.sources.analyzer_findings import ANALYZER_FINDINGS
from auditor.aws.sources.analyzers import ANALYZERS
from auditor.aws.sources.regions import REGIONS
from auditor.core.evidence import Answer, Evidence
from auditor.core.model import Observed, Unavailable
from auditor.core.subjects.access_analyzer import Analyzer, AnalyzerFinding, EnabledRegion
from tests.aws.answers import analyzer_entry, finding_entry
from tests.aws.wire import Refused, Wire, always, scripted
from tests.build import OWNER, ago
from tests.deployed.access_analyzer import FakeAccessAnalyzer, RegionAnswers

SOURCES = (REGIONS, ANALYZERS, ANALYZER_FINDINGS)


def opted(name: str, status: str = "opt-in-not-required") -> dict[str, str]:
    return {"RegionName": name, "OptInStatus": status, "Endpoint": f"ec2.{name}.amazonaws.com"}


def asked(
    regions: Mapping[str, RegionAnswers], *unreachable: str, also: tuple[dict[str, str], ...] = ()
) -> tuple[Evidence, Wire]:
    """Everything about these enabled Regions, and those in `also` with their opt-in status."""
    wire = Wire(script={"DescribeRegions": always({"Regions": [*map(opted, regions), *also]})})
    aws = scripted(wire)

    def refuse(request: AWSPreparedRequest, **_: object) -> None:
        if any(f".{region}." in request.url for region in unreachable):
            raise EndpointConnectionError(endpoint_url=request.url)

    aws.session.events.register("before-send", refuse)
    FakeAccessAnalyzer(regions).mount(aws.session)
    return gather(aws, SOURCES), wire


def answer(evidence: Evidence, source: str) -> Answer:
    given = evidence.answers[source]
    assert isinstance(given, Answer)
    return given


def analyzed(region: str, *findings: dict[str, Any], **members: Any) -> RegionAnswers:
    entry = analyzer_entry(region, **members)
    return {"analyzers": [entry], "findings": {entry["arn"]: list(findings)}}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


def test_region_that_is_not_enabled_is_a_gap_by_design_and_never_asked() -> None:
    evidence, wire = asked(
        {"eu-west-1": {}}, also=(opted("af-south-1", "not-opted-in"), opted("me-south-1", "opted-in"))
    )
    seen = snapshot(evidence).of(EnabledRegion)
    assert isinstance(seen, Observed)
    assert [it.resource for it in seen.subjects] == ["eu-west-1", "me-south-1"]
    gap = Unavailable(reason="the Region is not enabled for the account", inapplicable=True)
    assert seen.gaps == {"af-south-1": gap}
    assert sorted(call.region for call in wire.named("ListAnalyzers")) == ["eu-west-1", "me-south-1"]


def test_regions_are_asked_for_with_those_that_are_not_enabled() -> None:
    _, wire = asked({"eu-west-1": {}})
    assert [dict(call.params) for call in wire.named("DescribeRegions")] == [{"AllRegions": True}]


def test_region_that_does_not_answer_is_a_gap_and_the_others_are_complete() -> None:
    evidence, _ = asked(
        {
            "eu-west-1": analyzed("eu-west-1", finding_entry(1)),
            "eu-west-2": {"errors": {"ListAnalyzers": "AccessDeniedException"}},
            "ap-east-1": {"errors": {"ListAnalyzers": "UnrecognizedClientException"}},
            "eu-west-3": {},
            "us-east-1": analyzed("us-east-1", finding_entry(2)),
        },
        "eu-west-3",
    )
    listed = answer(evidence, "analyzers")
    assert [it["arn"].split(":")[3] for it in listed.raw["analyzers"]] == ["eu-west-1", "us-east-1"]
    assert listed.gaps["eu-west-2"].reason.startswith("ListAnalyzers: AccessDeniedException: ")
    not_enabled = Unavailable(reason="the Region is not enabled for the account", inapplicable=True)
    assert listed.gaps["ap-east-1"] == not_enabled
    assert listed.gaps["eu-west-3"].reason.startswith("EndpointConnectionError: Could not connect to the endpoint URL")
    assert set(listed.gaps) == {"eu-west-2", "ap-east-1", "eu-west-3"}
    findings = answer(evidence, "analyzer-findings")
    assert [it["id"] for it in findings.raw["findings"]] == ["f-1", "f-2"]


def test_region_whose_findings_are_denied_is_a_gap_of_the_findings_alone() -> None:
    refusing: RegionAnswers = {
        **analyzed("eu-west-2", finding_entry(2)),
        "errors": {"ListFindingsV2": "AccessDeniedException"},
    }
    evidence, _ = asked({"eu-west-1": analyzed("eu-west-1", finding_entry(1)), "eu-west-2": refusing})
    assert answer(evidence, "analyzers").gaps == {}
    findings = answer(evidence, "analyzer-findings")
    assert [it["id"] for it in findings.raw["findings"]] == ["f-1"]
    assert {it: gap.reason.split(": ")[:2] for it, gap in findings.gaps.items()} == {
        "eu-west-2": ["ListFindingsV2", "AccessDeniedException"]
    }


def test_region_that_did_not_answer_for_analyzers_is_a_gap_of_its_findings() -> None:
    denied: RegionAnswers = {"errors": {"ListAnalyzers": "AccessDeniedException"}}
    evidence, _ = asked({"eu-west-1": analyzed("eu-west-1"), "eu-west-2": denied})
    seen = snapshot(evidence).of(Analyzer)
    assert isinstance(seen, Observed)
    assert set(seen.gaps) == {"eu-west-2"}


def test_all_pages_of_findings_are_read() -> None:
    findings = [finding_entry(number) for number in range(250)]
    evidence, wire = asked({"eu-west-1": analyzed("eu-west-1", *findings)})
    assert [it["id"] for it in answer(evidence, "analyzer-findings").raw["findings"]] == [it["id"] for it in findings]
    assert len(wire.named("ListFindingsV2")) == 3


def test_all_pages_of_analyzers_are_read() -> None:
    arns = [f"arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/a{number:03}" for number in range(101)]
    disabled: RegionAnswers = {"analyzers": [analyzer_entry(arn=arn, status="DISABLED") for arn in arns]}
    evidence, wire = asked({"eu-west-1": disabled})
    assert [it["arn"] for it in answer(evidence, "analyzers").raw["analyzers"]] == arns
    assert len(wire.named("ListAnalyzers")) == 2


def test_analyzer_carries_its_tags() -> None:
    tagged: RegionAnswers = {"analyzers": [analyzer_entry(tags={"team": "red"}), analyzer_entry()]}
    evidence, _ = asked({"eu-west-1": tagged})
    assert [it.tags for it in ANALYZERS.read(answer(evidence, "analyzers").raw, OWNER).subjects] == [
        {"team": "red"},
        {},
    ]


@pytest.mark.parametrize("status", ["CREATING", "DISABLED", "FAILED"])
def test_analyzer_that_is_not_active_is_known_and_not_asked(status: str) -> None:
    evidence, wire = asked({"eu-west-1": analyzed("eu-west-1", finding_entry(), status=status)})
    assert [it.active for it in ANALYZERS.read(answer(evidence, "analyzers").raw, OWNER).subjects] == [False]  # type: ignore[attr-defined]
    assert wire.named("ListFindingsV2") == []


def test_archived_and_resolved_findings_are_not_asked_for() -> None:
    findings = [finding_entry(n, status=status) for n, status in enumerate(("ACTIVE", "ARCHIVED", "RESOLVED"))]
    evidence, wire = asked({"eu-west-1": analyzed("eu-west-1", *findings)})
    assert [it["id"] for it in answer(evidence, "analyzer-findings").raw["findings"]] == ["f-0"]
    assert [call.params["filter"] for call in wire.named("ListFindingsV2")] == [
        {"status": {"eq": ["ACTIVE"]}, "resourceOwnerAccount": {"eq": ["111122223333"]}}
    ]


def test_archived_and_resolved_findings_of_saved_evidence_are_not_read() -> None:
    entries = [_saved(finding_entry(n, status=it)) for n, it in enumerate(("ACTIVE", "ARCHIVED", "RESOLVED"))]
    assert [it.uid for it in ANALYZER_FINDINGS.read({"findings": entries}, OWNER).subjects] == ["f-0"]


def _saved(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if hasattr(value, "isoformat") else value for key, value in entry.items()}


def test_resource_that_could_not_be_analyzed_is_a_gap() -> None:
    failed = finding_entry(1, error="ACCESS_DENIED")
    evidence, _ = asked({"eu-west-1": analyzed("eu-west-1", failed, finding_entry(2))})
    reading = ANALYZER_FINDINGS.read(answer(evidence, "analyzer-findings").raw, OWNER)
    assert [it.uid for it in reading.subjects] == ["f-2"]
    why = Unavailable(reason="Access Analyzer could not analyze it (ACCESS_DENIED)")
    assert reading.gaps == {AnalyzerFinding: {failed["resource"]: why}}


def test_finding_is_read_whole_with_the_analyzer_that_made_it() -> None:
    evidence, _ = asked({"eu-west-1": analyzed("eu-west-1", finding_entry())})
    (finding,) = ANALYZER_FINDINGS.read(answer(evidence, "analyzer-findings").raw, OWNER).subjects
    assert finding == AnalyzerFinding(
        resource="arn:aws:s3:::bucket-1",
        uid="f-1",
        region="eu-west-1",
        type="ExternalAccess",
        about_type="AWS::S3::Bucket",
        analyzer=analyzer_entry()["arn"],
        created=ago(10),
        updated=ago(5),
    )


@pytest.mark.parametrize(
    ("about", "region"),
    [("arn:aws:sqs:eu-west-1:111122223333:jobs", "eu-west-1"), ("arn:aws:s3:::ledger", "global"), (None, "global")],
)
def test_finding_of_saved_evidence_that_names_no_analyzer_lies_where_its_resource_is(
    about: str | None, region: str
) -> None:
    entry = _saved(finding_entry(resource=about))
    (finding,) = ANALYZER_FINDINGS.read({"findings": [entry]}, OWNER).subjects
    assert (finding.region, finding.resource) == (region, about or "f-1")


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "RequestLimitExceeded"])
def test_without_regions_nothing_regional_is_asked(code: str) -> None:
    wire = Wire(script={"DescribeRegions": always(Refused(code, "no"))})
    answers = gather(scripted(wire), SOURCES).answers
    assert answers == {
        "regions": Unavailable(reason=f"DescribeRegions: {code}: no"),
        "analyzers": Unavailable(reason=f"needs regions: DescribeRegions: {code}: no"),
        "analyzer-findings": Unavailable(reason=f"needs analyzers: needs regions: DescribeRegions: {code}: no"),
    }
    assert [call.name for call in wire.calls] == ["DescribeRegions"]
