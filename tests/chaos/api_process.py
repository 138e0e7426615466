"""The api service as a process that is killed and started again."""

import asyncio
import os
import sys
from pathlib import Path

from deploy.ports import free_port
from libs.runtime.crypto import generate_key


class ApiProcess:
    """One `python -m services.api` on ports of its own, the same after each start."""

    def __init__(self, bootstrap: str, database_url: str, home: Path) -> None:
        ports = free_port(), free_port()
        self.url = f"http://127.0.0.1:{ports[0]}"
        self.kills = 0
        self._log = home / "api.log"
        self._environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "DATABASE_URL": database_url,
            "REVSTREAM_HOME": str(home),
            "REVSTREAM_ENCRYPTION_KEYS": generate_key(),
            "API_PORT": str(ports[0]),
            "API_HEALTH_PORT": str(ports[1]),
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; it answers a moment later."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services.api", env=self._environment, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        """SIGKILL, with no time for anything."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
            self.kills += 1

    def told(self) -> str:
        """The end of its log, for a test that fails."""
        return self._log.read_text(errors="replace")[-4000:]
