"""What went wrong at Stripe, as it is stored and shown."""

from libs.stripe_gateway import StripeFault, StripeRefused, StripeUnavailable
from services.ingest.accounts import error_content

NOT_ACTIVE: dict[str, object] = {
    "code": "connection_not_active",
    "message": "The account was disconnected.",
    "hint": "Connect it again.",
    "stripe_request_id": None,
}

READ_MODEL_BEHIND: dict[str, object] = {
    "code": "read_model_behind",
    "message": "The account can't be compared: the read model does not hold what was published some time ago.",
    "hint": "See whether api runs and reads the topics. The next night's comparison is tried by itself.",
    "stripe_request_id": None,
}


def fault_content(error: StripeFault) -> dict[str, object]:
    """A fault of one resource: its code, what happened, what to do, and Stripe's name for the call."""
    if isinstance(error, StripeRefused):
        return error_content(error)
    code, message, hint = _told(error)
    return {
        "code": code,
        "message": message,
        "hint": hint,
        "resource": error.resource_name,
        "stripe_request_id": error.request_id,
    }


def _told(error: StripeFault) -> tuple[str, str, str]:
    if not isinstance(error, StripeUnavailable):
        return "stripe_rejected", f"{error}.", "Report this with Stripe's request id."
    if error.status is None and error.code is None:  # no connection, or no answer on it in time
        told = f"Stripe can't be reached: {error.resource_name} got no answer."
        return "stripe_unreachable", told, "Check this machine's network, DNS and proxy. It is tried again by itself."
    return "stripe_unavailable", f"{error}.", "It is tried again by itself; status.stripe.com tells of outages."
