"""How long a worker may trust the broker's last word."""

import pytest

from libs.runtime.faust_batch.membership import Proof


@pytest.mark.parametrize(
    ("now", "valid"),
    [((2.9, 1002.9), True), ((3.1, 1002.9), False), ((0.1, 1003.1), False), ((2.0, 900.0), True)],
    ids=["fresh", "frozen too long", "the machine slept", "the wall clock was set back"],
)
def test_a_proof_is_as_old_as_either_clock_says(now: tuple[float, float], valid: bool) -> None:
    proof = Proof(3.0, clocks=lambda: now)
    proof.renew((0.0, 1000.0))
    assert proof.is_valid() is valid


def test_without_an_answer_there_is_no_proof() -> None:
    assert not Proof(3.0).is_valid()
