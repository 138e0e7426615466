"""The addresses of the dashboard. Each page is the same shell; it reads from the address which page it is."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from services.api.dashboard.files import AGAIN, FOREVER, File, file_response, read_files
from services.api.dashboard.session import Sessions
from services.api.dashboard.shell import shell, version_of
from services.api.problems import NO_ROUTE, Refused

# By address: the module that draws the page.
PAGES = {
    "/": "overview",
    "/clients": "clients",
    "/clients/{client}": "client",
    "/alerts": "alerts",
    "/cohorts": "cohorts",
    "/cancellations": "cancellations",
    "/trials": "trials",
    "/renewals": "renewals",
    "/payments": "payments",
    "/integration": "integration",
    "/mapping": "mapping",
}


def add_dashboard(app: web.Application, sessions: Sessions) -> None:
    """Serve the dashboard beside the API."""
    files = read_files()
    for page, name in PAGES.items():
        app.router.add_get(page, _one(shell(files, f"js/pages/{name}.js")))
    app.router.add_get("/static/{version:[0-9a-f]{12}}/{path:.+}", _any(files))
    app.router.add_get("/static/{path:.+}", _any(files))
    app.router.add_get("/session", sessions.who)
    app.router.add_post("/session", sessions.login)
    app.router.add_delete("/session", sessions.logout)


def _one(file: File) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def page(request: web.Request) -> web.StreamResponse:
        return file_response(request, file)

    return page


def _any(files: Mapping[str, File]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A file; kept for ever under the address that names its version, asked for again under any other."""
    version = version_of(files)

    async def static(request: web.Request) -> web.StreamResponse:
        file = files.get(request.match_info["path"])
        if file is None:
            raise Refused(NO_ROUTE)
        is_current = request.match_info.get("version") == version
        return file_response(request, file, FOREVER if is_current else AGAIN)

    return static
