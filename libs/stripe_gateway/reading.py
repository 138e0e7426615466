"""One GET over Stripe's SDK: paced, patient, its outcome an `Answer` or one of our faults."""

import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp
import stamina
import stripe

from libs.stripe_gateway.answers import Answer
from libs.stripe_gateway.faults import StripeFault, StripeMissing, StripeRefused, StripeRejected, StripeUnavailable
from libs.stripe_gateway.pace import Budget, Pace

STRIPE = "https://api.stripe.com"
TEMPORARY = frozenset({HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS})
REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
RATE_LIMITED = "Stripe-Rate-Limited-Reason"


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a call is tried while its fault is temporary, and how long in all; waits double and have jitter."""

    tries: int = 6
    seconds: float = 60.0
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class StripeApi:
    """Where Stripe is and how we read it."""

    base: str = STRIPE
    reads_per_second: float = 20.0
    request_seconds: float = 30.0
    connect_seconds: float = 5.0
    patience: Patience = field(default_factory=Patience)


class Reading:
    """GET calls with one key. Answers are in the version of the SDK, which each call names.

    Once Stripe has refused the key, no call is made any more. `budget` is the account's, as soon as that is known.
    """

    def __init__(self, client: stripe.StripeClient, api: StripeApi, budget: Budget | None) -> None:
        self._client = client
        self._patience = api.patience
        self.budget = budget or Pace(api.reads_per_second)
        self._refused: StripeRefused | None = None
        self._is_closed = False

    def close(self) -> None:
        """Let calls that are being tried again end with their fault."""
        self._is_closed = True

    async def get(self, path: str, parameters: Mapping[str, object]) -> Answer:
        """What Stripe shows at `path`. Raises a StripeFault; StripeUnavailable only after several tries."""
        patience = self._patience
        async for attempt in stamina.retry_context(
            on=self._may_pass,
            attempts=patience.tries,
            timeout=patience.seconds,
            wait_initial=patience.first_wait_seconds,
            wait_max=patience.longest_wait_seconds,
            wait_jitter=patience.first_wait_seconds,
        ):
            with attempt:
                return await self._once(path, parameters)
        raise AssertionError("stamina tries at least once")

    def _may_pass(self, error: Exception) -> bool:
        return isinstance(error, StripeUnavailable) and not self._is_closed

    async def _once(self, path: str, parameters: Mapping[str, object]) -> Answer:
        resource = _resource(path)
        try:
            async with self.budget.call(resource):
                if self._refused is not None:
                    raise self._refused.again(path)
                return await self._sent(path, parameters)
        except StripeUnavailable as error:
            if error.limited is not None:
                await self.budget.limited(resource if error.limited.startswith("endpoint") else "", error.limited)
            raise
        except StripeRefused as refused:
            if refused.is_of_key:
                self._refused = refused
            raise

    async def _sent(self, path: str, parameters: Mapping[str, object]) -> Answer:
        try:
            answer = await self._client.raw_request_async("get", path, **parameters)
        except stripe.StripeError as error:
            raise _fault(path, error) from None  # its arguments hold the whole answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:  # the SDK reads bodies unguarded
            raise StripeUnavailable(path, None, type(error).__name__, None) from error
        headers: Mapping[str, str] = answer.headers
        if not isinstance(answer.data, dict):
            raise StripeUnavailable(path, answer.code, "not_an_object", answer.request_id)
        return Answer(answer.data, _date(path, headers), answer.request_id)


@asynccontextmanager
async def reading(
    api: StripeApi, key: str, budget: Budget | None = None, on_behalf_of: str | None = None
) -> AsyncIterator[Reading]:
    """Calls with `key` while the block runs; `on_behalf_of` names a connected account, in Stripe-Account."""
    stripe.enable_telemetry = False  # it would write an id of this machine to disk and report timings
    logging.getLogger("stripe").setLevel(logging.WARNING)  # it logs each call's address
    timeout = aiohttp.ClientTimeout(total=api.request_seconds, connect=api.connect_seconds)
    # The SDK hands the timeout on to aiohttp as it is.
    http = stripe.AIOHTTPClient(timeout=timeout)
    client = stripe.StripeClient(
        key,
        stripe_account=on_behalf_of,
        base_addresses={"api": api.base.rstrip("/")},
        max_network_retries=0,
        http_client=http,
    )
    source = Reading(client, api, budget)
    try:
        yield source
    finally:
        source.close()
        await http.close_async()  # type: ignore[no-untyped-call]  # the SDK's own


def _fault(path: str, error: stripe.StripeError) -> StripeFault:
    status, code, request = error.http_status, _code(error), error.request_id
    if status in REFUSALS:
        return StripeRefused(path, status, code, request)
    if status == HTTPStatus.NOT_FOUND or code == "resource_missing":
        return StripeMissing(path, status, code, request)
    is_ours = status is not None and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if is_ours and status not in TEMPORARY and code != "rate_limit":
        return StripeRejected(path, status, code, request)
    unavailable = StripeUnavailable(path, status, code, request)
    unavailable.limited = _limited(error, code)
    return unavailable


def _limited(error: stripe.StripeError, code: str | None) -> str | None:
    """Why Stripe has had enough, where it says so. A 429 may also tell of a locked object, which is no limit."""
    told = {name.lower(): value for name, value in (error.headers or {}).items()}.get(RATE_LIMITED.lower())
    if told == "resource-specific":
        return None
    return told or (code if code == "rate_limit" else None)


def _resource(path: str) -> str:
    return path.removeprefix("/v1/").partition("/")[0]


def _code(error: stripe.StripeError) -> str | None:
    """The SDK leaves out the code of refusals."""
    if error.code:
        return error.code
    try:
        told = json.loads(error.http_body or "null")["error"]["code"]
    except (ValueError, TypeError, KeyError):
        return None
    return told if isinstance(told, str) else None


def _date(path: str, headers: Mapping[str, str]) -> datetime:
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError) as error:
        raise StripeUnavailable(path, None, "no_date", headers.get("Request-Id")) from error
