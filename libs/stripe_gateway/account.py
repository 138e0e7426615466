"""One Stripe account as its key sees it: objects and lists, as complete as Stripe can show them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import quote

from libs.stripe_gateway.answers import Answer, Json, Page
from libs.stripe_gateway.faults import StripeMissing, StripeUnavailable
from libs.stripe_gateway.listings import (
    EXPAND_CHARGE,
    EXPAND_COUPON,
    EXPAND_CUSTOMER,
    EXPAND_PRICE,
    EXPAND_SUBSCRIPTION,
    MOST_A_PAGE,
    OF_CHARGES,
    SUBSCRIPTION_ITEMS,
    Listing,
)
from libs.stripe_gateway.pace import Budget
from libs.stripe_gateway.reading import Reading, StripeApi, reading


class StripeAccount:
    """Reads of one account. Every call raises a StripeFault: StripeUnavailable, StripeRefused, StripeMissing."""

    def __init__(self, source: Reading) -> None:
        self._source = source

    def keep_to(self, budget: Budget) -> None:
        """Count all further calls in this budget: whose account it is was not known before."""
        self._source.budget = budget

    async def identifier(self) -> str:
        """The id of the account that the key belongs to."""
        answer = await self._source.get("/v1/account", {})
        found = answer.body.get("id")
        if not isinstance(found, str):
            raise StripeUnavailable("/v1/account", None, "no_id", answer.request_id)
        return found

    async def opened_at(self) -> datetime | None:
        """When the account was opened: no object is older. None where Stripe does not say."""
        created = (await self._source.get("/v1/account", {})).body.get("created")
        return datetime.fromtimestamp(created, UTC) if isinstance(created, int) else None

    async def subscription(self, identifier: str) -> Answer:
        """A subscription with all its items, tiers, discounts and coupons. Ended ones are found too."""
        answer = await self._one("subscriptions", identifier, EXPAND_SUBSCRIPTION)
        return Answer(await self._with_all_items(answer.body), answer.at, answer.request_id)

    async def customer(self, identifier: str) -> Answer:
        """A customer; a deleted one is just its id and `deleted`."""
        return await self._one("customers", identifier, EXPAND_CUSTOMER)

    async def price(self, identifier: str) -> Answer:
        """A price with its tiers and its other currencies."""
        return await self._one("prices", identifier, EXPAND_PRICE)

    async def coupon(self, identifier: str) -> Answer:
        """A coupon with the products that it is limited to. Deleted ones are not found."""
        return await self._one("coupons", identifier, EXPAND_COUPON)

    async def of_charge(self, kind: str, identifier: str) -> Answer:
        """A refund, dispute or fraud warning (by its `object` field), with the charge that names its customer."""
        return await self._one(OF_CHARGES[kind], identifier, EXPAND_CHARGE)

    async def may_list(self, resource: str) -> None:
        """Ask for the shortest page of a resource, to see whether it may be read."""
        await self._source.get(f"/v1/{resource}", {"limit": 1})

    async def pages(self, listing: Listing, after: str | None = None) -> AsyncIterator[Page]:
        """The pages of a list, newest objects first, from `after` on (a page's cursor).

        Subscriptions come with all their items. Raises StripeMissing where the object of the cursor is gone.
        """
        cursor = after
        while True:
            page = await self.page(listing, cursor)
            yield page
            cursor = page.cursor
            if cursor is None:
                return

    async def page(self, listing: Listing, after: str | None = None) -> Page:
        """One page of a list, as `pages` gives them."""
        return await self._page(listing, {}, after)

    async def _one(self, resource: str, identifier: str, expand: tuple[str, ...]) -> Answer:
        return await self._source.get(f"/v1/{resource}/{quote(identifier, safe='')}", {"expand": list(expand)})

    async def _page(self, listing: Listing, more: Mapping[str, str], cursor: str | None) -> Page:
        parameters: dict[str, object] = {"limit": MOST_A_PAGE, **listing.filters, **more}
        if listing.expand:
            parameters["expand"] = list(listing.expand)
        if cursor is not None:
            parameters["starting_after"] = cursor
        path = f"/v1/{listing.resource}"
        answer = await self._source.get(path, parameters)
        found = answer.body.get("data")
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise StripeUnavailable(path, None, "no_list", answer.request_id)
        cursor = _last_id(found) if answer.body.get("has_more") else None
        if answer.body.get("has_more") and cursor is None:
            raise StripeUnavailable(path, None, "no_next_page", answer.request_id)
        return Page(tuple([await self._with_all_items(each) for each in found]), answer.at, cursor)

    async def _with_all_items(self, item: Json) -> Json:
        """The object with the rest of its items, if it is a subscription whose list of items is cut.

        The version stays that of the first answer, so an event in between is newer than what was read.
        """
        items = item.get("items")
        if item.get("object") != "subscription" or not isinstance(items, dict) or not items.get("has_more"):
            return item
        lines, identifier = list(items.get("data") or ()), str(item.get("id"))
        cursor = _last_id(lines)
        while cursor is not None:
            page = await self._items_page(identifier, cursor)
            lines += page.objects
            cursor = page.cursor
        return {**item, "items": {**items, "data": lines, "has_more": False}}

    async def _items_page(self, subscription: str, cursor: str) -> Page:
        try:
            return await self._page(SUBSCRIPTION_ITEMS, {"subscription": subscription}, cursor)
        except StripeMissing as error:  # the item was removed meanwhile
            raise StripeUnavailable(error.resource, error.status, "changed_while_read", error.request_id) from error


def _last_id(objects: list[Json]) -> str | None:
    identifier = objects[-1].get("id") if objects else None
    return identifier if isinstance(identifier, str) else None


@asynccontextmanager
async def open_account(
    api: StripeApi, key: str, budget: Budget | None = None, on_behalf_of: str | None = None
) -> AsyncIterator[StripeAccount]:
    """The account behind `key` while the block runs, or the one that a platform's key reads `on_behalf_of`.

    Its reads keep to `budget`, else to a pace of their own.
    """
    async with reading(api, key, budget, on_behalf_of) as source:
        yield StripeAccount(source)
