"""What the drill's worker computes. Pure, so that the test can compute the expected end by itself."""

from hashlib import blake2b

DELETES_EVERY = 97
PARTITIONS = 4


def apply(before: bytes | None, number: int) -> bytes | None:
    """A key's next state: last number seen, and a digest over all numbers in order. Repeats change nothing.

    Only a state that has taken each number exactly once and in order ends with the right digest. Every 97th number
    deletes the key.
    """
    if before is not None and int(before.split(b" ")[0]) >= number:
        return before
    if number % DELETES_EVERY == 0:
        return None
    digest = blake2b((before or b"") + b"%d" % number, digest_size=8).hexdigest()
    return b"%d %s" % (number, digest.encode())


def output_of(value: bytes) -> bytes:
    """The output for one input: depends on nothing else, so repeats are equal."""
    return b"%d seven times is %d" % (int(value), int(value) * 7)


def expected_end(numbers_by_key: dict[bytes, list[int]]) -> dict[bytes, bytes]:
    """The table after every number of every key, in order."""
    end: dict[bytes, bytes] = {}
    for key, numbers in numbers_by_key.items():
        state: bytes | None = None
        for number in numbers:
            state = apply(state, number)
        if state is not None:
            end[key] = state
    return end
