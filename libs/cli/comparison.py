"""What the API says beside what the account's objects are worth: client by client, and in total."""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.cli.api_client import ApiClient, Json
from libs.cli.demo_account import DemoAccount, total, written

Amounts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One client (or the total) that the two disagree on."""

    client: str
    api: Amounts
    recomputed: Amounts


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both totals, how many clients pay, and where the two differ."""

    api_total: Amounts
    recomputed_total: Amounts
    clients: int
    incomplete: int
    differences: tuple[Difference, ...]

    @property
    def is_equal(self) -> bool:
        return not self.differences

    def fields(self) -> dict[str, object]:
        """As a JSON line."""
        return {
            "event": "compared",
            "equal": self.is_equal,
            "clients": self.clients,
            "incomplete": self.incomplete,
            "api": dict(self.api_total),
            "recomputed": dict(self.recomputed_total),
            "differences": [
                {"client": one.client, "api": dict(one.api), "recomputed": dict(one.recomputed)}
                for one in self.differences
            ],
        }


async def compare(api: ApiClient, account: DemoAccount) -> Comparison:
    """Ask the API for everything, recompute everything, put them side by side. Raises ApiRefused."""
    worth = account.worth()
    records = {record["client"]: record async for record in api.every("/api/clients")}
    metrics = await api.get("/api/metrics")
    said = {client: paying(record["mrr_by_currency"]) for client, record in records.items()}
    expected = {client: written(amounts) for client, amounts in worth.items()}
    everyone = sorted({client for client, amounts in said.items() if amounts} | set(expected))
    differences = [
        Difference(client, said.get(client, {}), expected.get(client, {}))
        for client in everyone
        if said.get(client, {}) != expected.get(client, {})
    ]
    api_total, recomputed = paying(by_currency(metrics["metrics"]["mrr"])), total(worth)
    if api_total != recomputed:
        differences.append(Difference("total", api_total, recomputed))
    incomplete = sum(bool(record["incomplete"]) for record in records.values())
    return Comparison(api_total, recomputed, len(everyone), incomplete, tuple(differences))


def by_currency(value: Json | None) -> Amounts:
    """A money value of the API: one currency's, or several side by side."""
    if value is None:
        return {}
    if "by_currency" in value:
        several: Amounts = value["by_currency"]
        return several
    return {value["currency"]: value["amount"]}


def paying(amounts: Amounts) -> dict[str, str]:
    """The currencies with an amount above 0."""
    return {currency: amount for currency, amount in sorted(amounts.items()) if amount.strip("0.")}
