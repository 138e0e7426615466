"""`revenue.clients` → clients, and what each of their subscriptions adds to MRR."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from libs.wire.contribution_codec import exact_amount
from libs.wire.records import ClientRecord, Revision
from libs.wire.topics import REVENUE_CLIENTS
from services.api.database import Connection
from services.api.read_model import clients
from services.api.read_model.clients import ClientRow
from services.api.read_model.projection import Delivered, Projection

# Of two clients' records that name one subscription, the later evaluation of its customer tells whose it is.
UPSERT = """
INSERT INTO subscriptions AS held (project, livemode, subscription, customer, client, status, mrr_currency, mrr_num,
                                   mrr_den, counted, rule, share_revision)
SELECT DISTINCT ON (project, livemode, subscription) project, livemode, subscription, customer, client, status,
       currency, num, den, counted, rule, revision
FROM unnest($1::text[], $2::bool[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::numeric[],
            $9::numeric[], $10::bool[], $11::text[], $12::text[])
    AS t (project, livemode, subscription, customer, client, status, currency, num, den, counted, rule, revision)
ORDER BY project, livemode, subscription, revision DESC
ON CONFLICT (project, livemode, subscription) DO UPDATE SET
    client = excluded.client, mrr_currency = excluded.mrr_currency, mrr_num = excluded.mrr_num,
    mrr_den = excluded.mrr_den, counted = excluded.counted, rule = excluded.rule,
    share_revision = excluded.share_revision, status = CASE WHEN held.told_at IS NULL THEN excluded.status
                                                            ELSE held.status END
WHERE excluded.share_revision >= held.share_revision
"""
Share = tuple[object, ...]


def read(delivered: Delivered) -> ClientRow:
    """The client in a record. Raises MalformedRecord, for an amount that is no fraction too."""
    row = clients.read(delivered)
    if row.record is not None:
        for shares in row.record.contributions.values():
            for share in shares:
                exact_amount(share.exact)
    return row


async def write(connection: Connection, rows: Sequence[ClientRow]) -> None:
    """Hold the clients, and each subscription's share."""
    await clients.write(connection, rows)
    shares = [share for row in rows if row.record is not None for share in _shares(row.record)]
    if shares:
        await connection.execute(UPSERT, *(list(column) for column in zip(*shares, strict=True)))


PROJECTION = Projection(REVENUE_CLIENTS, read, write)


def _shares(record: ClientRecord) -> Iterator[Share]:
    revisions = {member.customer: sortable(member.revision) for member in record.members}
    for customer, shares in record.contributions.items():
        revision = revisions.get(customer, "")
        for share in shares:
            exact = exact_amount(share.exact)
            yield (
                record.project,
                record.livemode,
                share.subscription,
                customer,
                record.client,
                share.status,
                share.currency,
                *_parts(exact),
                share.counted,
                share.rule,
                revision,
            )


def sortable(revision: Revision) -> str:
    """A text that sorts as the revision does."""
    at = revision.evaluated_at.isoformat()
    return f"{revision.epoch:012d}/{revision.offset + 1:020d}/{revision.settings:012d}/{at}"


def _parts(exact: Fraction) -> tuple[str, str]:
    return str(exact.numerator), str(exact.denominator)
