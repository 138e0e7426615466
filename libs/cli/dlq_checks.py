"""The dead letters that nobody has done anything about, for `revstream doctor`."""

from collections import Counter

from deploy.failures import StackUnavailable
from libs.cli.dlq_letters import OPEN, held, letters_of
from libs.cli.dlq_marks import Mark, marks
from libs.cli.servers import owner

MOST_READ = 10_000


async def open_letters(kafka: str, database: str | None, lying: dict[str, int]) -> dict[str, int]:
    """By dead-letter topic: how many records are not settled. `lying` counts what lies there, settled or not, repeats
    too; so many that reading them takes long are told as they are. Raises KafkaError."""
    if not 0 < sum(lying.values()) <= MOST_READ:
        return lying
    letters = held(await letters_of(kafka), await _settled(database))
    return dict(Counter(one.letter.lies.topic for one in letters if one.state == OPEN))


async def _settled(database: str | None) -> dict[tuple[str, str], Mark]:
    """What was done; nothing where PostgreSQL does not tell, which is a finding of its own."""
    if database is None:
        return {}
    try:
        async with owner(database) as connection, connection.transaction(readonly=True):
            return await marks(connection)
    except StackUnavailable:
        return {}
