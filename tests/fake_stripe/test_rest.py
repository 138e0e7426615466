"""The REST API as a careful client meets it."""

from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime

import aiohttp
import pytest
import stripe

from libs.fake_stripe import FakeStripe
from libs.fake_stripe.history import HistorySpec, play
from libs.fake_stripe.json_types import Json
from libs.fake_stripe.rest.access import RESTRICTED_KEY, SECRET_KEY
from libs.fake_stripe.specs import CouponSpec, TierSpec
from tests.fake_stripe.merchant import Shop
from tests.fake_stripe.test_shapes import faults_of


class Caller:
    """Calls one fake with a key."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def answer(self, path: str, **headers: str) -> tuple[int, Json, dict[str, str]]:
        sent = {"Authorization": f"Bearer {SECRET_KEY}"} | headers
        async with self._session.get(f"{self.url}/v1/{path}", headers=sent) as answer:
            return answer.status, await answer.json(), dict(answer.headers)

    async def get(self, path: str) -> Json:
        status, body, _ = await self.answer(path)
        assert status == 200, body
        return body

    async def refused(self, path: str, **headers: str) -> tuple[int, Json]:
        status, body, _ = await self.answer(path, **headers)
        return status, body["error"]

    async def pages(self, path: str) -> list[Json]:
        found: list[Json] = []
        while True:
            cursor = f"&starting_after={found[-1]['id']}" if found else ""
            page = await self.get(f"{path}{cursor}")
            found += page["data"]
            if not page["has_more"]:
                return found


@pytest.fixture(scope="module")
def lived() -> FakeStripe:
    fake = FakeStripe(seed=9)
    play(fake.engine, HistorySpec(seed=9, customers=40, months=4))
    return fake


@pytest.fixture(scope="module")
async def caller(lived: FakeStripe) -> AsyncIterator[Caller]:
    async with lived.serve() as url, aiohttp.ClientSession() as session:
        yield Caller(url, session)


@pytest.fixture
async def shop_caller() -> AsyncIterator[tuple[Shop, Caller]]:
    shop = Shop()
    async with shop.fake.serve() as url, aiohttp.ClientSession() as session:
        yield shop, Caller(url, session)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("charges", "charge"),
        ("coupons", "coupon"),
        ("customers", "customer"),
        ("invoices", "invoice"),
        ("prices", "price"),
        ("products", "product"),
        ("refunds", "refund"),
    ],
)
async def test_pages_give_everything_once_newest_first(lived: FakeStripe, caller: Caller, path: str, kind: str) -> None:
    found = await caller.pages(f"{path}?limit=7")
    assert [each["id"] for each in found] == [each["id"] for each in reversed(lived.objects(kind))]
    assert faults_of(found) == set()


async def test_subscriptions_leave_out_the_canceled_unless_asked(lived: FakeStripe, caller: Caller) -> None:
    every = {each["id"] for each in lived.objects("subscription")}
    canceled = {each["id"] for each in lived.objects("subscription") if each["status"] == "canceled"}
    assert canceled
    assert {each["id"] for each in await caller.pages("subscriptions?limit=50")} == every - canceled
    found = await caller.pages("subscriptions?limit=50&status=all")
    assert {each["id"] for each in found} == every
    assert faults_of(found) == set()


async def test_the_events_feed_ends_thirty_days_ago(lived: FakeStripe, caller: Caller) -> None:
    found = await caller.pages("events?limit=100")
    oldest = lived.clock.now - 30 * 86_400
    assert [each["id"] for each in reversed(found)] == [
        each["id"] for each in lived.events if each["created"] >= oldest
    ]
    assert faults_of(found) == set()


async def test_events_by_type_and_time(lived: FakeStripe, caller: Caller) -> None:
    since = lived.clock.now - 10 * 86_400
    path = "events?limit=100&types[]=invoice.paid&types[]=customer.updated"
    found = await caller.pages(f"{path}&created[gte]={since}")
    assert {each["type"] for each in found} == {"invoice.paid", "customer.updated"}
    assert all(each["created"] >= since for each in found)


async def test_a_page_before_a_cursor_is_the_nearest_newer_one(caller: Caller) -> None:
    every = [each["id"] for each in await caller.pages("customers?limit=100")]
    page = await caller.get(f"customers?limit=3&ending_before={every[10]}")
    assert [each["id"] for each in page["data"]] == every[7:10]
    assert page["has_more"] is True


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        pytest.param("customers/cus_none", 404, "resource_missing", id="unknown id"),
        pytest.param("customers?starting_after=cus_none", 400, "resource_missing", id="unknown cursor"),
        pytest.param("customers?limit=101", 400, "parameter_invalid_integer", id="limit too high"),
        pytest.param("customers?limit=0", 400, "parameter_invalid_integer", id="limit zero"),
        pytest.param("customers?limit=ten", 400, "parameter_invalid_integer", id="limit no number"),
        pytest.param("customers?colour=red", 400, "parameter_unknown", id="unknown parameter"),
        pytest.param("subscription_items", 400, "parameter_missing", id="items of what"),
        pytest.param(
            "subscriptions?expand[]=data.items.data.price.tiers", 400, "property_expansion_max_depth", id="too deep"
        ),
        pytest.param("customers?expand[]=data.email", 400, None, id="not expandable"),
        pytest.param("robots", 404, None, id="unknown path"),
    ],
)
async def test_what_stripe_refuses(caller: Caller, path: str, status: int, code: str | None) -> None:
    answered, error = await caller.refused(path)
    assert (answered, error.get("code")) == (status, code)
    assert error["type"] == "invalid_request_error"


async def test_writing_is_not_offered(caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {SECRET_KEY}"}
    async with aiohttp.request("POST", f"{caller.url}/v1/customers", headers=headers) as answer:
        assert (answer.status, "Unrecognized" in (await answer.json())["error"]["message"]) == (404, True)


async def test_no_key_a_wrong_key_and_a_foreign_account(caller: Caller) -> None:
    assert (await caller.refused("customers", Authorization=""))[0] == 401
    status, error = await caller.refused("customers", Authorization="Bearer sk_test_somebodyelses")
    assert (status, "somebody" in error["message"]) == (401, False)
    status, error = await caller.refused("customers", **{"Stripe-Account": "acct_other"})
    assert (status, error["code"]) == (403, "account_invalid")


async def test_a_restricted_key_reads_only_what_it_may(shop_caller: tuple[Shop, Caller]) -> None:
    shop, caller = shop_caller
    shop.fake.server.access.keys[RESTRICTED_KEY] = frozenset({"customers"})
    assert (await caller.answer("customers", Authorization=f"Bearer {RESTRICTED_KEY}"))[0] == 200
    status, error = await caller.refused("invoices", Authorization=f"Bearer {RESTRICTED_KEY}")
    assert status == 403
    assert "rak_invoice_read" in error["message"]


async def test_too_many_calls_in_a_second_are_refused_with_the_reason(shop_caller: tuple[Shop, Caller]) -> None:
    shop, caller = shop_caller
    shop.fake.server.access.rate_limit = 2
    statuses = [(await caller.answer("customers"))[0] for _ in range(3)]
    assert statuses == [200, 200, 429]
    _, _, headers = await caller.answer("customers")
    assert headers["Stripe-Rate-Limited-Reason"] == "global-rate"
    assert "Retry-After" not in headers


async def test_headers_carry_the_accounts_time_and_a_request_id(lived: FakeStripe, caller: Caller) -> None:
    _, _, headers = await caller.answer("customers")
    assert parsedate_to_datetime(headers["Date"]) == lived.clock.moment
    assert headers["request-id"].startswith("req_")


async def test_items_beyond_the_tenth_are_paged_from_the_embedded_list(shop_caller: tuple[Shop, Caller]) -> None:
    shop, caller = shop_caller
    made = shop.subscribe(*[shop.price(str(100 + n)) for n in range(14)])
    shown = (await caller.get(f"subscriptions/{made['id']}"))["items"]
    assert (len(shown["data"]), shown["has_more"]) == (10, True)
    rest = await caller.get(f"subscription_items?subscription={made['id']}&starting_after={shown['data'][-1]['id']}")
    ids = [each["id"] for each in shown["data"] + rest["data"]]
    assert ids == [each["id"] for each in made["items"]["data"]]
    assert rest["has_more"] is False


async def test_expanding_shows_tiers_and_coupon_terms(shop_caller: tuple[Shop, Caller]) -> None:
    shop, caller = shop_caller
    tiered = shop.price(unit=None, tiers=(TierSpec(up_to=5, unit="100"), TierSpec(up_to=None, unit="50.5")))
    product = shop.engine.create_product("Seats")["id"]
    coupon = shop.engine.create_coupon(CouponSpec(percent_off=10.0, products=(product,)))["id"]
    made = shop.subscribe(tiered, coupons=(coupon,))
    plain = await caller.get(f"subscriptions/{made['id']}")
    assert "tiers" not in plain["items"]["data"][0]["price"]
    assert plain["discounts"] == made["discounts"]
    path = f"subscriptions/{made['id']}?expand[]=items.data.price.tiers&expand[]=customer"
    shown = await caller.get(f"{path}&expand[]=discounts.source.coupon.applies_to")
    assert [tier["unit_amount_decimal"] for tier in shown["items"]["data"][0]["price"]["tiers"]] == ["100", "50.5"]
    assert shown["discounts"][0]["source"]["coupon"]["applies_to"] == {"products": [product]}
    assert shown["customer"]["id"] == shop.customer
    assert faults_of([shown]) == set()


async def test_a_deleted_customer_is_shown_as_deleted_and_not_listed(shop_caller: tuple[Shop, Caller]) -> None:
    shop, caller = shop_caller
    shop.engine.delete_customer(shop.customer)
    assert await caller.get(f"customers/{shop.customer}") == {
        "id": shop.customer,
        "object": "customer",
        "deleted": True,
    }
    assert (await caller.get("customers"))["data"] == []


async def test_an_older_version_is_answered_in_its_shape(shop_caller: tuple[Shop, Caller]) -> None:
    shop, caller = shop_caller
    made = shop.subscribe()
    _, shown, _ = await caller.answer(f"subscriptions/{made['id']}", **{"Stripe-Version": "2022-11-15"})
    assert shown["current_period_end"] == made["items"]["data"][0]["current_period_end"]


@pytest.mark.parametrize(("mode", "status"), [("error_500", 500), ("rate_limit_429", 429), ("revoked", 401)])
async def test_failures_on_demand(shop_caller: tuple[Shop, Caller], mode: str, status: int) -> None:
    shop, caller = shop_caller
    shop.fake.server.outage.mode = mode  # type: ignore[assignment]
    shop.fake.server.outage.calls = 2
    assert [(await caller.answer("customers"))[0] for _ in range(3)] == [status, status, 200]


async def test_a_body_cut_short(shop_caller: tuple[Shop, Caller]) -> None:
    shop, caller = shop_caller
    shop.fake.server.outage.mode = "cut_body"
    with pytest.raises(aiohttp.ClientPayloadError):
        await caller.answer("customers")


@pytest.fixture
async def sdk(caller: Caller) -> AsyncIterator[stripe.StripeClient]:
    http = stripe.AIOHTTPClient()
    yield stripe.StripeClient(SECRET_KEY, base_addresses={"api": caller.url}, http_client=http, max_network_retries=0)
    await http.close_async()  # type: ignore[no-untyped-call]  # the package leaves it untyped


async def test_stripes_own_client_pages_through_a_list(lived: FakeStripe, sdk: stripe.StripeClient) -> None:
    page = await sdk.v1.subscriptions.list_async(
        {"status": "all", "limit": 20, "expand": ["data.discounts.source.coupon"]}
    )
    found = [each.id async for each in page.auto_paging_iter()]
    assert found == [each["id"] for each in reversed(lived.objects("subscription"))]


async def test_stripes_own_client_retrieves_filters_and_understands_errors(
    lived: FakeStripe, sdk: stripe.StripeClient
) -> None:
    wanted = lived.objects("subscription")[0]["id"]
    shown = await sdk.v1.subscriptions.retrieve_async(wanted, {"expand": ["items.data.price.tiers"]})
    assert shown.id == wanted
    events = await sdk.v1.events.list_async({"created": {"gte": 1}, "types": ["invoice.paid"]})
    assert {event.type for event in events.data} == {"invoice.paid"}
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        await sdk.v1.customers.retrieve_async("cus_none")
