"""The API as tests call it, and what stands in for Kafka behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import asyncpg
from multidict import CIMultiDictProxy
from yarl import URL

from libs.runtime.api_keys import KeyRequest, Scope, issue_at
from libs.runtime.kafka import KafkaUnavailable
from libs.wire.records import SettingsRecord
from services.api.asked import Parts
from services.api.directory_topic import DirectoryTopic
from services.api.outlet import Outgoing
from services.api.read_model.applying import BY_TOPIC, read_batch
from services.api.read_model.leadership import SESSION
from services.api.read_model.projection import Delivered
from tests.api.promised import Told, faults_of


@dataclass
class FakeSettingsTopic:
    """Remembers what was published; refuses while `is_away`."""

    published: list[SettingsRecord] = field(default_factory=list)
    is_away: bool = False

    async def publish(self, record: SettingsRecord) -> None:
        if self.is_away:
            raise KafkaUnavailable("no broker")
        self.published.append(record)


@dataclass
class FakeSender:
    """Remembers the records that were sent, in their order; refuses while `is_away`."""

    sent: list[Outgoing] = field(default_factory=list)
    is_away: bool = False

    async def send(self, records: Sequence[Outgoing]) -> None:
        if self.is_away:
            raise KafkaUnavailable("no broker")
        self.sent.extend(records)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    content: Any

    def field(self, *path: str) -> Any:
        """A value within the JSON."""
        value = self.content
        for name in path:
            value = value[name]
        return value


@dataclass(frozen=True)
class Api:
    """Calls with one key; `as_project` and `with_key` give the same server seen by another caller."""

    url: str
    session: aiohttp.ClientSession
    key: str | None
    database_url: str
    parts: Parts

    async def call(self, method: str, path: str, **options: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        headers |= options.pop("headers", {})
        url = URL(f"{self.url}{path}", encoded=True)
        async with self.session.request(method, url, headers=headers, **options) as response:
            body = await response.read()
            kept = faults_of(method, url.raw_path, Told(response.status, response.headers, body))
            assert kept == [], f"{method} {path} answers what was not promised: {kept}"
            is_json = "json" in response.headers.get("Content-Type", "")
            content = await response.json(content_type=None) if is_json and body else body
            return Answer(response.status, response.headers, content)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.call("GET", path, headers=headers)

    async def post(self, path: str, body: object) -> Answer:
        return await self.call("POST", path, json=body)

    async def put(self, path: str, body: object, **headers: str) -> Answer:
        return await self.call("PUT", path, json=body, headers=headers)

    async def patch(self, path: str, body: object) -> Answer:
        return await self.call("PATCH", path, json=body)

    async def delete(self, path: str) -> Answer:
        return await self.call("DELETE", path)

    def topic(self) -> DirectoryTopic:
        """What tells the streams of the directory."""
        return DirectoryTopic(self.parts.database, self.parts.sender)

    def with_key(self, key: str | None) -> "Api":
        return replace(self, key=key)

    async def as_project(self, project: str, *scopes: Scope) -> "Api":
        issued = await issue_at(self.database_url, KeyRequest(project, "test", scopes or (Scope.ADMIN,)))
        return self.with_key(issued.key)

    async def holds(self, *records: Delivered) -> None:
        """Put the records into the read model."""
        connection = await asyncpg.connect(self.database_url, server_settings=SESSION)
        for topic, rows in read_batch(records).rows.items():
            await BY_TOPIC[topic].take(connection, [row for _, row in rows])
        await connection.close()


PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "request_id", "hint", "errors"}


def is_problem(answer: Answer, status: int, code: str) -> bool:
    content: dict[str, object] = answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(content) == PROBLEM_FIELDS
    assert content["request_id"] == answer.headers["X-Request-Id"]
    assert answer.headers["Server"] == "revstream"
    assert (answer.status, content["status"], content["code"]) == (status, status, code)
    return True
