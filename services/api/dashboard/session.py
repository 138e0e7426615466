"""Who looks at the dashboard: an API key in a cookie that no script can read and no other site can send.

Another site's page can't make the browser send the cookie (SameSite=Strict). Should a browser not know that, a change
still needs a header that a foreign page can't set without being asked first (CORS), and a Sec-Fetch-Site of our own.
"""

from aiohttp import web

from libs.runtime.api_keys import Scope
from services.api.access import Access
from services.api.answers import answer, nothing
from services.api.asked import body_of
from services.api.parameters import Body, read_body
from services.api.problems import FOREIGN_PAGE, Refused

COOKIE = "revstream_key"
MARK = "X-Revstream-Dashboard"
KEPT_SECONDS = 30 * 24 * 60 * 60
SAFE = frozenset({"GET", "HEAD"})


class LoginBody(Body, frozen=True, forbid_unknown_fields=True):
    """The API key to look with."""

    key: str


def authorization(request: web.Request) -> str | None:
    """What names the caller: the Authorization header, else the dashboard's cookie.

    Raises Refused (403) for a change that comes with the cookie alone and not from the dashboard itself.
    """
    given = request.headers.get("Authorization")
    key = request.cookies.get(COOKIE)
    if given is not None or key is None:
        return given
    if request.method not in SAFE and not _is_ours(request):
        raise Refused(FOREIGN_PAGE)
    return f"Bearer {key}"


def _is_ours(request: web.Request) -> bool:
    return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin" and MARK in request.headers


def _by_https(request: web.Request) -> bool:
    """Whether people reach us over https, by ourselves or by the proxy in front: the cookie then goes nowhere else."""
    return "https" in (request.scheme, request.headers.get("X-Forwarded-Proto"))


class Sessions:
    """Handlers of `/session`: look in, look who one is, leave."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def login(self, request: web.Request) -> web.Response:
        """Keep the key in the cookie. Raises Refused (401) for one that is not valid."""
        if not _is_ours(request):
            raise Refused(FOREIGN_PAGE)
        key = read_body(LoginBody, await body_of(request)).key.strip()
        caller = await self._access.caller(f"Bearer {key}")
        response = answer({"project": caller.project, "scopes": sorted(caller.scopes)})
        response.set_cookie(
            COOKIE, key, max_age=KEPT_SECONDS, httponly=True, samesite="Strict", secure=_by_https(request), path="/"
        )
        return response

    async def who(self, request: web.Request) -> web.Response:
        """The project and the scopes of who looks. Raises Refused (401)."""
        caller = await self._access.caller(authorization(request))
        scopes = sorted(scope.value for scope in Scope) if Scope.ADMIN.value in caller.scopes else sorted(caller.scopes)
        return answer({"project": caller.project, "scopes": scopes})

    async def logout(self, request: web.Request) -> web.Response:
        """Forget the key."""
        if not _is_ours(request):
            raise Refused(FOREIGN_PAGE)
        response = nothing()
        response.del_cookie(COOKIE, path="/", samesite="Strict", secure=_by_https(request), httponly=True)
        return response
