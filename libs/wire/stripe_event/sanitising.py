"""What is legal JSON and still poison further on: U+0000 and lone surrogates are replaced, numbers beyond 64 bits and
endless nesting are refused."""

from collections.abc import Iterable

from libs.wire.codec import MalformedRecord

MAX_DEPTH = 64
_LIMIT = 2**63
_LONG_NUMBER = b"0" * 19
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")


def is_suspicious(body: bytes) -> bool:
    """Whether a body that parsed may hold U+0000 or a number beyond 64 bits (a cheap look at the bytes)."""
    return b"\\u0000" in body or _LONG_NUMBER in body.translate(_DIGITS_TO_ZERO)


def is_beyond_64_bits(value: object) -> bool:
    """Whether `value` is a number that no amount of Stripe's can be; what orjson reads as a float is rounded."""
    if isinstance(value, int):
        return not -_LIMIT <= value < _LIMIT
    return isinstance(value, float) and not -_LIMIT < value < _LIMIT


def is_shallow(body: bytes) -> bool:
    """Whether a body cannot be nested too deep, having so few brackets."""
    return body.count(b"{") + body.count(b"[") <= MAX_DEPTH


def check_depth(value: object) -> None:
    """Raises MalformedRecord if parsed JSON is nested deeper than 64."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise MalformedRecord(f"nested deeper than {MAX_DEPTH}")


def sanitised(value: object) -> object:
    """A copy of parsed JSON without U+0000 and lone surrogates.

    Raises MalformedRecord for numbers beyond 64 bits and for nesting deeper than 64.
    """
    check_depth(value)
    return _sanitised(value, "$")


def _sanitised(value: object, path: str) -> object:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, dict):
        return {_clean(str(name)): _sanitised(child, f"{path}.{name}") for name, child in value.items()}
    if isinstance(value, list):
        return [_sanitised(child, f"{path}[{index}]") for index, child in enumerate(value)]
    if is_beyond_64_bits(value):
        raise MalformedRecord(f"the number at {_clean(path)} is beyond 64 bits")
    return value


def _children(parent: object) -> Iterable[object]:
    match parent:
        case dict():
            return [child for child in parent.values() if isinstance(child, (dict, list))]
        case list():
            return [child for child in parent if isinstance(child, (dict, list))]
        case _:
            return ()


def _clean(text: str) -> str:
    """Joined surrogate pairs stay; what is left of them alone, and U+0000, become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "\ufffd")
