"""`GET /api/integrations/stripe/start`: where to send the owner of a Stripe account to connect it by OAuth."""

import secrets
from http import HTTPStatus

from aiohttp import web

from services.api.answers import answer
from services.api.asked import Asked, Parts
from services.api.oauth_problems import NOT_CONFIGURED
from services.api.parameters import Query
from services.api.problems import Refused
from services.api.public import STRIPE_CALLBACK, wants_page
from services.api.queries import oauth
from services.api.queries.oauth import Attempt

STATE_BYTES = 32


async def start_oauth(asked: Asked) -> web.Response:
    """An address at Stripe that works once within ten minutes, for the project and key of the caller alone.

    A browser that follows a link (signed in to the dashboard) is sent there; everybody else gets JSON.
    Raises Refused (409) where no platform account is set.
    """
    asked.query(Query)
    platform = asked.parts.platform
    if platform is None:
        raise Refused(NOT_CONFIGURED)
    state, back = secrets.token_urlsafe(STATE_BYTES), redirect_uri(asked.parts)
    begun = Attempt(asked.project, asked.caller.key, platform.livemode, platform.scope, is_current=True, has_key=True)
    async with asked.database.writing(asked.project) as connection:
        expires_at = await oauth.remember(connection, state, begun)
    url = platform.authorize_url(state, back)
    if wants_page(asked.request):
        return web.Response(status=HTTPStatus.SEE_OTHER.value, headers={"Location": url, "Cache-Control": "no-store"})
    content = {
        "url": url,
        "expires_at": expires_at,
        "redirect_uri": back,
        "scope": platform.scope,
        "livemode": platform.livemode,
    }
    return answer(content)


def redirect_uri(parts: Parts) -> str:
    """Where Stripe sends the owner back to; it has to be entered at Stripe exactly like this."""
    return f"{parts.public_url.rstrip('/')}{STRIPE_CALLBACK}"
