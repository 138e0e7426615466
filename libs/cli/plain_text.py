"""Text of others on a terminal: nothing in it moves the cursor, changes colours or begins another line."""


def printable(text: str) -> str:
    """`text` with all that a terminal would obey written out as an escape."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def of_bytes(data: bytes | None, most: int) -> str:
    """What the bytes say, cut to so many of them."""
    if data is None:
        return "null"
    cut = "" if len(data) <= most else f" … ({len(data)} bytes in all; --json prints them)"
    return printable(data[:most].decode(errors="backslashreplace")) + cut
