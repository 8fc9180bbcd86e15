"""Step 9 d for a line of an S3 access log: the fields that rows repeat, in CloudTrail's names.

Own code, word by word from the left: owner, bucket, [time], address, requester, request id,
operation, key, "Request-URI", status, error, four numbers, then referer, agent and what follows.
Referer and agent are the client's words and may hold quotes; no field after them does, so the last
quote of the line closes the agent. A hyphen stands for nothing. Source: S3 user guide, "Amazon S3
server access log format".
"""

from __future__ import annotations

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def access_log(data: bytes) -> dict[str, str | None] | None:
    """Operation, address, client, error code and time; None for anything else.

    A line has an id of its request and none of its own, so rows state none.
    """
    line = data.decode("utf-8", "backslashreplace")
    words = line.split(" ", 2)
    if len(words) < 3 or not words[2].startswith("["):
        return None
    time, closed, rest = words[2][1:].partition("] ")
    front = rest.split(" ", 5)
    if not closed or len(front) < 6 or not _time(time):
        return None
    address, _, _, operation, _, rest = front
    behind = _after_uri(rest)
    numbers = behind.split(" ", 6) if behind is not None else []
    if len(numbers) < 7:
        return None
    return {
        "eventID": None, "eventName": _value(operation), "eventTime": _value(time),
        "sourceIPAddress": _value(address), "userAgent": _value(_agent(numbers[6])),
        "errorCode": _value(numbers[1]),
    }  # fmt: skip


def _value(word: str) -> str | None:
    return None if word == "-" else word


def _time(text: str) -> bool:
    """As in 06/Feb/2019:00:00:38 +0000."""
    day, _, rest = text.partition("/")
    month, _, rest = rest.partition("/")
    return day.isdigit() and month in MONTHS and rest[:4].isdigit()


def _after_uri(rest: str) -> str | None:
    """What follows the Request-URI: from the status on, three digits or a hyphen."""
    if not rest.startswith('"'):
        return rest.removeprefix("- ") if rest.startswith("- ") else None
    at = rest.find('" ', 1)
    while at >= 0:
        status = rest[at + 2 :].split(" ", 1)[0]
        if status == "-" or (len(status) == 3 and status.isdigit()):
            return rest[at + 2 :]
        at = rest.find('" ', at + 1)
    return None


def _agent(rest: str) -> str:
    """The agent, of referer, agent and the fields after them."""
    closing = rest.rfind('"')
    if closing < 0:
        words = rest.split(" ")
        return words[1] if len(words) > 1 else "-"
    quoted, after = rest[: closing + 1], rest[closing + 1 :].split()
    if quoted.startswith("- "):
        return quoted[2:].removeprefix('"').removesuffix('"')
    end = quoted.find('" ', 1)
    if end < 0:
        return after[0] if after else "-"  # the quotes are the referer's, the agent is bare
    agent = quoted[end + 2 :]
    return agent.removeprefix('"').removesuffix('"') if agent else "-"
