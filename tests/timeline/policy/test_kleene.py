"""Three-valued logic, over every combination."""

from itertools import product

import pytest

from timeline.policy.kleene import Kleene, Unknown, all_of, any_of, choose, merge, negate

A, B = Unknown("a"), Unknown("b")
VALUES: tuple[Kleene, ...] = (True, False, A)


def rank(value: Kleene) -> int:
    """False, unknown, true in this order."""
    return 1 if isinstance(value, Unknown) else 2 * value


@pytest.mark.parametrize("values", list(product(VALUES, repeat=3)))
def test_and_is_the_least_or_the_greatest(values: tuple[Kleene, ...]) -> None:
    assert rank(all_of(*values)) == min(map(rank, values))
    assert rank(any_of(*values)) == max(map(rank, values))
    assert negate(all_of(*values)) == any_of(*map(negate, values))


def test_nothing_at_all() -> None:
    assert all_of() is True
    assert any_of() is False


def test_reasons_are_joined_and_a_decided_answer_has_none() -> None:
    assert all_of(A, B) == Unknown("a", "b") == any_of(B, A) == merge(A, B)
    assert all_of(A, True) == A
    assert all_of(A, False) is False
    assert any_of(A, True) is True


@pytest.mark.parametrize(("then", "otherwise"), list(product(VALUES, repeat=2)))
def test_choose(then: Kleene, otherwise: Kleene) -> None:
    assert choose(True, then, otherwise) == then
    assert choose(False, then, otherwise) == otherwise
    if then == otherwise and isinstance(then, bool):
        assert choose(B, then, otherwise) is then
    else:
        unknown = choose(B, then, otherwise)
        assert isinstance(unknown, Unknown)
        assert "b" in unknown.reasons


def test_an_unknown_is_never_taken_for_a_yes_or_a_no() -> None:
    with pytest.raises(TypeError, match="no truth value"):
        bool(A)
    assert repr(Unknown("b", "a")) == "Unknown(a, b)"
