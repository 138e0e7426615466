"""What the merchant sells in a played history: every kind of price and coupon, in several currencies."""

from dataclasses import dataclass

from libs.fake_stripe.engine import Engine
from libs.fake_stripe.specs import CouponSpec, PriceSpec, TierSpec

# Minor units of about ten dollars: two decimals, none, three.
_UNITS = {"usd": 1000, "eur": 900, "jpy": 1500, "kwd": 3000}
CURRENCIES = tuple(_UNITS)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The prices of one currency and the coupons that fit it."""

    licensed: tuple[str, ...]
    metered: tuple[str, ...]
    coupons: tuple[str, ...]


def stock(engine: Engine) -> dict[str, Shelf]:
    """Make the catalogue, give it by currency."""
    return {currency: _shelf(engine, currency, unit) for currency, unit in _UNITS.items()}


def _shelf(engine: Engine, currency: str, unit: int) -> Shelf:
    product = engine.create_product(f"Seats ({currency})")["id"]
    licensed = tuple(engine.create_price(spec)["id"] for spec in _licensed(currency, unit, product))
    metered = engine.create_price(PriceSpec(unit="2", currency=currency, metered=True))["id"]
    coupons = tuple(engine.create_coupon(spec)["id"] for spec in _coupons(currency, unit, product))
    return Shelf(licensed, (metered,), coupons)


def _licensed(currency: str, unit: int, product: str) -> list[PriceSpec]:
    def flat(amount: float, **rest: object) -> PriceSpec:
        return PriceSpec(unit=f"{amount:g}", currency=currency, **rest)  # type: ignore[arg-type]

    return [
        flat(unit, product=product, nickname="basic monthly"),
        flat(unit * 3, product=product, nickname="pro monthly"),
        flat(unit * 30, product=product, interval="year", nickname="pro yearly"),
        flat(unit * 8, count=3, nickname="quarterly"),
        flat(unit // 3, interval="week", nickname="weekly"),
        flat(unit // 2, interval="day", count=10, nickname="every ten days"),
        flat(unit * 4, interval="week", count=2, nickname="fortnightly"),
        flat(0, nickname="free"),
        flat(unit // 50 + 0.125, nickname="by fractions of a cent"),
        flat(unit * 2, divide_by=5, nickname="packs of five, begun packs count"),
        flat(unit * 2, divide_by=5, round_="down", nickname="full packs of five"),
        flat(unit, tax_behavior="inclusive", nickname="tax included"),
        PriceSpec(unit=None, currency=currency, tiers=_tiers(unit), nickname="graduated"),
        PriceSpec(unit=None, currency=currency, tiers=_tiers(unit), tiers_mode="volume", nickname="volume"),
        PriceSpec(unit=None, currency=currency, tiers=_tiers(unit), interval="year", nickname="graduated year"),
    ]


def _tiers(unit: int) -> tuple[TierSpec, ...]:
    return (
        TierSpec(up_to=5, unit=str(unit), flat=str(unit * 2)),
        TierSpec(up_to=20, unit=f"{unit * 3 // 4}.5"),
        TierSpec(up_to=None, unit=str(unit // 2), flat="100"),
    )


def _coupons(currency: str, unit: int, product: str) -> list[CouponSpec]:
    return [
        CouponSpec(percent_off=10.0, name="ten for ever"),
        CouponSpec(percent_off=33.33, duration="repeating", months=3, name="a third for three months"),
        CouponSpec(percent_off=50.0, duration="once", name="half once"),
        CouponSpec(percent_off=100.0, duration="repeating", months=2, name="two months free"),
        CouponSpec(amount_off=unit // 4, currency=currency, duration="repeating", months=6, name="six months"),
        CouponSpec(amount_off=unit // 2, currency=currency, duration="once", name="welcome"),
        CouponSpec(percent_off=25.0, products=(product,), name="a quarter off seats"),
    ]
