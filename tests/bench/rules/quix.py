"""Both stages in Quix Streams: the same functions, record by record, on its state store with its changelogs."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from quixstreams import Application, State, message_context
from quixstreams.models import Serializer, Topic

from libs.runtime.faust_batch import Output
from libs.wire.topics import CLIENT_ACTIVITY, REVENUE_CLIENTS, REVENUE_MOVEMENTS, STRIPE_EVENTS
from tests.bench.rules.job import Job, job_of, spare_the_collector, stages
from tests.bench.rules.raw import Compute
from tests.mrr.in_memory import MemoryRecord

ENTRY = "entry"


class ValueOf(Serializer):  # type: ignore[misc]  # quixstreams has no types
    """The value of an output."""

    def __call__(self, output: Output, ctx: object) -> bytes:
        return output[2] or b""


class KeyedState(Mapping[bytes, bytes]):
    """One key's entry as a table, which is all that a record of that key looks up."""

    def __init__(self, key: bytes, entry: bytes | None) -> None:
        self._entries = {} if entry is None else {key: entry}

    def __getitem__(self, key: bytes) -> bytes:
        return self._entries[key]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@dataclass(frozen=True, slots=True)
class Stage:
    """A computation as a function of one record."""

    topic: str
    compute: Compute

    def __call__(self, value: bytes, key: bytes, _timestamp: int, _headers: object, state: State) -> list[Output]:
        """The outputs; the entry is kept."""
        record = MemoryRecord(self.topic, message_context().offset, key, value)
        result = self.compute([record], KeyedState(key, state.get_bytes(ENTRY)))
        for entry in result.changes.values():
            if entry is not None:
                state.set_bytes(ENTRY, entry)
        return list(result.outputs)


def main(job: Job) -> None:
    """Run until a signal."""
    by_customer, by_client = stages()
    app = Application(
        broker_address=job.brokers,
        consumer_group=job.group,
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=str(job.home),
        producer_extra_config={"acks": "all"},
        loglevel="WARNING",
    )
    events, activity, revenue = (_topic(app, name) for name in (STRIPE_EVENTS.name, job.activity, job.revenue))
    movements = _topic(app, REVENUE_MOVEMENTS.name)
    _connect(app, events, Stage(STRIPE_EVENTS.name, by_customer.compute), {CLIENT_ACTIVITY.name: activity})
    by_name = {REVENUE_CLIENTS.name: revenue, REVENUE_MOVEMENTS.name: movements}
    _connect(app, activity, Stage(job.activity, by_client.compute), by_name)
    app.run()


def _topic(app: Application, name: str) -> Topic:
    return app.topic(
        name, key_deserializer="bytes", value_deserializer="bytes", key_serializer="bytes", value_serializer=ValueOf()
    )


def _connect(app: Application, source: Topic, work: Stage, targets: Mapping[str, Topic]) -> None:
    outputs = app.dataframe(source).apply(work, stateful=True, metadata=True, expand=True)
    outputs = outputs.set_headers(lambda output, _key, _timestamp, _headers: output[3])
    for name, target in targets.items():
        outputs.filter(lambda output, name=name: output[0] == name).to_topic(target, key=lambda out: out[1])


if __name__ == "__main__":
    spare_the_collector()
    main(job_of(sys.argv[1:]))
