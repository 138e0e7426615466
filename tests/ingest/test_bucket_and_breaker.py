import pytest

from services.ingest.breaker import Breaker
from services.ingest.bucket import Buckets, Rate


def test_a_burst_is_allowed_and_then_the_rate() -> None:
    buckets = Buckets(Rate(per_second=2, burst=3))
    assert [buckets.takes("p", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [buckets.takes("p", 0.5) for _ in range(2)] == [True, False]


def test_rest_fills_a_bucket_to_its_burst_and_no_further() -> None:
    buckets = Buckets(Rate(per_second=2, burst=3))
    buckets.takes("p", 0.0)
    assert sum(buckets.takes("p", 1000.0) for _ in range(10)) == 3


def test_projects_do_not_share_a_bucket() -> None:
    buckets = Buckets(Rate(per_second=1, burst=1))
    assert [buckets.takes(name, 0.0) for name in ("a", "b", "a")] == [True, True, False]


def test_memory_is_bounded() -> None:
    buckets = Buckets(Rate(per_second=1, burst=1), most=10)
    for number in range(1000):
        buckets.takes(str(number), 0.0)
    assert len(buckets._levels) <= 10


@pytest.mark.parametrize("late", [False, True], ids=["a trial is acknowledged", "an earlier record is acknowledged"])
def test_breaker_opens_on_a_failure_tries_now_and_then_and_closes_on_an_acknowledgement(late: bool) -> None:
    breaker = Breaker(trial_seconds=0.5)
    assert breaker.permits(0.0)
    breaker.failed(1.0)
    assert [breaker.permits(at) for at in (1.0, 1.4, 1.5, 1.6, 2.0)] == [False, False, True, False, True]
    if not late:
        assert breaker.permits(3.0)
    breaker.acknowledged()
    assert (breaker.is_open, breaker.permits(3.0)) == (False, True)
