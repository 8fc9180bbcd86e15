"""`butfor decide`: one JSON object in, one out, whoever the provider (specification section 6)."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from timeline.model import Decision
from timeline.policy.malformed import MalformedError

#: Provider -> module with `evaluate(request, state, unknown, *, assumptions) -> Decision`.
PROVIDERS: dict[str, str] = {
    "aws": "timeline.policy.aws",
    "azure": "timeline.policy.azure",
    "gcp": "timeline.policy.gcp",
}
#: The only assumption that the bare filter makes (G9).
ASSUMPTIONS = frozenset(("documented-readings",))
_LOADED: dict[str, Callable[..., Decision]] = {}


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
    if not isinstance(line, dict | Mapping):
        raise MalformedError(f"line: expected an object, found {type(line).__name__}")
    request, state = line.get("request"), line.get("state")
    unknown = line.get("unknown") or ()
    if not isinstance(request, dict | Mapping):
        raise MalformedError(f"request: expected an object, found {type(request).__name__}")
    if not isinstance(state, dict | Mapping):
        raise MalformedError(f"state: expected an object, found {type(state).__name__}")
    if not isinstance(unknown, list | tuple) or not all(isinstance(u, str) for u in unknown):
        raise MalformedError("unknown: expected a list of dotted paths")
    found = _evaluator(line.get("provider"))(request, state, unknown, assumptions=ASSUMPTIONS)
    return {
        "id": line.get("id"),
        "decision": found.verdict.value,
        "deny_kind": found.deny_kind,
        "allow_paths": found.allow_paths,
        "denies": found.denies,
        "voided": found.voided,
        "unknowns": found.unknowns,
        "ambiguities": found.ambiguities,
    }


def _evaluator(provider: object) -> Callable[..., Decision]:
    if not isinstance(provider, str) or provider not in PROVIDERS:
        expected = ", ".join(PROVIDERS)
        raise MalformedError(f"provider: expected one of {expected}, found {provider!r}")
    if provider not in _LOADED:
        try:
            _LOADED[provider] = import_module(PROVIDERS[provider]).evaluate
        except ModuleNotFoundError as error:
            raise MalformedError(f"provider: {provider} is not decided by this version") from error
    return _LOADED[provider]
