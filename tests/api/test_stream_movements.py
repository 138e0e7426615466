"""Who asks for them hears of the ledger's movements too: those of these days, each change once."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from libs.wire.records import MovementRecord
from services.api.database import Database
from services.api.read_model.rebuilding import rebuild
from tests.api.builders import PROJECT, movement_delivery, signal_delivery, signal_record, undone
from tests.api.calling import Api
from tests.api.streaming import listening


def movement(id: str = "acme/1", **ago: float) -> MovementRecord:  # noqa: A002
    """A new client's first 10.00 USD."""
    return MovementRecord(
        id=id,
        project=PROJECT,
        client="acme",
        livemode=True,
        settings=0,
        occurred_at=datetime.now(UTC) - timedelta(**ago),
        kind="new",
        currency="usd",
        amount="10.00",
        after="10.00",
        exact="1000",
        exact_after="1000",
        revision=1,
    )


async def test_movements_are_told_to_who_asks(api: Api) -> None:
    async with listening(api, "?include=movements") as wide, listening(api) as narrow:
        await api.holds(movement_delivery(movement()), signal_delivery(signal_record()))
        told = await wide.event()
        assert (told.kind, told.data["kind"], told.data["amount"]) == ("movement", "new", "10.00")
        assert (await narrow.event()).kind == "signal"


async def test_history_is_not_told_and_a_replay_tells_nothing_again(api: Api, opened: Database) -> None:
    recent = movement()
    told = [movement_delivery(each) for each in (movement("acme/0", days=2), recent, undone(recent))]
    await api.holds(*told)
    await rebuild(opened)
    await api.holds(*told)
    async with listening(api, "?include=movements", since=0) as stream:
        assert [event.data["deleted"] for event in await stream.events(2)] == [False, True]
        with pytest.raises(TimeoutError):
            await stream.event(0.3)


async def test_what_is_estimated_is_history(api: Api) -> None:
    await api.holds(movement_delivery(msgspec.structs.replace(movement(), estimated=True)))
    async with listening(api, "?include=movements", since=0) as stream:
        with pytest.raises(TimeoutError):
            await stream.event(0.3)
