"""Which accounts are read, with which key, as their connections change."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from libs.stripe_gateway import StripeAccount, StripeRefused, StripeUnavailable
from services.ingest.accounts import Accounts, Credential
from services.ingest.projects import StoreUnavailable
from tests.ingest.stripe_rig import SCOPE
from tests.stripe_gateway.merchants import QUICK

GOOD = Credential(SCOPE, "con_1", "rk_test_fake", b"sealed 1")
BAD = Credential(SCOPE, "con_1", "rk_test_gone", b"sealed 2")


@dataclass
class MemoryCredentials:
    """Credentials in memory; `is_reachable` False stands for a database that is away."""

    active: tuple[Credential, ...] = ()
    errors: list[Mapping[str, object]] = field(default_factory=list)
    is_reachable: bool = True

    async def every(self) -> tuple[Credential, ...]:
        if not self.is_reachable:
            raise StoreUnavailable("the database is away")
        return self.active

    async def refused(self, credential: Credential, error: Mapping[str, object]) -> bool:
        was_current = credential in self.active
        if was_current:
            self.active = ()
            self.errors.append(error)
        return was_current


def accounts(source: MemoryCredentials, opened: list[str]) -> Accounts:
    return Accounts(source, QUICK, lambda: opened.append("one"))


def opened(found: StripeAccount | None) -> StripeAccount:
    assert found is not None
    return found


async def test_connection_is_opened_kept_and_closed() -> None:
    source, told = MemoryCredentials((GOOD,)), list[str]()
    kept = accounts(source, told)
    assert kept.reader(SCOPE) is None
    await kept.refresh()
    first = opened(kept.reader(SCOPE))
    await kept.refresh()
    assert kept.reader(SCOPE) is first
    assert told == ["one"]
    source.active = ()
    await kept.refresh()
    assert kept.reader(SCOPE) is None
    with pytest.raises(StripeUnavailable):
        await first.identifier()


async def test_new_key_opens_the_account_anew() -> None:
    source = MemoryCredentials((BAD,))
    kept = accounts(source, [])
    await kept.refresh()
    first = kept.reader(SCOPE)
    source.active = (GOOD,)
    await kept.refresh()
    assert opened(kept.reader(SCOPE)) is not first


async def test_without_the_database_accounts_stay_open() -> None:
    source = MemoryCredentials((GOOD,))
    kept = accounts(source, [])
    await kept.refresh()
    source.is_reachable = False
    await kept.refresh()
    assert kept.reader(SCOPE) is not None


async def test_refused_key_closes_its_account_and_says_why() -> None:
    source = MemoryCredentials((BAD,))
    kept = accounts(source, [])
    await kept.refresh()
    refused = StripeRefused("/v1/subscriptions", 401, None, "req_1")
    assert await kept.refused(SCOPE, refused)
    assert kept.reader(SCOPE) is None
    assert (source.errors[0]["code"], source.errors[0]["stripe_request_id"]) == ("key_refused", "req_1")


async def test_refusal_of_a_key_that_was_replaced_is_no_error() -> None:
    source = MemoryCredentials((BAD,))
    kept = accounts(source, [])
    await kept.refresh()
    source.active = (GOOD,)
    assert not await kept.refused(SCOPE, StripeRefused("/v1/subscriptions", 401, None, "req_1"))
    await kept.refresh()
    assert kept.reader(SCOPE) is not None
    assert source.errors == []


def test_credential_does_not_show_its_key() -> None:
    assert "rk_test" not in repr(GOOD)
