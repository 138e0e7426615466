"""Values: dataclasses that nobody changes once they are made.

For the type checker `value` is `dataclass`, so assigning to a field of a frozen one is an error in every check. When
the program runs the fields are plain slots: a frozen dataclass sets each by a call, and with many fields takes six
times as long to make. That was a seventh of the mrr worker's time.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    from dataclasses import dataclass

    def value(*, frozen: bool, slots: bool):
        """The decorator: equal and hashed by the fields, as a frozen dataclass is."""
        return dataclass(slots=slots, unsafe_hash=frozen)


__all__ = ["value"]
