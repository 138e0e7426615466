"""Whether what is published is what the schemas say."""

import json
from collections import Counter

from jsonschema import Draft202012Validator

from libs.runtime.spans import partition_counts, reader, records, spans
from libs.wire.codec import MalformedRecord, decode, decode_activity
from libs.wire.records import Record
from libs.wire.schemas import KINDS, RECORDS, schema
from libs.wire.topics import CLIENT_ACTIVITY, CONTRACT

MOST_OF_A_KIND = 60  # the validator takes a millisecond each; the decoder, made from the same types, reads them all
VALIDATORS = {name: Draft202012Validator(schema(name)) for name in RECORDS}


class Checked:
    """Records as they come: `faults` has a sentence for each that is none by its schema, `kinds` counts them."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.kinds: Counter[str] = Counter()

    def take(self, topic: str, value: bytes | None) -> None:
        """Check one; None is a tombstone."""
        if value is None:
            return
        try:
            name = type(_read(topic, value)).__name__
        except MalformedRecord as error:
            self.faults.append(f"{topic}: {error}")
            return
        self.kinds[name] += 1
        if self.kinds[name] <= MOST_OF_A_KIND:
            self.faults += [f"{topic}: {error.message}" for error in VALIDATORS[name].iter_errors(json.loads(value))]


async def checked(bootstrap: str, project: str) -> Checked:
    """All that a project has on the topics of the contract."""
    counts = await partition_counts(bootstrap, [topic.name for topic in CONTRACT])
    found = Checked()
    async with reader(bootstrap) as consumer:
        async for record in records(consumer, await spans(consumer, counts)):
            if (record.key or b"").split(b"/")[0] == project.encode():
                found.take(record.topic, record.value)
    return found


def _read(topic: str, value: bytes) -> Record:
    if topic == CLIENT_ACTIVITY.name:
        return decode_activity(value)
    (kind,) = KINDS[topic]
    return decode(value, kind)
