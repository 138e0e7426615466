"""What a stage reads and what it says: records in, outputs and state changes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

# A list, because aiokafka's batch builder takes nothing else.
Headers: TypeAlias = list[tuple[str, bytes]]
# A plain tuple: a dataclass per record costs as much as packing the record.
Output: TypeAlias = tuple[str, bytes | None, bytes | None, Headers]
"""Topic, key, value (None: a tombstone), headers."""
State: TypeAlias = Mapping[bytes, bytes]
Changes: TypeAlias = Mapping[bytes, bytes | None]
"""Table entries to set, or with None to delete."""


class Record(Protocol):
    """What aiokafka's ConsumerRecord offers; records reach `compute` as they were fetched, not copied."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


@dataclass(frozen=True, slots=True)
class StageResult:
    """What one computation wants to be published and remembered.

    `ahead` is remembered before anything is published, so that whoever replays the records finds it: for what a replay
    could decide otherwise.
    """

    outputs: Sequence[Output] = ()
    changes: Changes = field(default_factory=dict)
    ahead: Changes = field(default_factory=dict)


NOTHING = StageResult()
