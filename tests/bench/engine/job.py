"""The trivial job: parse an event, keep each key's highest number, publish one record. The same for all engines."""

import orjson

KEYS = 5000
PADDING = "x" * 2500  # a Stripe event is about 2.7 KB


def key_of(number: int) -> bytes:
    """The key of event `number`."""
    return b"project/cus_%010d" % (number * 7919 % KEYS)


def event(number: int) -> bytes:
    """An event of 2.7 KB."""
    return orjson.dumps({"id": f"evt_{number:012d}", "number": number, "object": {"padding": PADDING}})


def output(number: int) -> bytes:
    """What is published for an event."""
    return orjson.dumps({"number": number, "doubled": number * 2})


def number_of(value: bytes) -> int:
    """The number that an event carries."""
    number: int = orjson.loads(value)["number"]
    return number
