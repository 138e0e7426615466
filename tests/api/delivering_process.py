"""The deliveries of an api process, alone: to be killed."""

import asyncio
import os

from libs.runtime.crypto import Keyring
from services.api.deliveries.egress import Egress
from services.api.delivering import Delivering, deliver
from services.api.outlet import NoBroker
from services.api.stream.waking import hear


async def main() -> None:
    """Deliver until killed."""
    url, keyring = os.environ["DATABASE_URL"], Keyring.parse(os.environ["REVSTREAM_ENCRYPTION_KEYS"])
    by, stop = Delivering(url, keyring, Egress(unsafe=True), NoBroker()), asyncio.Event()
    await asyncio.gather(deliver(by, stop), hear(url, lambda _project, _newest: by.woken.set(), stop))


if __name__ == "__main__":
    asyncio.run(main())
