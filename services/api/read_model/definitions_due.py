"""Whose MRR under each preset has to be told again."""

from collections.abc import Sequence

from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Kind, kind_of
from services.api.database import Connection

REVENUE = frozenset({Kind.SUBSCRIPTION, Kind.CUSTOMER, Kind.DISCOUNT})
NOTE = """
INSERT INTO definitions_due AS held (project, customer, due_at)
SELECT project, customer, '-infinity' FROM unnest($1::text[], $2::text[]) AS t (project, customer)
ON CONFLICT (project, customer) DO UPDATE SET due_at = '-infinity' WHERE held.due_at > '-infinity'
"""


async def note(connection: Connection, records: Sequence[StripeRecord]) -> None:
    """Every customer whose revenue the records speak of."""
    found = sorted({(one.project, one.customer) for one in records if one.customer and kind_of(one.type) in REVENUE})
    if found:
        await connection.execute(NOTE, [project for project, _ in found], [customer for _, customer in found])
