"""Reports that IAM prepares on request: the credential report, and who last used which service.

The requests are jobs (`Condition.JOB`): they change no configuration, and they are recorded. One
question waits for its job to end and keeps every look. A continued run takes up what it holds: a
job that was started is not started again, unless the provider no longer knows it.
"""

from collections.abc import Iterable

from collector.aws.cell import Answer, Cell

#: The report that is held to be there has expired since, or is gone.
EXPIRED_REPORT = frozenset({"ReportExpired", "ReportNotPresent"})
UNKNOWN_JOB = "NoSuchEntity"

#: Services whose last use by each user of a group or policy is asked: those that stored data and
#: its keys are reached by.
STORAGE = frozenset({"kms", "s3", "s3-object-lambda", "s3-outposts", "s3express", "s3tables"})


def credential_report(cell: Cell) -> None:
    """The report on every user's credentials."""
    account = f"account/{cell.account}"
    for resource, fresh in ((account, False), (f"{account}/again", True)):
        job = cell.ask("iam:GenerateCredentialReport", resource, fresh=fresh)
        report = cell.ask("iam:GetCredentialReport", resource)
        if not job.observed or report.code not in EXPIRED_REPORT:
            return


def last_accessed(cell: Cell, arn: str, *, entities: bool = False) -> None:
    """When a principal, or whoever has a policy, last used which service.

    The provider tracks 400 days.

    Args:
        cell: of the account.
        arn: of a user, role, group or policy.
        entities: ask for the services that storage is reached by who it was.
    """
    for resource, fresh in ((arn, False), (f"{arn}/again", True)):
        job = cell.ask(
            "iam:GenerateServiceLastAccessedDetails",
            resource,
            fresh=fresh,
            Arn=arn,
            Granularity="ACTION_LEVEL",
        )
        if not job.observed:
            return
        number = str(job.get("JobId"))
        details = cell.ask(
            "iam:GetServiceLastAccessedDetails", f"{resource}/{number}", JobId=number
        )
        if details.code != UNKNOWN_JOB:
            break
    for service in _used(details) if entities else ():
        cell.ask(
            "iam:GetServiceLastAccessedDetailsWithEntities",
            f"{arn}/{number}/{service}",
            JobId=number,
            ServiceNamespace=service,
        )


def _used(details: Answer) -> Iterable[str]:
    """Services of storage that somebody used within what the provider tracks."""
    for service in details.items("ServicesLastAccessed"):
        name = service["ServiceNamespace"]
        if name in STORAGE and service.get("TotalAuthenticatedEntities"):
            yield name
