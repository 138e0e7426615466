"""Rows against the rules and the directory: which are stored, and what is wrong with the others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from services.api.directory_entry import Entry, EntryBody, checked
from services.api.importing.reading import Row, RowError

NAMES = ("name", "stakeholder_emails", "domains", "stripe_customers")


@dataclass(frozen=True, slots=True)
class Readied:
    """A row that is right by itself: the entry, and the fields that the file gives of it."""

    row: Row
    entry: Entry

    def over(self, held: Entry | None) -> Entry:
        """The entry as it is to be: what the file does not give stays as it is held."""
        if held is None:
            return self.entry
        return replace(held, **{name: getattr(self.entry, name) for name in NAMES if name in self.row.fields})


def readied(rows: Iterable[Row]) -> tuple[list[Readied], list[RowError]]:
    """The rows that are right by themselves, and what is wrong with the others. A client comes once in a file."""
    found: list[Readied] = []
    errors: list[RowError] = []
    first: dict[str, int] = {}
    for row in rows:
        if row.client in first:
            errors.append(RowError(row.number, row.client, "client", f"is the client of row {first[row.client]}"))
            continue
        first[row.client] = row.number
        try:
            body = msgspec.convert(dict(row.fields), EntryBody)
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at `$")
            errors.append(RowError(row.number, row.client, place.rstrip("`").lstrip(".") or "row", reason))
            continue
        result = checked(row.client, body)
        errors += [RowError(row.number, row.client, fault.field, fault.message) for fault in result.errors]
        if not result.errors:
            found.append(Readied(row, result.entry))
    return found, errors


@dataclass(slots=True)
class Claims:
    """Who has which customer by hand: the directory, and the rows that are accepted so far."""

    holders: Mapping[str, str]
    entries: dict[str, Entry]
    numbers: Mapping[str, int]

    def refuse(self) -> list[RowError]:
        """Take out the entries that claim what another one has, until none does; tells of each."""
        errors: list[RowError] = []
        while wrong := self._conflicts():
            errors += wrong
            for each in wrong:
                self.entries.pop(each.client, None)
        return errors

    def _conflicts(self) -> list[RowError]:
        claimed: dict[str, str] = {}
        found: dict[str, RowError] = {}
        for client in sorted(self.entries, key=self.numbers.__getitem__):
            for customer in self.entries[client].stripe_customers:
                other = claimed.setdefault(customer, client)
                holder = self._holder(customer) if other == client else other
                if holder is not None and holder != client:
                    told = f"{customer} is assigned to client {holder} by hand"
                    found.setdefault(client, RowError(self.numbers[client], client, "stripe_customers", told))
        return list(found.values())

    def _holder(self, customer: str) -> str | None:
        """Who has it in the directory, unless the file takes it away from there."""
        holder = self.holders.get(customer)
        if holder in self.entries and customer not in self.entries[holder].stripe_customers:
            return None
        return holder


def accepted(
    found: Sequence[Readied], held: Mapping[str, Entry], holders: Mapping[str, str]
) -> tuple[list[Entry], list[RowError]]:
    """The entries to store, by client, and what is wrong with rows that claim others' customers."""
    entries = {each.entry.client: each.over(held.get(each.entry.client)) for each in found}
    claims = Claims(holders, entries, {each.entry.client: each.row.number for each in found})
    errors = claims.refuse()
    return [claims.entries[client] for client in sorted(claims.entries)], errors
