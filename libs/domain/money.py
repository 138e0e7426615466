"""Minor units as Stripe counts them, and the one place where an exact amount is rounded and written."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

ZERO_DECIMAL = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
THREE_DECIMAL = "bhd jod kwd omr tnd"

# ISK and UGX have no subdivision in use, HUF and TWD are paid out in whole units only; yet the API counts all four in
# hundredths (5 ISK is 500). Stripe's page lists UGX among the zero-decimal ones too, and contradicts itself there.
HUNDREDTHS_IN_THE_API = "isk ugx huf twd"

TWO_DECIMAL = """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd btn bwp byn bzd cad cdf chf cny cop crc
    cup cve czk dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs gip gmd gtq gyd hkd hnl hrk htg idr ils inr irr jmd kes
    kgs khr kpw kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mru mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd
    pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sdg sek sgd shp sle sll sos srd ssp std stn svc syp szl thb tjs
    tmt top try ttd tzs uah usd uyu uzs ved ves wst xcd xcg yer zar zmw zwl
"""

MINOR_DIGITS: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(ZERO_DECIMAL.split(), 0)
    | dict.fromkeys(THREE_DECIMAL.split(), 3)
    | dict.fromkeys(HUNDREDTHS_IN_THE_API.split(), 2)
    | dict.fromkeys(TWO_DECIMAL.split(), 2)
)


def is_currency(code: str) -> bool:
    """Whether `code` is a currency that we know, in lower case as Stripe writes it."""
    return code in MINOR_DIGITS


def minor_digits(currency: str) -> int:
    """How many digits of an API amount stand behind the point. What Stripe may add later has two."""
    return MINOR_DIGITS.get(currency, 2)


def round_half_up(amount: Fraction) -> int:
    """The nearest whole minor unit; a half goes up. The only rounding of revenue, done once, on output."""
    return ratio_half_up(amount.numerator, amount.denominator)


def ratio_half_up(num: int, den: int) -> int:
    """The same of a positive denominator's fraction that is not made, where thousands are rounded."""
    return (2 * num + den) // (2 * den)


def major_text(minor: int, currency: str) -> str:
    """Whole minor units as major ones with the currency's digits: 12345 usd is "123.45", 12345 jpy is "12345"."""
    digits = minor_digits(currency)
    sign = "-" if minor < 0 else ""
    if digits == 0:
        return f"{sign}{abs(minor)}"
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}"


def shown(amount: Fraction, currency: str) -> str:
    """An exact amount of minor units as people read it: rounded half up, in major units."""
    return major_text(round_half_up(amount), currency)


def converted(amount: Fraction, currency: str, base: str, rate: Fraction) -> Fraction:
    """Minor units of `currency` as minor units of `base`, exact. `rate`: how many `base` one `currency` is worth."""
    return amount * rate * Fraction(10) ** (minor_digits(base) - minor_digits(currency))


def unit_text(minor: Decimal, currency: str) -> str:
    """A price in major units with all its digits: 1250 usd is "12.50", 0.05 usd cents are "0.0005"."""
    digits = minor_digits(currency)
    major = minor.scaleb(-digits).normalize()
    exponent = int(major.as_tuple().exponent)
    return f"{major:.{max(digits, -exponent)}f}"
