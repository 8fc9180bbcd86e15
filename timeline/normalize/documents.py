"""Files that are no logs: API answers that show a state, findings of scanners, papers.

Recognised by content; papers beside the logs (a README, a licence, a PDF) by their ending, since
prose has no form. A recognised answer is handed to the state stage; everything else that is not
understood is a gap, never a document.
"""

import re
from pathlib import PurePosixPath
from typing import Any

import msgspec

from timeline.normalize.model import BROKEN

#: API answers by the keys that name them: (kind, keys of which one must be there).
ANSWERS: tuple[tuple[str, frozenset[str]], ...] = (
    (
        "aws.iam.authorization_details",
        frozenset({"UserDetailList", "RoleDetailList", "GroupDetailList"}),
    ),
    ("aws.config.items", frozenset({"configurationItems", "ConfigurationItems"})),
    ("aws.config.items", frozenset({"configurationItemStatus", "configurationItemCaptureTime"})),
    ("aws.securityhub.findings", frozenset({"Findings"})),
    ("aws.guardduty.findings", frozenset({"SchemaVersion", "Finding"})),
    ("aws.accessanalyzer.findings", frozenset({"findings"})),
    ("aws.s3.policy", frozenset({"Policy"})),
    ("aws.s3.acl", frozenset({"Grants"})),
    ("aws.s3.public_access_block", frozenset({"PublicAccessBlockConfiguration"})),
    ("aws.s3.ownership", frozenset({"OwnershipControls"})),
    ("aws.s3.buckets", frozenset({"Buckets"})),
)
CREDENTIAL_REPORT = b"user,arn,user_creation_time,"
_PAPERS = frozenset(
    [
        ".md",
        ".txt",
        ".rst",
        ".pdf",
        ".docx",
        ".xlsx",
        ".html",
        ".htm",
        ".png",
        ".jpg",
        ".jpeg",
        ".yaml",
        ".yml",
        ".toml",
        ".eml",
        ".msg",
    ]
)
_NAMES = re.compile(r"(?i)(licen[cs]e|readme|source|notice|changelog|origin)")

_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


def answer_kind(body: bytes) -> str | None:
    """Kind of API answer that a JSON body is, None if it is none that is known."""
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        if text.startswith(b"["):
            many = _list.decode(text)
            keys = set(many[0]) if many else set()
        else:
            keys = set(_keys.decode(text))
    except BROKEN:
        return None
    return next((kind for kind, names in ANSWERS if keys & names), None)


def paper(name: str) -> bool:
    """Whether a file is a paper beside the logs, by its name."""
    path = PurePosixPath(name.rpartition("/")[2] or name)
    return path.suffix.lower() in _PAPERS or (
        path.suffix == "" and _NAMES.match(path.name) is not None
    )


def is_credential_report(head: bytes) -> bool:
    """Whether a text begins with the header of IAM's credential report."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(CREDENTIAL_REPORT)


def decode(kind: str, body: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """The answer as Python values; rows of a CSV as dicts."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    if kind == "aws.iam.credential_report":
        import csv
        import io

        return list(csv.DictReader(io.StringIO(text.decode("utf-8", "replace"))))
    return msgspec.json.decode(text)
