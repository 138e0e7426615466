"""The AsyncAPI document: true of the topics and records of today, and not broken for readers of yesterday's."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from libs.wire.asyncapi import document, encoded, main, schemas_in
from libs.wire.codec import encode
from libs.wire.records import Record
from libs.wire.schema_changes import breaking
from libs.wire.schemas import KINDS, RECORDS, components, schema
from libs.wire.topics import CONTRACT, every_topic
from tests.wire.examples import EXAMPLES

COMMITTED = Path(__file__).parents[2] / "docs" / "asyncapi.json"
AGAIN = "python -m libs.wire.asyncapi docs/asyncapi.json"
SHOWN = [(topic, record) for topic, examples in EXAMPLES.items() for record in examples]


def test_no_record_changes_under_its_readers() -> None:
    faults = breaking(schemas_in(COMMITTED.read_bytes()), components())
    assert faults == [], "give the record a higher schema_version, or leave the field as it was"


def test_the_document_in_docs_is_of_today() -> None:
    assert COMMITTED.read_bytes() == encoded(document()), f"write it again: {AGAIN}"


def test_it_is_not_written_over_what_readers_rely_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, told = tmp_path / "asyncapi.json", document()
    assert main(file) == 0
    old = file.read_text().replace('"livemode"', '"live"')
    file.write_text(old)
    assert main(file) == 1
    assert file.read_text() == old
    assert "SignalRecord.live: is gone" in capsys.readouterr().err
    assert told["asyncapi"] == "3.0.0"


def refs(value: object) -> Iterator[str]:
    """Every reference in a document."""
    match value:
        case {"$ref": str(ref)}:
            yield ref
        case dict():
            for each in value.values():
                yield from refs(each)
        case list():
            for each in value:
                yield from refs(each)


def resolved(whole: object, ref: str) -> object:
    place = whole
    for part in ref.removeprefix("#/").split("/"):
        assert isinstance(place, dict), ref
        place = place[part]
    return place


def test_every_reference_leads_somewhere() -> None:
    whole = json.loads(encoded(document()))
    assert [ref for ref in refs(whole) if not isinstance(resolved(whole, ref), dict)] == []


def test_every_topic_has_a_channel_and_every_record_a_message_on_one() -> None:
    whole = json.loads(encoded(document()))
    assert whole["channels"].keys() == {topic.name for topic in every_topic()}
    assert KINDS.keys() == {topic.name for topic in CONTRACT}
    carried = {name for topic in CONTRACT for name in whole["channels"][topic.name]["messages"]}
    assert carried == RECORDS.keys() == whole["components"]["messages"].keys() - {"DeadLetter"}


@pytest.mark.parametrize(("topic", "record"), SHOWN, ids=lambda value: type(value).__name__)
def test_a_record_is_valid_by_its_schema(topic: str, record: Record) -> None:
    name = type(record).__name__
    assert type(record) in KINDS[topic]
    Draft202012Validator(schema(name)).validate(json.loads(encode(record)))


@pytest.mark.parametrize("name", RECORDS)
def test_a_schema_is_one_and_refuses_what_is_no_record(name: str) -> None:
    told = schema(name)
    Draft202012Validator.check_schema(told)
    assert not Draft202012Validator(told).is_valid({"schema_version": 1})
