"""Which discounts hold at an instant: started, not over, replaced or not, and of a duration that lowers MRR."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import assert_never

from libs.domain.discount import Coupon, Discount, Duration
from libs.domain.identity import DiscountId
from libs.domain.mrr.months import add_months
from libs.domain.mrr.results import Terms
from libs.domain.policy import SubtractDiscounts
from libs.domain.value import value


@value(frozen=True, slots=True)
class InForce:
    """`coupons` lower MRR, in the order they were given; `present` says that any discount holds, lowering or not.

    `gaps` name discounts whose terms are not known, `changes` the later instants at which one starts or ends.
    """

    coupons: tuple[Coupon, ...] = ()
    present: bool = False
    gaps: tuple[str, ...] = ()
    changes: tuple[datetime, ...] = ()


NONE_IN_FORCE = InForce()


def in_force(discounts: Iterable[Discount], terms: Terms) -> InForce:
    """What of the discounts of one level holds at `terms.now`."""
    now, subtract = terms.now, terms.policy.subtract_discounts
    known = [_completed(discount, terms.known_discounts) for discount in discounts]
    holding = [each for each in known if not _later(each.start, now) and not _over(each, now)]
    return InForce(
        coupons=tuple(each.coupon for each in holding if each.coupon and _lowers(each.coupon.duration, subtract)),
        present=bool(holding),
        gaps=tuple(_gap(each) for each in holding if each.coupon is None and _any(subtract)),
        changes=tuple(at for each in known for at in (each.start, _end(each)) if at is not None and at > now),
    )


def _completed(discount: Discount, known: Mapping[DiscountId, Discount]) -> Discount:
    other = known.get(discount.id)
    if other is None:
        return discount
    return Discount(
        id=discount.id,
        coupon=discount.coupon or other.coupon,
        coupon_id=discount.coupon_id or other.coupon_id,
        start=discount.start or other.start,
        end=discount.end or other.end,
    )


def _end(discount: Discount) -> datetime | None:
    """`end` as Stripe gives it; a repeating discount without one ends its months after its start."""
    coupon = discount.coupon
    if discount.end is not None or coupon is None or coupon.duration is not Duration.REPEATING:
        return discount.end
    if discount.start is None or coupon.duration_in_months is None:
        return None
    return add_months(discount.start, coupon.duration_in_months)


def _later(start: datetime | None, now: datetime) -> bool:
    return start is not None and start > now


def _over(discount: Discount, now: datetime) -> bool:
    end = _end(discount)
    return end is not None and end <= now


def _lowers(duration: Duration, subtract: SubtractDiscounts) -> bool:
    match duration:
        case Duration.FOREVER:
            return subtract.forever
        case Duration.REPEATING:
            return subtract.repeating
        case Duration.ONCE:
            return subtract.once
        case _:
            assert_never(duration)


def _any(subtract: SubtractDiscounts) -> bool:
    return subtract.forever or subtract.repeating or subtract.once


def _gap(discount: Discount) -> str:
    return f"coupon:{discount.coupon_id}" if discount.coupon_id else f"discount:{discount.id}"
