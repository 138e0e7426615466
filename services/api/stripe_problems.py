"""Why an account can't be connected or read."""

from http import HTTPStatus

from libs.stripe_gateway import Findings, StripeRefused
from services.api.problems import FieldError, Problem, not_now

SECRET_KEY = Problem(
    HTTPStatus.BAD_REQUEST,
    "secret_key_refused",
    "This is a secret key (sk_…): it may change everything in the account, and nothing here needs that.",
    "Make a restricted key (rk_…) with read permissions in Stripe's dashboard, under Developers, API keys.",
    errors=(FieldError("key", "is a secret key, not a restricted one"),),
)
NO_RESTRICTED_KEY = Problem(
    HTTPStatus.BAD_REQUEST,
    "not_a_restricted_key",
    "This is no restricted key of Stripe.",
    "Restricted keys begin with rk_live_ or rk_test_.",
    errors=(FieldError("key", "does not begin with rk_live_ or rk_test_"),),
)
STRIPE_AWAY = not_now("Stripe")
NOT_CONNECTED = Problem(
    HTTPStatus.CONFLICT,
    "not_connected",
    "No Stripe account is connected that could be read.",
    "Connect one with POST /api/integrations/stripe/key.",
)
SEVERAL_CONNECTIONS = Problem(
    HTTPStatus.BAD_REQUEST,
    "connection_not_named",
    "Several Stripe accounts are connected.",
    "Name one of them in `connection`.",
    errors=(FieldError("connection", "is needed where there are several"),),
)


def key_not_valid(refused: StripeRefused) -> Problem:
    """Stripe doesn't know the key, or not any more."""
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "stripe_key_invalid",
        f"Stripe does not accept this key (request {refused.request_id}).",
        "Check that it was copied in full, has not expired and was not rolled.",
        errors=(FieldError("key", "is not accepted by Stripe"),),
        more={"stripe_request_id": refused.request_id},
    )


def lacks_permissions(findings: Findings) -> Problem:
    """The key may not read what MRR is made of."""
    lacking = findings.lacking
    return Problem(
        HTTPStatus.BAD_REQUEST,
        "permissions_missing",
        f"This key may not read {', '.join(each.resource for each in lacking)}.",
        "Give the key read permission for these in Stripe's dashboard, then connect again.",
        errors=tuple(FieldError(f"permissions.{each.resource}", f"needed for {each.needed_for}") for each in lacking),
        more={"permissions": permissions_content(findings)},
    )


def permissions_content(findings: Findings) -> list[dict[str, object]]:
    """What will work, as the contract shows it."""
    return [
        {"resource": each.resource, "read": each.read, "needed_for": each.needed_for} for each in findings.permissions
    ]


def sync_is_running(run: dict[str, object]) -> Problem:
    """The account is being read already."""
    return Problem(
        HTTPStatus.CONFLICT,
        "sync_running",
        f"The sync {run['id']} is not finished.",
        f"Follow it at /api/integrations/stripe/syncs/{run['id']}.",
        more={"run": run},
    )


def sync_is_over(run: dict[str, object]) -> Problem:
    """There is nothing left to call off."""
    return Problem(
        HTTPStatus.CONFLICT,
        "sync_over",
        f"The sync {run['id']} is {run['state']} already.",
        "Nothing is to be done.",
        more={"run": run},
    )


def sync_too_soon(seconds: int) -> Problem:
    """Somebody asked for a sync just before."""
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "sync_too_soon",
        "A sync was asked for less than a minute ago.",
        f"Ask again in {seconds} seconds. Webhooks and polling go on by themselves.",
        headers={"Retry-After": str(seconds)},
    )
