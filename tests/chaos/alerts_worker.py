"""The alerts service as a process that is killed and started again."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from deploy.ports import free_port


class Worker:
    """One `python -m services.alerts`, in a folder of its own."""

    def __init__(self, bootstrap: str, home: Path) -> None:
        self._environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "REVSTREAM_HOME": str(home),
            "ALERTS_HEALTH_PORT": str(free_port()),
        }
        self._log = home / "alerts.log"
        self._process: asyncio.subprocess.Process | None = None
        self.kills = 0

    async def start(self) -> None:
        """Start it; what it says goes to a file beside its tables."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services.alerts", env=self._environment, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        """SIGKILL, with no time for anything."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
            self.kills += 1

    def told(self) -> str:
        """The end of its log, for a test that fails."""
        return self._log.read_text(errors="replace")[-4000:]
