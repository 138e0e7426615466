"""Ids that look like Stripe's and depend only on the seed and on how many of the kind came before."""

import hashlib
import string
from collections import Counter

_ALPHABET = string.digits + string.ascii_letters
# Customers, products and the like carry 14 characters, newer kinds 24 that begin with a 1.
_SHORT = frozenset({"cus", "prod", "si", "req"})


class Ids:
    """Hands out ids per prefix; the n-th id of a prefix is the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._counts: Counter[str] = Counter()

    def new(self, prefix: str) -> str:
        """Give the next id of a prefix, such as `sub_1…`."""
        self._counts[prefix] += 1
        text = _base62(f"{self._seed}/{prefix}/{self._counts[prefix]}")
        return f"{prefix}_{text[:14]}" if prefix in _SHORT else f"{prefix}_1{text[:23]}"


def _base62(source: str) -> str:
    number = int.from_bytes(hashlib.blake2b(source.encode(), digest_size=24).digest(), "big")
    letters = []
    for _ in range(24):
        number, place = divmod(number, 62)
        letters.append(_ALPHABET[place])
    return "".join(letters)
