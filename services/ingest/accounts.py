"""The connected accounts that can be read now, each behind one gateway of its own."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from libs.stripe_gateway import Budget, StripeAccount, StripeApi, StripeRefused, budget_name, open_account
from services.ingest.catalogues import Scope
from services.ingest.projects import StoreUnavailable

REFRESH_SECONDS = 5.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Credential:
    """The key of one connection. `sealed` is how it is stored: the same bytes, the same key."""

    scope: Scope
    connection: str
    key: str = field(repr=False)
    sealed: bytes = field(repr=False)


class CredentialSource(Protocol):
    """Where credentials are kept."""

    async def every(self) -> tuple[Credential, ...]:
        """Those of all active connections. Raises StoreUnavailable."""
        ...

    async def refused(self, credential: Credential, error: Mapping[str, object]) -> bool:
        """Note that Stripe refuses the key; False where it was replaced meanwhile. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class _Open:
    credential: Credential
    reader: StripeAccount
    closing: AsyncExitStack


def _own_budget(_name: str) -> None:
    """Nobody else reads the accounts."""


class Accounts:
    """Opens a gateway for each active connection and closes it when the connection ends or gets another key."""

    def __init__(
        self,
        source: CredentialSource,
        api: StripeApi,
        opened: Callable[[], None],
        budget_of: Callable[[str], Budget | None] = _own_budget,
    ) -> None:
        """`opened` is called whenever an account can be read that could not be before."""
        self._source = source
        self._api = api
        self._tell_opened = opened
        self._budget_of = budget_of
        self._open: dict[Scope, _Open] = {}
        self._changed = asyncio.Event()

    def reader(self, scope: Scope) -> StripeAccount | None:
        """The account's gateway, None where it can't be read."""
        found = self._open.get(scope)
        return None if found is None else found.reader

    def tell_changed(self) -> None:
        """Have the connections read again at once."""
        self._changed.set()

    async def refresh(self) -> None:
        """Read the connections now; without PostgreSQL they stay as they were."""
        try:
            wanted = {each.scope: each for each in await self._source.every()}
        except StoreUnavailable as error:
            log.warning("connections_not_read", reason=str(error))
            return
        ended = [scope for scope, each in self._open.items() if _is_other(wanted.get(scope), each.credential)]
        await self._close(ended)
        for scope, credential in wanted.items():
            if scope not in self._open:
                self._open[scope] = await self._opened(credential)
                self._tell_opened()

    async def refused(self, scope: Scope, refused: StripeRefused) -> bool:
        """Stop reading an account whose key Stripe refuses, and note why.

        False where the key was replaced meanwhile, so that a new one may be tried. Raises StoreUnavailable.
        """
        found = self._open.get(scope)
        if found is None:
            return False
        await self._close([scope])
        was_current = await self._source.refused(found.credential, error_content(refused))
        self.tell_changed()
        return was_current

    async def follow(self) -> None:
        """Refresh for ever: every few seconds, and at once when told of a change; close all in the end."""
        try:
            while True:
                self._changed.clear()
                await self.refresh()
                try:
                    async with asyncio.timeout(REFRESH_SECONDS):
                        await self._changed.wait()
                except TimeoutError:
                    continue
        finally:
            await self._close(list(self._open))

    async def _opened(self, credential: Credential) -> _Open:
        closing = AsyncExitStack()
        budget = self._budget_of(budget_name(*credential.scope[1:]))
        reader = await closing.enter_async_context(open_account(self._api, credential.key, budget))
        return _Open(credential, reader, closing)

    async def _close(self, scopes: Iterable[Scope]) -> None:
        for scope in scopes:
            found = self._open.pop(scope, None)
            if found is not None:
                await found.closing.aclose()


def error_content(refused: StripeRefused) -> dict[str, object]:
    """What a person has to know of a refusal, as it is stored and shown."""
    if refused.is_of_key:
        code, hint = "key_refused", "Connect the account again with a key that is valid."
        message = "Stripe does not accept the key any more: it expired, was rolled or deleted."
    else:
        code, hint = "permission_missing", "Give the key read permission for it in Stripe's dashboard."
        message = f"The key may not read {refused.resource}."
    return {"code": code, "message": message, "hint": hint, "stripe_request_id": refused.request_id}


def _is_other(wanted: Credential | None, opened: Credential) -> bool:
    return wanted is None or wanted.sealed != opened.sealed
