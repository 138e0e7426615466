"""The dashboard's files as they are served: read and packed once, told apart by their content's hash."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from mimetypes import guess_type
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).parent / "static"
SHELL = "index.html"
# Nothing from another host, nothing inline: what a page shows can't become what a page runs.
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept-Encoding",
}
SMALLEST_PACKED = 512
AGAIN = "no-cache"
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class File:
    """One file. `packed` is its gzip form; None where that is no smaller."""

    body: bytes
    packed: bytes | None
    kind: str
    tag: str

    @classmethod
    def of(cls, path: Path) -> "File":
        """The file at `path`."""
        return cls.of_content(path.read_bytes(), guess_type(path.name)[0] or "application/octet-stream")

    @classmethod
    def of_content(cls, body: bytes, kind: str) -> "File":
        """A file with this content, of this type."""
        packed = gzip.compress(body, mtime=0) if len(body) >= SMALLEST_PACKED else None
        smaller = packed if packed is not None and len(packed) < len(body) else None
        return cls(body, smaller, kind, f'"{blake2b(body, digest_size=12).hexdigest()}"')


def read_files(folder: Path = FOLDER) -> Mapping[str, File]:
    """All files below `folder`, by their path in it."""
    return {str(path.relative_to(folder)): File.of(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def file_response(request: web.Request, file: File, kept: str = AGAIN) -> web.Response:
    """The file, packed where the browser takes it; 304 where it has this very content. `kept`: for how long."""
    headers = {**HEADERS, "ETag": file.tag, "Cache-Control": kept}
    if file.tag in [each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")]:
        return web.Response(status=304, headers=headers)
    if file.packed is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=file.packed, headers=headers, content_type=file.kind, charset=_charset(file))
    return web.Response(body=file.body, headers=headers, content_type=file.kind, charset=_charset(file))


def _charset(file: File) -> str | None:
    return "utf-8" if file.kind.startswith("text/") else None
