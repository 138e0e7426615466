"""Publishing in the background: nobody waits for an answer, so what the broker does not take is offered again."""

import asyncio
from collections.abc import Sequence

import structlog

from libs.wire.records import StripeRecord
from services.ingest.publisher import NotPublished, Publisher, RecordTooLarge

AT_ONCE = 500
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
log = structlog.get_logger(__name__)


async def publish_all(publisher: Publisher, records: Sequence[StripeRecord]) -> int:
    """Return once the broker has them all, however long that takes: how many. Those too large are left out."""
    return sum([await _published(publisher, records[at : at + AT_ONCE]) for at in range(0, len(records), AT_ONCE)])


async def _published(publisher: Publisher, records: Sequence[StripeRecord]) -> int:
    pause = FIRST_PAUSE_SECONDS
    taken = 0
    while records:
        outcomes = await asyncio.gather(*(_is_taken(publisher, each) for each in records))
        taken += sum(outcome is True for outcome in outcomes)
        records = [record for record, outcome in zip(records, outcomes, strict=True) if outcome is None]
        if records:
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_SECONDS, pause * 2)
    return taken


async def _is_taken(publisher: Publisher, record: StripeRecord) -> bool | None:
    """True: the broker has it; False: it never will; None: not now."""
    try:
        await publisher.publish(record)
    except NotPublished:
        return None
    except RecordTooLarge as error:
        log.error("record_too_large", project=record.project, type=record.type, reason=str(error))
        return False
    return True
