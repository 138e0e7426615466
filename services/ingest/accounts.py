"""The connected accounts that can be read now, each behind one gateway of its own."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from libs.stripe_gateway import Budget, StripeAccount, StripeApi, StripeRefused, budget_name, open_account
from services.ingest.catalogues import Scope
from services.ingest.projects import StoreUnavailable

REFRESH_SECONDS = 5.0
EXPIRED = "api_key_expired"
KEY_REFUSED = {
    "code": "key_refused",
    "message": "Stripe does not accept the key any more: it was rolled or deleted.",
    "hint": "Make a new restricted key in Stripe's dashboard and connect the account again with it.",
}
KEY_EXPIRED = {
    "code": "key_expired",
    "message": "The key has expired.",
    "hint": "Make a new restricted key in Stripe's dashboard and connect the account again with it.",
}
ACCESS_REVOKED = {
    "code": "access_revoked",
    "message": "The account's owner has ended our access to it, or Stripe has.",
    "hint": "Connect the account again: GET /api/integrations/stripe/start.",
}
PLATFORM_KEY_REFUSED = {
    "code": "platform_key_refused",
    "message": "Stripe does not accept the platform's own key.",
    "hint": "Set STRIPE_SECRET_KEY to the platform's current key and start the services again.",
}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Credential:
    """The key of one connection, `sealed` as it is stored. Without that it is the platform's, which reads on behalf of
    the account."""

    scope: Scope
    connection: str
    key: str = field(repr=False)
    sealed: bytes | None = field(repr=False)

    @property
    def on_behalf_of(self) -> str | None:
        """The account to name in calls, where the key is not the account's own."""
        return self.scope[1] if self.sealed is None else None


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
            else:  # the same key, perhaps sealed anew
                self._open[scope] = replace(self._open[scope], credential=credential)

    async def refused(self, scope: Scope, refused: StripeRefused) -> bool:
        """Stop reading an account whose key Stripe refuses, and note why.

        False where the key was replaced meanwhile, so that a new one may be tried. Raises StoreUnavailable.
        """
        found = self._open.get(scope)
        if found is None:
            return False
        await self._close([scope])
        was_current = await self._source.refused(found.credential, error_of_credential(found.credential, refused))
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
        opening = open_account(self._api, credential.key, budget, credential.on_behalf_of)
        reader = await closing.enter_async_context(opening)
        return _Open(credential, reader, closing)

    async def _close(self, scopes: Iterable[Scope]) -> None:
        for scope in scopes:
            found = self._open.pop(scope, None)
            if found is not None:
                await found.closing.aclose()


def error_content(refused: StripeRefused) -> dict[str, object]:
    """What a person has to know of a refusal, as it is stored and shown."""
    return {**_told(refused), "resource": refused.resource_name, "stripe_request_id": refused.request_id}


def error_of_credential(credential: Credential, refused: StripeRefused) -> dict[str, object]:
    """The same; a platform's own key is not the account's to renew."""
    if credential.on_behalf_of is None or refused.is_revoked or not refused.is_of_key:
        return error_content(refused)
    return {**error_content(refused), **PLATFORM_KEY_REFUSED}


def _told(refused: StripeRefused) -> Mapping[str, object]:
    if refused.is_revoked:
        return ACCESS_REVOKED
    if refused.code == EXPIRED:
        return KEY_EXPIRED
    if refused.is_of_key:
        return KEY_REFUSED
    return {
        "code": "permission_missing",
        "message": f"The key may not read {refused.resource_name}.",
        "hint": f"Give the key read permission for {refused.resource_name} in Stripe's dashboard, under Developers,"
        " API keys; it works from the next sync on.",
    }


def _is_other(wanted: Credential | None, opened: Credential) -> bool:
    """Keys are compared, not what they are sealed as: a rotation of encryption keys interrupts no sync."""
    return wanted is None or (wanted.key, wanted.on_behalf_of) != (opened.key, opened.on_behalf_of)
