"""Why an account can't be connected by OAuth. Each has a code of its own; none repeats what came in the address."""

from http import HTTPStatus

from libs.stripe_gateway import StripeFault
from services.api.problems import RETRY_SECONDS, FieldError, Problem

START_AGAIN = "Begin again at GET /api/integrations/stripe/start: each attempt has an address of its own."
NOT_CONFIGURED = Problem(
    HTTPStatus.CONFLICT,
    "oauth_not_configured",
    "Connecting by OAuth needs a platform account at Stripe, which this server was not given.",
    "Set STRIPE_CLIENT_ID (ca_…) and STRIPE_SECRET_KEY (sk_…), or connect by a restricted key.",
)
MALFORMED = Problem(
    HTTPStatus.BAD_REQUEST,
    "oauth_response_invalid",
    "What came back is no answer of Stripe's: it needs one `state`, and either one `code` or one `error`.",
    START_AGAIN,
    errors=(FieldError("state", "is needed once, beside code or error"),),
)
STATE_INVALID = Problem(
    HTTPStatus.BAD_REQUEST,
    "oauth_state_invalid",
    "This attempt to connect was not begun here.",
    START_AGAIN,
    errors=(FieldError("state", "is not known"),),
)
STATE_USED = Problem(
    HTTPStatus.BAD_REQUEST,
    "oauth_state_used",
    "This attempt to connect has ended: its address works once.",
    f"See GET /api/integrations/stripe/status for what came of it. {START_AGAIN}",
    errors=(FieldError("state", "was used before"),),
)
STATE_EXPIRED = Problem(
    HTTPStatus.BAD_REQUEST,
    "oauth_state_expired",
    "This attempt to connect took longer than ten minutes.",
    START_AGAIN,
    errors=(FieldError("state", "has expired"),),
)
KEY_REVOKED = Problem(
    HTTPStatus.BAD_REQUEST,
    "oauth_key_revoked",
    "The API key that began this attempt has been revoked since.",
    "Begin again with a key that is valid.",
)
DENIED = Problem(
    HTTPStatus.BAD_REQUEST,
    "oauth_access_denied",
    "The account's owner did not agree to connect it.",
    "Nothing was connected. Begin again if that was a mistake.",
)
ENDED_AT_STRIPE = Problem(
    HTTPStatus.BAD_REQUEST,
    "oauth_failed_at_stripe",
    "Stripe ended this attempt with an error.",
    START_AGAIN,
)
CODE_USED = Problem(
    HTTPStatus.BAD_REQUEST,
    "oauth_code_used",
    "This code came before. It was not sent to Stripe: redeeming a code twice revokes the connection.",
    START_AGAIN,
    errors=(FieldError("code", "was used before"),),
)
WRONG_SCOPE = Problem(
    HTTPStatus.BAD_REQUEST,
    "oauth_wrong_scope",
    "Stripe granted another scope than was asked for; access was given back.",
    "Begin again. If it stays so, check STRIPE_OAUTH_SCOPE against what the platform at Stripe may ask for.",
    errors=(FieldError("scope", "is not what was asked for"),),
)
WRONG_MODE = Problem(
    HTTPStatus.BAD_REQUEST,
    "oauth_wrong_mode",
    "Stripe connected the account in another mode (live or test) than was asked for; access was given back.",
    "Use a STRIPE_CLIENT_ID and a STRIPE_SECRET_KEY of the same mode, then begin again.",
)


def code_refused(fault: StripeFault) -> Problem:
    """Stripe knows the code not, or not any more."""
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "oauth_code_refused",
        f"Stripe does not take this code (request {fault.request_id}): it is used, or older than five minutes.",
        START_AGAIN,
        errors=(FieldError("code", "is not accepted by Stripe"),),
        more={"stripe_request_id": fault.request_id},
    )


def platform_refused(fault: StripeFault) -> Problem:
    """Stripe does not accept our own key."""
    return Problem(
        HTTPStatus.CONFLICT,
        "oauth_platform_key_refused",
        f"Stripe does not accept STRIPE_SECRET_KEY (request {fault.request_id}).",
        "Set the platform's current secret key, of the same mode as STRIPE_CLIENT_ID, then begin again.",
        more={"stripe_request_id": fault.request_id},
    )


def outcome_unknown(fault: StripeFault) -> Problem:
    """The one request that may be made got no answer."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "oauth_outcome_unknown",
        "Stripe gave no whole answer when the code was redeemed. It was not tried again, which would revoke access.",
        f"{START_AGAIN} If Stripe has connected the account meanwhile, it is asked once more, and nothing is doubled.",
        headers={"Retry-After": str(RETRY_SECONDS)},
        more={"stripe_request_id": fault.request_id},
    )
