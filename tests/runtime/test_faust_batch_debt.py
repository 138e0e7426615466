"""What the changelog has not been told yet."""

from libs.runtime.faust_batch.debt import DUE_SECONDS, MOST_ENTRIES, Debt


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_last_value_of_a_key_is_owed() -> None:
    debt = Debt()
    debt.add(0, {b"a": b"1", b"b": b"1"})
    debt.add(1, {b"c": b"1"})
    debt.add(0, {b"a": b"2", b"b": None})
    assert debt.take() == {0: {b"a": b"2", b"b": None}, 1: {b"c": b"1"}}
    assert (bool(debt), debt.take()) == (False, {})


def test_it_is_due_a_while_after_its_oldest_entry() -> None:
    clock = Clock()
    debt = Debt(clock)
    assert not debt.is_due
    debt.add(0, {})
    clock.now += 10
    assert (bool(debt), debt.is_due) == (False, False)
    debt.add(0, {b"a": b"1"})
    clock.now += DUE_SECONDS * 0.9
    debt.add(0, {b"b": b"1"})
    assert not debt.is_due
    clock.now += DUE_SECONDS * 0.2
    assert debt.is_due
    debt.take()
    debt.add(0, {b"a": b"2"})
    assert not debt.is_due


def test_many_entries_do_not_wait() -> None:
    debt = Debt(Clock())
    debt.add(0, {b"%d" % number: b"1" for number in range(MOST_ENTRIES - 1)})
    assert not debt.is_due
    debt.add(1, {b"one more": b"1"})
    assert debt.is_due
