"""`butfor decide`: one JSON object in, one out, whoever the provider (specification section 6)."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

import msgspec

from timeline.model import Decision
from timeline.policy.malformed import MalformedError

#: Provider -> module with `evaluate(request, state, unknown, *, assumptions) -> Decision`, and
#: `read_state(JSON) -> state` where it does not want all of the state decoded.
PROVIDERS: dict[str, str] = {
    "aws": "timeline.policy.aws",
    "azure": "timeline.policy.azure",
    "gcp": "timeline.policy.gcp",
}
#: The only assumption that the bare filter makes (G9).
ASSUMPTIONS = frozenset(("documented-readings",))
_LOADED: dict[str, ModuleType] = {}


class Line(msgspec.Struct):
    """One line with its state left as JSON, of which a provider reads what it has not met yet."""

    id: Any = None
    provider: Any = None
    request: Any = None
    state: msgspec.Raw = msgspec.Raw(b"null")
    unknown: Any = None


_LINES = msgspec.json.Decoder(Line)


def read(content: bytes) -> Line:
    """One line.

    Raises:
        MalformedError: JSON, but no object.
        msgspec.DecodeError: no JSON.
    """
    try:
        return _LINES.decode(content)
    except msgspec.ValidationError as error:
        found = type(msgspec.json.decode(content)).__name__
        raise MalformedError(f"line: expected an object, found {found}") from error


def decide_read(line: Line) -> dict[str, Any]:
    """`decide` for a line as `butfor decide` reads it."""
    return _decided(line.id, line.provider, line.request, line.state, line.unknown)


def decide(line: Mapping[str, Any]) -> dict[str, Any]:
    """Decide one line.

    Args:
        line: `{"id", "provider", "request", "state", "unknown"}`.

    Returns:
        `{"id", "decision", "deny_kind", "allow_paths", "denies", "voided", "unknowns",
        "ambiguities"}`.

    Raises:
        MalformedError: the line is not of that form; says what was expected and found.
    """
    names = ("id", "provider", "request", "state", "unknown")
    return _decided(*map(_object(line, "line").get, names))


def _decided(
    line_id: object, provider: object, request: object, state: object, unknown: object
) -> dict[str, Any]:
    unknown = unknown or ()
    asked = _object(request, "request")
    evaluator = None
    if isinstance(state, msgspec.Raw):
        evaluator = _evaluator(provider)
        read: Callable[[msgspec.Raw], object] = getattr(
            evaluator, "read_state", msgspec.json.decode
        )
        state = read(state)
    met = _object(state, "state")
    if not isinstance(unknown, list | tuple) or not all(isinstance(u, str) for u in unknown):
        raise MalformedError("unknown: expected a list of dotted paths")
    evaluator = evaluator or _evaluator(provider)
    found: Decision = evaluator.evaluate(asked, met, unknown, assumptions=ASSUMPTIONS)
    return {
        "id": line_id,
        "decision": str(found.verdict),
        "deny_kind": found.deny_kind,
        "allow_paths": found.allow_paths,
        "denies": found.denies,
        "voided": found.voided,
        "unknowns": found.unknowns,
        "ambiguities": found.ambiguities,
    }


def _object(value: object, what: str) -> Mapping[str, Any]:
    if type(value) is dict or isinstance(value, Mapping):
        return value
    raise MalformedError(f"{what}: expected an object, found {type(value).__name__}")


def _evaluator(provider: object) -> ModuleType:
    if not isinstance(provider, str) or provider not in PROVIDERS:
        expected = ", ".join(PROVIDERS)
        raise MalformedError(f"provider: expected one of {expected}, found {provider!r}")
    if provider not in _LOADED:
        try:
            _LOADED[provider] = import_module(PROVIDERS[provider])
        except ModuleNotFoundError as error:
            raise MalformedError(f"provider: {provider} is not decided by this version") from error
    return _LOADED[provider]
