"""aws.findings: what the provider's own detectors had said, and since when.

Warnings with their dates, not conclusions of ours: Access Analyzer, Security Hub, GuardDuty.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec

DETAILS_AT_ONCE = 50  # GuardDuty's limit of ids in one GetFindings call


def collect(cell: Cell) -> None:
    """Analyzers, then the hub, then the detectors of the Region."""
    _access_analyzer(cell)
    account = f"account/{cell.account}"
    if cell.ask("securityhub:DescribeHub", account).observed:
        cell.ask("securityhub:GetEnabledStandards", account)
        cell.ask("securityhub:GetFindings", account)
    _guardduty(cell)


def _access_analyzer(cell: Cell) -> None:
    answer = cell.ask("accessanalyzer:ListAnalyzers", f"account/{cell.account}")
    for analyzer in answer.items("analyzers"):
        arn, name = analyzer["arn"], analyzer["name"]
        cell.ask("accessanalyzer:GetAnalyzer", arn, analyzerName=name)
        cell.ask("accessanalyzer:ListArchiveRules", arn, analyzerName=name)
        resources = cell.ask("accessanalyzer:ListAnalyzedResources", arn, analyzerArn=arn)
        cell.each(resources.items("analyzedResources"), partial(_analyzed, cell, arn))
        findings = cell.ask("accessanalyzer:ListFindingsV2", arn, analyzerArn=arn)
        for finding in findings.items("findings"):
            number = finding["id"]
            cell.ask("accessanalyzer:GetFindingV2", f"{arn}/{number}", analyzerArn=arn, id=number)


def _analyzed(cell: Cell, analyzer: str, resource: Mapping[str, Any]) -> None:
    """What the analyzer made of one resource, and when."""
    arn = resource["resourceArn"]
    cell.ask(
        "accessanalyzer:GetAnalyzedResource",
        f"{analyzer}/{arn}",
        analyzerArn=analyzer,
        resourceArn=arn,
    )


def _guardduty(cell: Cell) -> None:
    answer = cell.ask("guardduty:ListDetectors", f"account/{cell.account}")
    for detector in answer.items("DetectorIds"):
        cell.ask("guardduty:GetDetector", detector, DetectorId=detector)
        findings = cell.ask("guardduty:ListFindings", detector, DetectorId=detector)
        numbers = findings.items("FindingIds")
        for start in range(0, len(numbers), DETAILS_AT_ONCE):
            cell.ask(
                "guardduty:GetFindings",
                f"{detector}/{start}",
                DetectorId=detector,
                FindingIds=numbers[start : start + DETAILS_AT_ONCE],
            )


SPEC = SourceSpec(
    id="aws.findings",
    title="Access Analyzer, Security Hub and GuardDuty findings, as warnings",
    level=Level.REGION,
    operations=(
        *operations(
            "accessanalyzer",
            "analyzer",
            "ListAnalyzers",
            "GetAnalyzer",
            "ListArchiveRules",
            "ListAnalyzedResources",
            "GetAnalyzedResource",
            "ListFindingsV2",
            "GetFindingV2",
        ),
        *operations("securityhub", "hub", "DescribeHub", "GetEnabledStandards", "GetFindings"),
        *operations(
            "guardduty", "detector", "ListDetectors", "GetDetector", "ListFindings", "GetFindings"
        ),
    ),
    retention="90 days of GuardDuty and Security Hub findings; Access Analyzer while unresolved",
    docs="https://docs.aws.amazon.com/access-analyzer/latest/APIReference/Welcome.html",
    collect=collect,
    tier=2,
)
