"""The error of a request or state that is not of the specified form."""


class MalformedError(ValueError):
    """What was expected, where, and what was found; one line of `butfor decide`."""
