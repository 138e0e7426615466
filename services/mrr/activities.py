"""What happened to a client, for the alerts service: one record for each object version that risk depends on."""

from collections.abc import Iterable, Iterator

import msgspec

from libs.runtime.faust_batch import Output
from libs.wire.activity import Troubling
from libs.wire.codec import encode, record_key
from libs.wire.headers import cloud_event
from libs.wire.movement_codec import ledger_name
from libs.wire.records import InvoiceActivity
from libs.wire.topics import CLIENT_ACTIVITY
from services.mrr.publishing import SOURCE


def activity_outputs(told: Iterable[InvoiceActivity | Troubling], client: str) -> Iterator[Output]:
    """Records for `client.activity`, now that it is known whose customer they tell of."""
    for activity in told:
        yield _output(msgspec.structs.replace(activity, client=client))


def _output(activity: InvoiceActivity | Troubling) -> Output:
    kind = activity.__struct_config__.tag
    subject = f"{activity.project}/{activity.client}"
    headers = cloud_event(activity.id, f"client.{kind}", SOURCE, activity.occurred_at, subject)
    return (
        CLIENT_ACTIVITY.name,
        record_key(activity.project, ledger_name(activity.client, activity.livemode)),
        encode(activity),
        headers,
    )
