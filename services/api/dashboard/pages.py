"""The addresses of the dashboard. Each page is the same shell; it reads from the address which page it is."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from services.api.dashboard.files import SHELL, File, file_response, read_files
from services.api.dashboard.session import Sessions
from services.api.problems import NO_ROUTE, Refused

PAGES = (
    "/",
    "/clients",
    "/clients/{client}",
    "/alerts",
    "/cohorts",
    "/cancellations",
    "/trials",
    "/renewals",
    "/payments",
    "/integration",
    "/mapping",
)


def add_dashboard(app: web.Application, sessions: Sessions) -> None:
    """Serve the dashboard beside the API."""
    files = read_files()
    for page in PAGES:
        app.router.add_get(page, _one(files[SHELL]))
    app.router.add_get("/static/{path:.+}", _any(files))
    app.router.add_get("/session", sessions.who)
    app.router.add_post("/session", sessions.login)
    app.router.add_delete("/session", sessions.logout)


def _one(file: File) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def page(request: web.Request) -> web.StreamResponse:
        return file_response(request, file)

    return page


def _any(files: Mapping[str, File]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def static(request: web.Request) -> web.StreamResponse:
        file = files.get(request.match_info["path"])
        if file is None:
            raise Refused(NO_ROUTE)
        return file_response(request, file)

    return static
