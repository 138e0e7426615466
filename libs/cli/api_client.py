"""The HTTP API as commands use it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp

Json = dict[str, Any]


class ApiRefused(Exception):
    """The API answered with an error; `str()` is its detail and hint."""

    def __init__(self, status: int, problem: Mapping[str, object]) -> None:
        self.status = status
        self.problem: Json = dict(problem)
        self.code = problem.get("code")
        told = [str(problem[name]) for name in ("detail", "hint") if problem.get(name)]
        super().__init__(f"{status} {problem.get('code', '')}: {' '.join(told)}")


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    kind: str


class ApiClient:
    """One project's view of the API: `async with ApiClient(url, key) as api`."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._key}"}, timeout=aiohttp.ClientTimeout(total=15)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(self, path: str, **query: str) -> Json:
        """One answer. Raises ApiRefused, and aiohttp.ClientError when nobody answers."""
        return await self._call("GET", path, query=query)

    async def post(self, path: str, body: Mapping[str, object]) -> Json:
        """Send something, give the answer. Raises as `get` does."""
        return await self._call("POST", path, body=body)

    async def delete(self, path: str) -> Json:
        """End something, give the answer. Raises as `get` does."""
        return await self._call("DELETE", path)

    async def send(self, path: str, body: bytes, kind: str, **query: str) -> Json:
        """Send a file of the content type `kind`, give the answer. Raises as `get` does."""
        return await self._call("POST", path, query=query, file=_File(body, kind))

    async def every(self, path: str, **query: str) -> AsyncIterator[Json]:
        """All entries of a list, page after page."""
        cursor: str | None = ""
        while cursor is not None:
            page = await self.get(path, limit="100", **query, **({"cursor": cursor} if cursor else {}))
            for entry in page["data"]:
                yield entry
            cursor = page["next_cursor"]

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        file: "_File | None" = None,
    ) -> Json:
        if self._session is None:
            raise RuntimeError("the client is not open: use it with `async with`")
        url = f"{self._url}/{'/'.join(quote(part, safe='') for part in path.strip('/').split('/'))}"
        content = {"json": body} if file is None else {"data": BytesIO(file.content)}
        headers = None if file is None else {"Content-Type": file.kind}
        async with self._session.request(method, url, params=query, headers=headers, **content) as answer:
            told: Json = await answer.json(content_type=None)
            if answer.status >= 400:
                raise ApiRefused(answer.status, told)
            return told
