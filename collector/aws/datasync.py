"""aws.datasync: tasks that copy buckets, where to, by which role, and when they ran."""

from collections.abc import Mapping
from typing import Any

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Level, SourceSpec


def collect(cell: Cell) -> None:
    """Places of the Region (buckets with the role that reads them), then tasks and their runs."""
    account = f"account/{cell.account}"
    for place in cell.ask("datasync:ListLocations", account).items("Locations"):
        # Places of other kinds are named, with their address, by the listing itself.
        if place.get("LocationUri", "").startswith("s3://"):
            arn = place["LocationArn"]
            cell.ask("datasync:DescribeLocationS3", arn, LocationArn=arn)
    tasks = cell.ask("datasync:ListTasks", account)
    cell.each(tasks.items("Tasks"), lambda task: _task(cell, task))


def _task(cell: Cell, task: Mapping[str, Any]) -> None:
    arn = task["TaskArn"]
    cell.ask("datasync:DescribeTask", arn, TaskArn=arn)
    for run in cell.ask("datasync:ListTaskExecutions", arn, TaskArn=arn).items("TaskExecutions"):
        number = run["TaskExecutionArn"]
        cell.ask("datasync:DescribeTaskExecution", number, TaskExecutionArn=number)


SPEC = SourceSpec(
    id="aws.datasync",
    title="DataSync places, tasks and their runs",
    level=Level.REGION,
    operations=(
        *operations("datasync", "account", "ListLocations", "ListTasks"),
        *operations("datasync", "location", "DescribeLocationS3"),
        *operations(
            "datasync", "task", "DescribeTask", "ListTaskExecutions", "DescribeTaskExecution"
        ),
    ),
    retention="current state; runs as the provider lists them",
    docs="https://docs.aws.amazon.com/datasync/latest/userguide/API_Reference.html",
    collect=collect,
    tier=2,
)
