"""What one partition's offsets look like: what is still wanted, and how far one may commit. Pure."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Continuity:
    """Tells a real hole in a partition from records that were fetched and thrown away.

    A hole is real (compaction, a transaction marker) when it directly follows a poll that was delivered. After a
    seek or a dropped poll the same jump may be lost records, so it is asked for once more before it is believed.
    """

    _unbroken: bool = False
    _questioned: tuple[int, int] | None = None

    def believes(self, wanted: int, first: int) -> bool:
        """True if the poll that starts at `first` may be delivered; False: seek to `wanted` and poll again."""
        jump = (wanted, first)
        if first == wanted or self._unbroken or self._questioned == jump:
            return True
        self._questioned = jump
        return False

    def delivered(self) -> None:
        """The poll was handed on: the next one follows it without a break."""
        self._unbroken, self._questioned = True, None

    def broken(self) -> None:
        """A poll was dropped, or the position was moved."""
        self._unbroken = False


@dataclass(slots=True)
class CommitChain:
    """Commits along an unbroken chain of delivered and acknowledged batches, so a lost batch is never skipped.

    Each batch is a link from the offset that was wanted to the offset after its last record.
    """

    committed: int
    _links: dict[int, int] = field(default_factory=dict)
    _acked: set[int] = field(default_factory=set)

    def deliver(self, wanted: int, end: int) -> None:
        """A batch that covers `wanted` up to, not including, `end` was handed on."""
        self._links[wanted] = end

    def ack(self, end: int) -> None:
        """The batch that ends before `end` was processed."""
        self._acked.add(end)

    def advance(self) -> int | None:
        """The offset to commit now, or None if nothing new may be committed."""
        reached = self.committed
        while (end := self._links.get(reached)) is not None and end in self._acked:
            del self._links[reached]
            self._acked.discard(end)
            reached = end
        if reached == self.committed:
            return None
        self.committed = reached
        return reached
