"""How long a sync still takes, from what little Stripe's lists tell of their length."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from libs.domain.progress import ListProgress, seconds_left

MINUTE = timedelta(minutes=1)


def over(name: str, pages: int) -> ListProgress:
    return ListProgress(name, is_over=True, pages=pages)


def open_list(name: str, pages: int = 0, reached: int | None = None, earlier: int | None = None) -> ListProgress:
    return ListProgress(name, is_over=False, pages=pages, reached=reached, earlier=earlier)


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        pytest.param([open_list("subscriptions")], None, id="nothing read yet"),
        pytest.param([open_list("subscriptions", 5)], None, id="nobody knows how long the list is"),
        pytest.param([open_list("subscriptions", 5, reached=19)], None, id="too early to tell"),
        pytest.param([open_list("subscriptions", 5, reached=250)], 180, id="a quarter took a minute"),
        pytest.param([open_list("subscriptions", 5, reached=250, earlier=6)], 12, id="the run before knows better"),
        pytest.param([open_list("subscriptions", 9, earlier=6)], 0, id="longer than before"),
        pytest.param([over("subscriptions", 10), open_list("customers")], 60, id="as many as subscriptions"),
        pytest.param([over("subscriptions", 10), open_list("invoices", 0)], 180, id="three for each"),
        pytest.param([over("subscriptions", 10), open_list("refunds")], 6, id="a short one"),
        pytest.param(
            [open_list("events", 30, earlier=40), open_list("subscriptions")], None, id="what follows is open"
        ),
        pytest.param([over("subscriptions", 10), over("customers", 10)], 0, id="done"),
    ],
)
def test_seconds_left(lists: Sequence[ListProgress], expected: int | None) -> None:
    assert seconds_left(lists, MINUTE) == expected


def test_without_time_nothing_is_told() -> None:
    assert seconds_left([open_list("subscriptions", 5, reached=250)], timedelta(0)) is None
