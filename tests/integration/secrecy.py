"""What a scene leaves behind: every row, every record, every line of a log, and whether a secret is in any of it."""

from collections.abc import Iterable
from pathlib import Path

import asyncpg
from aiokafka.structs import TopicPartition

from libs.runtime.kafka import new_consumer
from libs.wire.topics import every_topic

TABLES = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY relname
"""


def places_of(secrets: Iterable[str], left: dict[str, bytes]) -> list[str]:
    """Where a secret was found, by the name of the place; its own last characters tell which one it was."""
    pairs = [(secret, name) for secret in secrets for name in left]
    return [f"…{secret[-6:]} in {name}" for secret, name in pairs if _is_in(secret, left[name])]


def _is_in(secret: str, content: bytes) -> bool:
    """As it is, or as PostgreSQL and logs show bytes."""
    return secret.encode() in content or secret.encode().hex().encode() in content


async def tables_as_text(database_url: str) -> dict[str, bytes]:
    """Every table of the database, all columns of all rows; bytes as they are and in hexadecimal."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("SELECT set_config('revstream.every_project', 'on', false)")
        names = [row["relname"] for row in await connection.fetch(TABLES)]
        return {f"table {name}": await _table(connection, name) for name in names}
    finally:
        await connection.close()


async def _table(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> bytes:
    rows = await connection.fetch(f'SELECT each.*, each::text AS "whole row" FROM "{name}" AS each')
    return b"\n".join(_plain(value) for row in rows for value in row.values())


def _plain(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes) else str(value).encode()


async def records_as_bytes(bootstrap: str) -> dict[str, bytes]:
    """Every record of every topic: key, value and headers."""
    found: dict[str, list[bytes]] = {topic.name: [] for topic in every_topic()}
    consumer = new_consumer(bootstrap)
    await consumer.start()
    try:
        partitions = []
        for name in found:
            # Without subscribing, a topic's metadata has to be asked for.
            await consumer._client._wait_on_metadata(name)
            partitions += [TopicPartition(name, number) for number in consumer.partitions_for_topic(name)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for each, batch in (await consumer.getmany(timeout_ms=200)).items():
                for record in batch:
                    headers = [part for name, value in record.headers for part in (name.encode(), value)]
                    found[each.topic] += [record.key or b"", record.value or b"", *headers]
    finally:
        await consumer.stop()
    return {f"topic {name}": b"\n".join(parts) for name, parts in found.items()}


def logs_as_bytes(folder: Path) -> dict[str, bytes]:
    """What the processes said."""
    return {f"log {file.name}": file.read_bytes() for file in sorted(folder.glob("*.log"))}
