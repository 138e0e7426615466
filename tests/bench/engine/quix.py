"""The job in Quix Streams, with its own state store and changelog."""

import sys

from quixstreams import Application, State
from quixstreams.models import Topic

from tests.bench.engine.job import number_of, output


def keep(value: bytes, state: State) -> bytes:
    """One output per record; the entry moves forward only."""
    number = number_of(value)
    known = state.get("highest", 0)
    if known < number:
        state.set("highest", number)
    return output(number)


def main(group: str, brokers: str, source: str, target: str, home: str) -> None:
    """Run until a signal."""
    app = Application(
        broker_address=brokers,
        consumer_group=group,
        auto_offset_reset="earliest",
        commit_interval=1.0,
        state_dir=home,
        producer_extra_config={"acks": "all"},
        loglevel="WARNING",
    )
    came: Topic = app.topic(source, key_deserializer="bytes", value_deserializer="bytes")
    goes: Topic = app.topic(target, key_serializer="bytes", value_serializer="bytes")
    app.dataframe(came).apply(keep, stateful=True).to_topic(goes)
    app.run()


if __name__ == "__main__":
    group_, brokers_, source_, target_, _partitions, home_ = sys.argv[1:]
    main(group_, brokers_, source_, target_, home_)
