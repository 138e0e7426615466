"""The Faust app of a worker: batches in, rounds, and whether it is ready."""

import asyncio

import faust

from libs.runtime.faust_batch.consumer import BatchConsumer
from libs.runtime.faust_batch.precedence import Precedence
from libs.runtime.faust_batch.rounds import RoundOverdue, Rounds
from libs.runtime.faust_batch.settings import BatchSettings
from libs.runtime.faust_batch.table import BulkTable


class BatchApp(faust.App):
    """A Faust app whose every source topic is read in batches. Made by `batch_app`."""

    settings: BatchSettings

    def __init__(self, settings: BatchSettings) -> None:
        self.settings = settings
        self.ready = asyncio.Event()
        # The topics that stages write, changelogs included.
        self.written: set[str] = set()
        # Topics whose records need not be fetched at once, and how long they may wait.
        self.unhurried: dict[str, float] = {}
        self.precedence = Precedence()
        self._rounds: list[Rounds] = []
        super().__init__(settings.group, Table=BulkTable, **settings.faust())
        self.transport.Consumer = BatchConsumer

    @property
    def is_ready(self) -> bool:
        """Is what this worker owns assigned, recovered and read?"""
        return self.ready.is_set()

    def add_rounds(self, rounds: Rounds) -> None:
        """Have these rounds held while partitions change hands."""
        self._rounds.append(rounds)

    def release_rounds(self) -> None:
        """Let rounds run: partitions are assigned, recovered and sought."""
        for rounds in self._rounds:
            rounds.release()

    async def hold_rounds(self) -> None:
        """Wait for running rounds and start no more. A round that does not end crashes the worker."""
        try:
            await asyncio.gather(*(rounds.hold() for rounds in self._rounds))
        except RoundOverdue as error:
            await self.crash(error)

    async def prove_membership(self) -> None:
        """Raises MembershipLost if other workers may own this worker's partitions by now."""
        await self.consumer.prove_membership()

    def on_rebalance_start(self) -> None:
        """Partitions are about to change hands."""
        self.ready.clear()
        super().on_rebalance_start()

    def on_rebalance_end(self) -> None:
        """What this worker owns is recovered, and it reads."""
        super().on_rebalance_end()
        self.ready.set()


def batch_app(settings: BatchSettings) -> BatchApp:
    """An app for `stage`s, tuned by `settings`. Its `is_ready` says if it is assigned and recovered."""
    return BatchApp(settings)
