"""Secrets at rest: AES-256-GCM with a random nonce, bound to the row and field that they belong to.

A ciphertext copied to another project's row, another field or another key id does not decrypt.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class InvalidKeys(ValueError):
    """REVSTREAM_ENCRYPTION_KEYS cannot be read; the message says which part, never the key."""


class CannotDecrypt(ValueError):
    """The ciphertext was not made for this place with this key, or its key is not known."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret is stored. All of it is authenticated together with the ciphertext."""

    project: str
    row: str
    field: str


def webhook_secret_place(project: str, row: str) -> Place:
    """The place of `webhook_secrets.secret` in the row with the id `row`."""
    return Place(project, row, "webhook_secrets.secret")


def credential_place(project: str, connection: str) -> Place:
    """The place of `connections.credential` in the row with the id `connection`."""
    return Place(project, connection, "connections.credential")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphertext (nonce first) and the id of the key that made it."""

    key_id: str
    data: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The keys by id; the first one encrypts, all of them decrypt, so that keys can be rotated."""

    first: str
    keys: Mapping[str, AESGCM]

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read `id:base64,id2:base64`. Raises InvalidKeys."""
        pairs = [_pair(number, part) for number, part in enumerate(text.split(","), 1)]
        keys = dict(pairs)
        if len(keys) != len(pairs):
            raise InvalidKeys("REVSTREAM_ENCRYPTION_KEYS names a key id twice: give each key an id of its own")
        return cls(pairs[0][0], MappingProxyType(keys))

    def encrypt(self, plaintext: bytes, place: Place) -> Sealed:
        """Seal `plaintext` for one place with the first key."""
        nonce = os.urandom(NONCE_BYTES)
        data = self.keys[self.first].encrypt(nonce, plaintext, _context(place, self.first))
        return Sealed(self.first, nonce + data)

    def decrypt(self, sealed: Sealed, place: Place) -> bytes:
        """The plaintext that was sealed for this very place. Raises CannotDecrypt."""
        key = self.keys.get(sealed.key_id)
        if key is None:
            raise CannotDecrypt(f"{_named(place)}: key {sealed.key_id!r} is not in REVSTREAM_ENCRYPTION_KEYS")
        nonce, data = sealed.data[:NONCE_BYTES], sealed.data[NONCE_BYTES:]
        try:
            return key.decrypt(nonce, data, _context(place, sealed.key_id))
        except (InvalidTag, ValueError) as error:
            raise CannotDecrypt(f"{_named(place)}: not sealed for this place with key {sealed.key_id!r}") from error


def generate_key() -> str:
    """A new key with a new id, in the form that REVSTREAM_ENCRYPTION_KEYS takes."""
    return f"k{os.urandom(4).hex()}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"


def _pair(number: int, part: str) -> tuple[str, AESGCM]:
    key_id, colon, encoded = part.strip().partition(":")
    if not (key_id and colon):
        raise InvalidKeys(f"REVSTREAM_ENCRYPTION_KEYS, part {number}: expected id:base64")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidKeys(f"REVSTREAM_ENCRYPTION_KEYS, key {key_id!r}: not base64") from error
    if len(key) != KEY_BYTES:
        raise InvalidKeys(f"REVSTREAM_ENCRYPTION_KEYS, key {key_id!r}: {KEY_BYTES} bytes expected, got {len(key)}")
    return key_id, AESGCM(key)


def _context(place: Place, key_id: str) -> bytes:
    """Each part with its length before it, so that no two different places give the same bytes."""
    parts = (part.encode() for part in (place.project, place.row, place.field, key_id))
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _named(place: Place) -> str:
    return f"{place.field} of row {place.row} in project {place.project}"
