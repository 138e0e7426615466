"""Where the consumer stands in each partition, and how fresh that makes the read model."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from services.api.read_model.offsets import Move, Partition, Standing
from services.api.read_model.projection import Delivered


class Heads(Protocol):
    """What the broker last said of a partition: the offset after its newest record, and when (milliseconds)."""

    def end_offset(self, partition: Partition) -> int | None: ...

    def asked_at(self, partition: Partition) -> int: ...


class Progress:
    """`offsets` are the next ones to read. What the read model holds is told by `standing`."""

    def __init__(self, offsets: Mapping[Partition, int], heads: Heads) -> None:
        self._next = dict(offsets)
        self._heads = heads
        self._newest: dict[Partition, int] = {}

    @property
    def offsets(self) -> Mapping[Partition, int]:
        """The next offset of each partition."""
        return self._next

    def moves(self, fetched: Mapping[Partition, Sequence[Delivered]]) -> list[Move]:
        """The steps that these records make, not yet taken."""
        return [
            Move(partition, self._next[partition], records[-1].offset + 1)
            for partition, records in fetched.items()
            if records
        ]

    def take(self, fetched: Mapping[Partition, Sequence[Delivered]]) -> None:
        """The records are about to be applied: what `standing` tells includes them from now on."""
        for partition, records in fetched.items():
            if records:
                self._next[partition] = records[-1].offset + 1
                self._newest[partition] = records[-1].timestamp

    def standing(self) -> Standing | None:
        """How fresh the read model is with all that was taken; None until the broker told every partition's end."""
        ends = {partition: self._heads.end_offset(partition) for partition in self._next}
        lags = [None if end is None else max(0, end - self._next[partition]) for partition, end in ends.items()]
        known = [lag for lag in lags if lag is not None]
        if len(known) < len(lags):
            return None
        return Standing(self._as_of(ends), sum(known))

    def _as_of(self, ends: Mapping[Partition, int | None]) -> datetime | None:
        """A partition read to its end is as new as the broker's answer, another one as its last record taken."""
        instants = [
            self._heads.asked_at(partition) if self._next[partition] >= (end or 0) else self._newest.get(partition, 0)
            for partition, end in ends.items()
        ]
        oldest = min(instants, default=0)
        return datetime.fromtimestamp(oldest / 1000, UTC) if oldest > 0 else None
