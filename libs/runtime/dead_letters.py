"""What a stage cannot read goes on as it came, with the reason."""

from libs.runtime.faust_batch import Output, Record
from libs.wire.dead_letters import Origin, dead_letter_headers
from libs.wire.topics import Topic


def dead_letter(topic: Topic, record: Record, reason: str, service: str) -> Output:
    """The original key and bytes for the dead-letter topic of `topic`. `service` is who could not read it."""
    origin = Origin(record.topic, record.partition, record.offset)
    return topic.dead_letters, record.key, record.value, dead_letter_headers(reason, origin, service, record.headers)
