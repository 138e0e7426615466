"""From bytes to a shape, with one error for all that can be wrong; and the small conversions that all readers share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Protocol, TypeAlias, TypeVar

import msgspec

from libs.wire.codec import MalformedRecord

Json: TypeAlias = Mapping[str, object]  # an object of Stripe's, as parsed
Shape_co = TypeVar("Shape_co", covariant=True)
CACHED_INSTANTS = 65_536  # one object names the same second several times, and again in its next versions
MAX_DIGITS = 20  # of the whole part: beyond 64 bits
MAX_DECIMALS = 30  # Stripe gives 12 at most


class Decoder(Protocol[Shape_co]):
    """What `msgspec.json.Decoder` does."""

    def decode(self, buf: bytes | msgspec.Raw, /) -> Shape_co: ...


def shaped(decoder: Decoder[Shape_co], data: bytes | msgspec.Raw) -> Shape_co:
    """The object in `data`. Raises MalformedRecord that names the path of the first fault."""
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRecord(str(error)) from error
    except RecursionError as error:
        raise MalformedRecord("nested too deep") from error


def instant(seconds: int | None) -> datetime | None:
    """Stripe's seconds since 1970 as an aware time."""
    return None if seconds is None else _instant(seconds)


@lru_cache(CACHED_INSTANTS)
def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def exact(value: Decimal, path: str) -> Decimal:
    """`value` if it is a finite number of sane size (arithmetic on 1e999999999 would not end); else MalformedRecord."""
    if not value.is_finite() or value.adjusted() >= MAX_DIGITS or int(value.as_tuple().exponent) < -MAX_DECIMALS:
        raise MalformedRecord(f"{path} is no amount: {str(value)[:40]}")
    return value


class Referable(Protocol):
    @property
    def id(self) -> str: ...


def id_of(reference: str | Referable | None) -> str | None:
    """The id of what is given as an id, or expanded to the whole object."""
    if reference is None or isinstance(reference, str):
        return reference or None
    return reference.id
