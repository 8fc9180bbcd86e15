"""aws.caller_scope: who asks, in which account, and which Regions that account has.

First of all sources: everything later is asked in the accounts and Regions that it finds. The
driver itself makes these calls (`session.py`), because no cell exists before they are answered;
what is left to ask here is asked per account.
"""

from collector.aws.cell import Cell
from collector.aws.permissions import operations
from collector.source import Condition, Level, SourceSpec


def collect(cell: Cell) -> None:
    """Ask which account each unknown access key of `--access-key` belongs to."""
    for key in cell.run.access_keys:
        cell.ask("sts:GetAccessKeyInfo", f"access-key/{key}", AccessKeyId=key)


SPEC = SourceSpec(
    id="aws.caller_scope",
    title="Caller, account and Regions",
    level=Level.RUN,
    operations=(
        *operations("sts", "account", "GetCallerIdentity", "GetAccessKeyInfo"),
        *operations("account", "account", "ListRegions"),
        # Made by the SDK itself to obtain credentials; the guard lets them pass, the recorder
        # writes a ledger line and never a byte.
        *operations(
            "sts",
            "role",
            "AssumeRole",
            "AssumeRoleWithWebIdentity",
            "AssumeRoleWithSAML",
            condition=Condition.CREDENTIALS,
        ),
        *operations("sso", "role", "GetRoleCredentials", condition=Condition.CREDENTIALS),
        *operations("sso-oidc", "session", "CreateToken", condition=Condition.CREDENTIALS),
        *operations("signin", "session", "CreateOAuth2Token", condition=Condition.CREDENTIALS),
    ),
    retention="current state only",
    docs="https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html",
    collect=collect,
)
