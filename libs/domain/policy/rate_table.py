"""The `fx` option: what one unit of a currency is worth in the base currency, with or without dates.

Each of these says that 1 EUR is 1.10 of the base:
`{"eur": "1.10"}`, `{"eur": {"2025-01-31": "1.10"}}`,
`{"eur": {"rate": "1.10", "date": "2025-01-31", "source": "ECB"}}` or several such in a list,
and the list `[{"currency": "eur", "rate": "1.10", "date": "2025-01-31", "source": "ECB"}]`.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from libs.domain.identity import Currency
from libs.domain.money import is_currency
from libs.domain.policy.faults import PolicyError, found
from libs.domain.policy.rates import Rate

MOST_CHARACTERS = 60  # of a number: "1e999999999" and its like would not end
NOTES = ("rate", "date", "source", "currency")


def positive(path: str, value: object) -> Fraction:
    """An exact number above 0 from a number or its text; a fraction "a/b" too. Raises PolicyError."""
    number = None if isinstance(value, bool) else _exact(value)
    if number is None or number <= 0:
        raise PolicyError(path, f'must be a number above 0 or its text ("1.10", "365/12"), not {found(value)}')
    return number


def rates_of(value: object) -> tuple[Rate, ...]:
    """The rates in an `fx` option, sorted. Raises PolicyError with the path of the first fault."""
    match value:
        case None:
            return ()
        case Mapping():
            rates = [rate for key, each in value.items() for rate in _of_currency(f"fx.{key}", str(key), each)]
        case list() | tuple():
            rates = [_listed(f"fx[{index}]", each) for index, each in enumerate(value)]
        case _:
            raise PolicyError("fx", f"must hold a rate for each currency, not {found(value)}")
    return tuple(sorted(rates, key=lambda rate: (rate.currency, rate.day or date.min)))


def _of_currency(path: str, code: str, value: object) -> Iterator[Rate]:
    currency = _currency(path, code)
    match value:
        case Mapping() if "rate" in value:
            yield _noted(path, currency, value)
        case Mapping():
            for day, rate in value.items():
                yield Rate(currency, positive(f"{path}.{day}", rate), _day(f"{path}.{day}", day))
        case list() | tuple():
            for index, each in enumerate(value):
                if not isinstance(each, Mapping):
                    raise PolicyError(f"{path}[{index}]", f"must have a rate and a date, not {found(each)}")
                yield _noted(f"{path}[{index}]", currency, each)
        case _:
            yield Rate(currency, positive(path, value))


def _listed(path: str, value: object) -> Rate:
    if not isinstance(value, Mapping):
        raise PolicyError(path, f"must have a currency and a rate, not {found(value)}")
    return _noted(path, _currency(f"{path}.currency", str(value.get("currency"))), value)


def _noted(path: str, currency: Currency, value: Mapping[object, object]) -> Rate:
    for name in value:
        if name not in NOTES:
            raise PolicyError(f"{path}.{name}", f"is not known here; there are {', '.join(NOTES)}")
    given, source = value.get("date"), value.get("source")
    return Rate(
        currency,
        positive(f"{path}.rate", value.get("rate")),
        None if given is None else _day(f"{path}.date", given),
        None if source is None else str(source),
    )


def _currency(path: str, code: str) -> Currency:
    if not is_currency(code.lower()):
        raise PolicyError(path, f"is no currency: {found(code)}")
    return Currency(code.lower())


def _day(path: str, value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise PolicyError(path, f"must be a date such as 2025-01-31, not {found(value)}") from error


def _exact(value: object) -> Fraction | None:
    text = str(value).strip()
    if not isinstance(value, int | str | Decimal | Fraction | float) or len(text) > MOST_CHARACTERS:
        return None
    top, slash, bottom = text.partition("/")
    try:
        parts = [Decimal(part) for part in (top, bottom or "1")]
    except InvalidOperation:
        return None
    if (slash and not bottom) or any(not part.is_finite() or abs(part.adjusted()) > MOST_CHARACTERS for part in parts):
        return None
    return None if parts[1] == 0 else Fraction(parts[0]) / Fraction(parts[1])
