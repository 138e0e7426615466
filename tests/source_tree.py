"""The project's own source as data: modules, what they import, how long their functions are."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUR_PACKAGES = ("libs", "services", "deploy", "tests")


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    lines: int

    @property
    def tree(self) -> ast.Module:
        """Parsed anew: all trees at once are hundreds of MB, which every collection of garbage would walk."""
        return ast.parse(self.path.read_text())

    @property
    def package(self) -> str:
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Function:
    module: str
    name: str
    lines: int


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every module below the folders, e.g. `modules("libs", "services")`."""
    return tuple(_read(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))


def _read(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, path, path.read_text().count("\n"))


@cache
def imports(module: Module) -> tuple[str, ...]:
    """The dotted names that a module imports; for `from a import b` both `a` and `a.b`."""
    return tuple(_imports(module))


def _imports(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} uses a relative import"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions(module: Module) -> Iterator[Function]:
    """Each function with its count of code lines: docstring, comments and blank lines left out."""
    source = module.path.read_text().splitlines()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            skipped = _docstring_lines(node)
            assert node.end_lineno is not None
            code = [
                line
                for number, line in enumerate(source[node.lineno - 1 : node.end_lineno], node.lineno)
                if number not in skipped and line.strip() and not line.strip().startswith("#")
            ]
            yield Function(module.name, node.name, len(code))


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> range:
    if ast.get_docstring(node, clean=False) is None:
        return range(0)
    first = node.body[0]
    assert first.end_lineno is not None
    return range(first.lineno, first.end_lineno + 1)


def third_party(name: str) -> str | None:
    """The top-level package of an import that is neither ours nor the standard library's."""
    top = name.partition(".")[0]
    return None if top in OUR_PACKAGES or top in sys.stdlib_module_names else top


def reachable(start: str) -> frozenset[str]:
    """Names of all our modules that importing the package `start` can load, itself included."""
    known = {module.name: module for module in modules("libs", "services", "deploy")}
    waiting = [name for name in known if name == start or name.startswith(f"{start}.")]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        waiting += imports(known[name])
        waiting += [name.rpartition(".")[0]] if "." in name else []
    return frozenset(seen)
