"""AWS: S3 requests against bucket, account, identity and organization policies."""

from timeline.policy.aws.answer import evaluate, write_gate
from timeline.policy.aws.members import read_state
from timeline.policy.aws.public import policy_is_public

__all__ = ["evaluate", "policy_is_public", "read_state", "write_gate"]
