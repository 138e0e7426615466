"""How long a sync will still take. Lists at Stripe don't say how long they are, so it is estimated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

SUBSCRIPTIONS = "subscriptions"
# How many pages a list usually has for each page of subscriptions; the others are short.
USUAL = {"customers": Fraction(1), "invoices": Fraction(3), "events": Fraction(10)}
SHORT = Fraction(1, 10)
# A list that has come less far than this tells nothing of its length.
TELLING = 20


@dataclass(frozen=True, slots=True)
class ListProgress:
    """One list of a run. `reached`: how much of the time that it goes back over was read, in thousandths. `earlier`:
    how many pages it had in the run before."""

    name: str
    is_over: bool
    pages: int
    reached: int | None = None
    earlier: int | None = None


def seconds_left(lists: Sequence[ListProgress], elapsed: timedelta) -> int | None:
    """Seconds until all lists are read at the pace so far; None where nothing can be told yet.

    A list is as long as in the run before; else as its place in time tells; else as it usually is beside the
    subscriptions.
    """
    read = sum(each.pages for each in lists)
    if read == 0 or elapsed <= timedelta(0):
        return None
    subscriptions = next((_length(each) for each in lists if each.name == SUBSCRIPTIONS), None)
    left = Fraction(0)
    for each in lists:
        if each.is_over:
            continue
        length = _length(each)
        if length is None and subscriptions is not None:
            length = max(Fraction(1), subscriptions * USUAL.get(each.name, SHORT))
        if length is None:
            return None
        left += max(length - each.pages, Fraction(0))
    return round(left * Fraction(elapsed // timedelta(milliseconds=1), 1000) / read)


def _length(each: ListProgress) -> Fraction | None:
    """Pages in all, where anything tells of them."""
    if each.is_over:
        return Fraction(each.pages)
    if each.earlier is not None:
        return Fraction(max(each.earlier, each.pages))
    if each.reached is not None and each.reached >= TELLING and each.pages:
        return Fraction(each.pages * 1000, each.reached)
    return None
