"""The compose file and the Dockerfile can't be run where no engine is; so they are held against schema and code."""

import importlib
import importlib.util
import json
import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic_settings import BaseSettings

from tests.source_tree import ROOT

SERVICES = ("api", "ingest", "mrr", "alerts")
SETTINGS = {"api": "ApiSettings", "ingest": "IngestSettings", "mrr": "MrrSettings", "alerts": "AlertsSettings"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "deploy" / "Dockerfile").read_text()


def test_compose_file_follows_the_compose_specification(compose: dict[str, Any]) -> None:
    package = distribution("check-jsonschema")
    schema = Path(str(package.locate_file("check_jsonschema/builtin_schemas/vendor/compose-spec.json")))
    jsonschema.validate(compose, json.loads(schema.read_text()))


@pytest.mark.parametrize("service", SERVICES)
def test_every_variable_is_one_that_the_service_reads(compose: dict[str, Any], service: str) -> None:
    settings: type[BaseSettings] = getattr(importlib.import_module(f"services.{service}.settings"), SETTINGS[service])
    known = {name.upper() for name in settings.model_fields}
    assert set(compose["services"][service]["environment"]) - known == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_required_variable_is_given(compose: dict[str, Any], service: str) -> None:
    settings: type[BaseSettings] = getattr(importlib.import_module(f"services.{service}.settings"), SETTINGS[service])
    required = {name.upper() for name, field in settings.model_fields.items() if field.is_required()}
    assert required <= set(compose["services"][service]["environment"])


@pytest.mark.parametrize("service", SERVICES)
def test_health_check_asks_the_port_that_the_service_listens_on(compose: dict[str, Any], service: str) -> None:
    described = compose["services"][service]
    _, _, flag, module, port = ["", *described["healthcheck"]["test"]][-5:]
    assert flag == "-m"
    assert importlib.util.find_spec(module) is not None
    assert described["environment"][f"{service.upper()}_HEALTH_PORT"] == port


@pytest.mark.parametrize("service", SERVICES)
def test_services_restart_and_start_after_what_they_need(compose: dict[str, Any], service: str) -> None:
    described = compose["services"][service]
    assert described["restart"] == "unless-stopped"
    assert described["depends_on"]["kafka"] == {"condition": "service_healthy"}
    uses_database = "DATABASE_URL" in described["environment"]
    assert uses_database == bool({"postgres", "api"} & set(described["depends_on"]))


@pytest.mark.parametrize("service", SERVICES)
def test_image_starts_a_module_that_exists(compose: dict[str, Any], dockerfile: str, service: str) -> None:
    command = re.search(r'CMD \["sh", "-c", "exec python -m services\.\$\{SERVICE\}"\]', dockerfile)
    assert command is not None
    assert importlib.util.find_spec(f"services.{service}.__main__") is not None
    assert compose["services"][service]["build"]["args"] == {"SERVICE": service}


def test_image_copies_only_what_exists_and_runs_without_root(dockerfile: str) -> None:
    copied = [
        source
        for line in dockerfile.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    missing = [source for source in copied if "$" not in source and not (ROOT / source).exists()]
    assert missing == []
    assert re.search(r"^USER revstream$", dockerfile, re.MULTILINE)
