"""The European Central Bank's daily reference rates, as CSV or XML: how many of each currency one euro is."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from libs.domain.money import is_currency
from libs.domain.policy.faults import PolicyError
from libs.domain.policy.rate_table import positive

EURO = "eur"
SOURCE = "ECB"
DAY = re.compile(r"<Cube\s+time=[\"'](\d{4}-\d\d-\d\d)[\"']\s*>(.*?)</Cube>\s*(?=<Cube\s+time|</Cube>)", re.DOTALL)
RATE = re.compile(r"<Cube\s+currency=[\"']([A-Za-z]{3})[\"']\s+rate=[\"']([\d.]+)[\"']")


class UnreadableRates(ValueError):
    """The file is none of the bank's; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One day's rates: units of each currency for one euro."""

    day: date
    rates: Mapping[str, Fraction]


def read_xml(text: str) -> list[Reference]:
    """The days of `eurofxref-daily.xml` and its like. Raises UnreadableRates."""
    found = [
        Reference(date.fromisoformat(day), {code.lower(): _number(code, rate) for code, rate in RATE.findall(cubes)})
        for day, cubes in DAY.findall(text)
    ]
    if not any(one.rates for one in found):
        raise UnreadableRates("there is no <Cube time='…'> with rates in it")
    return found


def read_csv(text: str) -> list[Reference]:
    """The days of `eurofxref.csv` and `eurofxref-hist.csv`. Raises UnreadableRates naming the line."""
    lines = [[cell.strip() for cell in line.split(",")] for line in text.strip().splitlines() if line.strip()]
    if not lines or lines[0][0].lower() != "date":
        raise UnreadableRates("line 1 must begin with Date and name the currencies")
    codes = lines[0][1:]
    return [_line(number, codes, cells) for number, cells in enumerate(lines[1:], 2)]


def in_base(references: Iterable[Reference], base: str, wanted: frozenset[str]) -> Iterator[dict[str, object]]:
    """The rates of the wanted currencies in the base currency, exact. Raises UnreadableRates where the base is none of
    the bank's."""
    for one in references:
        euro = Fraction(1) if base == EURO else one.rates.get(base)
        if euro is None:
            raise UnreadableRates(f"the base currency {base} is not among the rates of {one.day}")
        per_euro = {EURO: Fraction(1), **one.rates}
        for code in sorted(wanted & per_euro.keys() - {base}):
            rate = euro / per_euro[code]
            yield {"currency": code, "rate": str(rate), "date": one.day.isoformat(), "source": SOURCE}


def _line(number: int, codes: list[str], cells: list[str]) -> Reference:
    given = zip(codes, cells[1:], strict=False)
    rates = {code.lower(): _number(code, text) for code, text in given if code and text and text != "N/A"}
    return Reference(_day(number, cells[0]), rates)


def _day(number: int, text: str) -> date:
    for form in ("%Y-%m-%d", "%d %B %Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 – a day has no zone
        except ValueError:
            continue
    raise UnreadableRates(f"line {number}: {text[:40]!r} is no day")


def _number(code: str, text: str) -> Fraction:
    if not is_currency(code.lower()):
        return Fraction(1)  # one that we don't know is never asked for
    try:
        return positive(code, text)
    except PolicyError as error:
        raise UnreadableRates(f"{code}: {error.fault}") from error
