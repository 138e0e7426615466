"""What the bench says of what it measured."""

import pytest

from tests.bench.figures import Figure, percentile, ratio


def test_the_median_of_the_runs_is_quoted() -> None:
    figure = Figure("rules", "mrr worker", "events/s", (9000.0, 7000.0, 8000.0), ">= 8,000")
    assert figure.median == 8000
    assert "8,000 events/s" in figure.line()
    assert "9,000 / 7,000 / 8,000" in figure.line()


def test_a_ratio_is_that_of_medians() -> None:
    ours = Figure("engine", "ours", "events/s", (10.0, 30.0, 20.0))
    peer = Figure("engine", "peer", "events/s", (10.0, 5.0, 11.0))
    assert ratio("engine", "ours / peer", ours, peer, ">= 2").median == 2.0


@pytest.mark.parametrize(("share", "value"), [(0.5, 51), (0.99, 100), (1.0, 100), (0.0, 1)], ids=str)
def test_percentiles(share: float, value: int) -> None:
    assert percentile(range(1, 101), share) == value
