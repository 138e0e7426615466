"""The topics as an AsyncAPI 3 document: addresses, settings, headers, and the schema of every record.

`python -m libs.wire.asyncapi FILE` writes it; not where a record changed in a way that breaks those who read it, unless
its `schema_version` went up.
"""

import sys
from collections.abc import Mapping, Sequence
from inspect import cleandoc
from pathlib import Path

import msgspec

from libs.wire.dead_letters import SUFFIX
from libs.wire.schema import SCHEMA_VERSION, Record
from libs.wire.schema_changes import breaking
from libs.wire.schemas import KINDS, RECORDS, Json, components
from libs.wire.topics import CONTRACT, DEFAULT_PARTITIONS, Topic, dead_letter_topic

BINDING = "0.5.0"
INCOMPATIBLE = 1
TEXT: Json = {"type": "string"}
ABOUT = """\
Everything that revstream finds out is on these topics. A key keeps all records of one client (or customer) in one
partition, and so in order. Records come at least once: a repeat has the same `ce_id`. Fields and kinds are added
freely, never renamed or taken away: skip what you don't know. Times are ISO 8601 in UTC; `exact` amounts are fractions
of minor units as text.
"""
CLOUD_EVENT: Mapping[str, tuple[str, Json]] = {
    "ce_specversion": ("CloudEvents' version.", {"type": "string", "const": "1.0"}),
    "ce_id": ("The same for a repeat of the record.", TEXT),
    "ce_type": ("What happened, as `churn.signal.open`.", TEXT),
    "ce_source": ("The service that says so.", TEXT),
    "ce_time": ("When it happened.", {"type": "string", "format": "date-time"}),
    "ce_subject": ("What it is about, as the key.", TEXT),
    "content-type": ("", {"type": "string", "const": "application/json"}),
}
REPEATED: Mapping[str, tuple[str, Json]] = {
    "replay_of": ("On a record that was replayed: topic:partition:offset of the first of its kind.", TEXT),
    "dl_attempts": ("On a record that was a dead letter: how often it could not be read.", TEXT),
}
LETTER: Mapping[str, tuple[str, Json]] = {
    "dl_reason": ("Why it could not be read.", TEXT),
    "dl_topic": ("The topic that it was on.", TEXT),
    "dl_partition": ("Its partition there.", TEXT),
    "dl_offset": ("Its offset there.", TEXT),
    "dl_consumer": ("The service that gave up on it.", TEXT),
    "dl_attempts": ("How often it was tried.", TEXT),
    "dl_time": ("When the letter was written.", {"type": "string", "format": "date-time"}),
    "dl_replay": ("The command that sends it again.", TEXT),
}


def document() -> Json:
    """The whole document. Addresses of brokers are nobody's business but the operator's: it names none."""
    letters = [dead_letter_topic(topic) for topic in CONTRACT]
    return {
        "asyncapi": "3.0.0",
        "id": "urn:revstream:topics",
        "info": {
            "title": "revstream's topics",
            "version": f"{SCHEMA_VERSION}.0.0",
            "description": ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in (*CONTRACT, *letters)},
        "operations": {_operation_id(topic): _operation(topic) for topic in CONTRACT},
        "components": {
            "schemas": components(),
            "messages": {
                **{name: _message(kind) for name, kind in RECORDS.items()},
                "DeadLetter": _dead_letter(),
            },
        },
    }


def _channel(topic: Topic) -> Json:
    names = [kind.__name__ for kind in KINDS.get(topic.name, ())] or ["DeadLetter"]
    config = topic.config()
    return {
        "address": topic.name,
        "title": topic.name,
        "summary": topic.holds,
        "description": f"Key: {topic.key}. Written by {_list(topic.producers)}; read by {_list(topic.consumers)}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": DEFAULT_PARTITIONS,
                "topicConfiguration": {
                    "cleanup.policy": [config["cleanup.policy"]],
                    "retention.ms": int(config["retention.ms"]),
                    "max.message.bytes": int(config["max.message.bytes"]),
                },
                "bindingVersion": BINDING,
            }
        },
    }


def _operation_id(topic: Topic) -> str:
    return f"publish-{topic.name}"


def _operation(topic: Topic) -> Json:
    """revstream sends; whoever subscribes receives."""
    of = f"#/channels/{topic.name}"
    return {
        "action": "send",
        "channel": {"$ref": of},
        "summary": f"revstream publishes {topic.holds}.",
        "messages": [{"$ref": f"{of}/messages/{kind.__name__}"} for kind in KINDS[topic.name]],
    }


def _message(kind: type[Record]) -> Json:
    text = cleandoc(kind.__doc__ or "")
    return {
        "name": kind.__name__,
        "title": kind.__name__,
        "summary": " ".join(text.split("\n\n")[0].split()),
        "contentType": "application/json",
        "headers": _headers({**CLOUD_EVENT, **REPEATED}, [*CLOUD_EVENT]),
        "payload": {"$ref": f"#/components/schemas/{kind.__name__}"},
        "bindings": {"kafka": {"key": TEXT, "bindingVersion": BINDING}},
    }


def _dead_letter() -> Json:
    return {
        "name": "DeadLetter",
        "title": "DeadLetter",
        "summary": f"What could not be read, byte for byte, under its old key: on `*{SUFFIX}`.",
        "contentType": "application/octet-stream",
        "headers": _headers(LETTER, [*LETTER]),
        "payload": {"description": "The original bytes."},
        "bindings": {"kafka": {"key": TEXT, "bindingVersion": BINDING}},
    }


def _headers(told: Mapping[str, tuple[str, Json]], required: Sequence[str]) -> Json:
    properties = {name: {**schema, **({"description": text} if text else {})} for name, (text, schema) in told.items()}
    return {"type": "object", "properties": properties, "required": list(required)}


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "nobody but people"


def encoded(told: Json) -> bytes:
    """The document as a file that people read, too."""
    return msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"


def schemas_in(content: bytes) -> Mapping[str, Json]:
    """The schemas of a document that was written before. Raises msgspec.ValidationError."""
    return msgspec.json.decode(content, type=_Document).components.schemas


class _Components(msgspec.Struct):
    schemas: dict[str, Json]


class _Document(msgspec.Struct):
    components: _Components


def main(file: Path) -> int:
    """Write the document to `file`; 1, and why, where that would break those who read the records."""
    told = document()
    before = schemas_in(file.read_bytes()) if file.exists() else {}
    faults = breaking(before, components())
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    if not faults:
        file.write_bytes(encoded(told))
    return INCOMPATIBLE if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
