import asyncio
import os
import signal

import pytest

from libs.runtime.lifetime import until_stopped


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_asks_the_service_to_stop_and_it_ends_cleanly(number: signal.Signals) -> None:
    released = []

    async def service(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), number)
        await stop.wait()
        released.append("all")

    assert await until_stopped(service, 5.0) == 0
    assert released == ["all"]


async def test_a_service_that_does_not_end_is_cancelled_after_the_grace() -> None:
    cancelled = []

    async def service(_stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    assert await until_stopped(service, 0.05) == 1
    assert cancelled == [True]


async def test_a_service_that_fails_raises_its_error() -> None:
    async def service(_stop: asyncio.Event) -> None:
        raise RuntimeError("no disk")

    with pytest.raises(RuntimeError, match="no disk"):
        await until_stopped(service, 5.0)
