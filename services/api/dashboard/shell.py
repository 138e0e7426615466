"""The shell that every page begins as. It names the version of what it loads, so that this is fetched once and kept,
and lists the modules of its page, so that none waits for another to be read first."""

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import PurePosixPath

from services.api.dashboard.files import SHELL, File

STATIC = "/static/"
ENTRY = "js/main.js"
IMPORTED = re.compile(r'^(?:import|export) [^"]*?"(\.[^"]+)";$', re.MULTILINE)
MARK = '  <link rel="modulepreload" href="/static/js/main.js">\n'


def version_of(files: Mapping[str, File]) -> str:
    """Changes with whatever file does."""
    return blake2b("".join(files[name].tag for name in sorted(files)).encode(), digest_size=6).hexdigest()


def shell(files: Mapping[str, File], module: str) -> File:
    """The shell of the page that `module` draws."""
    modules = dict.fromkeys((*_modules(files, ENTRY), *_modules(files, module)))
    preloads = "".join(MARK.replace(ENTRY, name) for name in modules)
    text = files[SHELL].body.decode().replace(MARK, preloads)
    text = text.replace(f'"{STATIC}', f'"{STATIC}{version_of(files)}/')
    return File.of_content(text.encode(), files[SHELL].kind)


def _modules(files: Mapping[str, File], entry: str) -> Iterator[str]:
    """A module and all that it imports, each once."""
    seen, ahead = set[str](), [entry]
    while ahead:
        name = ahead.pop(0)
        if name in seen:
            continue
        seen.add(name)
        yield name
        found = IMPORTED.findall(files[name].body.decode())
        ahead += [_resolved(PurePosixPath(name).parent, each) for each in found]


def _resolved(folder: PurePosixPath, name: str) -> str:
    for part in PurePosixPath(name).parts:
        folder = folder.parent if part == ".." else folder / part
    return str(folder)
