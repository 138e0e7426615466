"""Where a list goes on: opaque to the caller, signed, good only for the project and the very list it came from."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

import msgspec

from services.api.problems import FieldError, Refused, bad_query

MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: whose, which, and under which filters and sorting."""

    project: str
    name: str
    terms: msgspec.Struct


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of a page: the value that it was sorted by, and its id."""

    value: str
    id: str


class Cursors:
    """Signs with a key derived from `secret`; processes with the same secret take each other's cursors."""

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.blake2b(secret, person=b"revstream-cursor", digest_size=32).digest()

    def after(self, listing: Listing, position: Position) -> str:
        """The cursor of the page that follows."""
        content = msgspec.msgpack.encode((position.value, position.id))
        return base64.urlsafe_b64encode(self._mac(listing, content) + content).decode().rstrip("=")

    def position(self, listing: Listing, cursor: str | None) -> Position | None:
        """Where the page begins; None for the first. Raises Refused for a cursor that is not of this list."""
        if cursor is None:
            return None
        try:
            data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise _not_ours() from error
        mac, content = data[:MAC_BYTES], data[MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(listing, content)):
            raise _not_ours()
        value, last = msgspec.msgpack.decode(content, type=tuple[str, str])
        return Position(value, last)

    def _mac(self, listing: Listing, content: bytes) -> bytes:
        said = msgspec.msgpack.encode((listing.project, listing.name, listing.terms, content))
        return hashlib.blake2b(said, key=self._key, digest_size=MAC_BYTES).digest()


def _not_ours() -> Refused:
    return Refused(bad_query([FieldError("cursor", "is no cursor of this list: start again without it")]))
