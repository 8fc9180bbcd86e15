from timeline.policy.aws.context import Request
from timeline.policy.aws.slots import State
from timeline.policy.kleene import Kleene


def header_gate(action: str, request: Request, state: State) -> dict[str, Kleene]:
    return {}
