"""An object read at Stripe as a complete record: what the catalogue lacks is fetched one by one and learned."""

from dataclasses import dataclass, field
from datetime import datetime

import structlog

from libs.stripe_gateway import StripeAccount, StripeMissing
from libs.stripe_gateway.answers import Json
from libs.wire.codec import MalformedRecord
from libs.wire.records import StripeRecord
from libs.wire.stripe_event import Origin, snapshot_record
from services.ingest.catalogues import Catalogues, Scope

log = structlog.get_logger(__name__)
COUPON, PRICE = frozenset({"coupon"}), frozenset({"tiers", "currency"})


@dataclass(frozen=True, slots=True)
class Completing:
    """Makes records of what was read. `_asked` holds gaps that Stripe itself could not close, so that they don't
    cost a call for each object that has them."""

    catalogues: Catalogues
    _asked: set[tuple[Scope, str]] = field(default_factory=set)

    async def record(self, reader: StripeAccount, scope: Scope, item: Json, at: datetime) -> StripeRecord:
        """The record of an object that Stripe showed at `at`. What can't be completed is named in it.

        Raises a StripeFault other than StripeMissing, and MalformedRecord.
        """
        project, account, livemode = scope
        origin = Origin(project, account, livemode, "snapshot")
        catalogue = self.catalogues.of(scope)
        record = snapshot_record(item, at, origin, catalogue)
        gaps = [gap for gap in record.incomplete if (scope, gap) not in self._asked]
        for gap in gaps:
            await self._closed(reader, scope, gap)
        return snapshot_record(item, at, origin, catalogue) if gaps else record

    async def _closed(self, reader: StripeAccount, scope: Scope, gap: str) -> None:
        what, _, identifier = gap.partition(":")
        try:
            if what in COUPON:
                self.catalogues.learn(scope, (await reader.coupon(identifier)).body, whole=True)
            elif what in PRICE:
                self.catalogues.learn(scope, (await reader.price(identifier)).body, whole=True)
        except (StripeMissing, MalformedRecord) as error:
            log.warning("terms_not_found", project=scope[0], what=gap, reason=str(error))
        self._asked.add((scope, gap))
