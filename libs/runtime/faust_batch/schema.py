"""Keeps Faust from decoding: a batch reaches its stage as aiokafka fetched it."""

import faust
from faust.types import Message


class BatchSchema(faust.Schema):
    """Hands the list of records through unread."""

    def loads_key(self, _app: object, _message: object, **_: object) -> None:
        """A batch has no key of its own."""

    def loads_value(self, _app: object, message: Message, **_: object) -> object:
        """The records as `BatchConsumer` put them there."""
        return message.value
