"""The container files: well-formed, pinned, and made of settings that exist."""

import json
import re
from pathlib import Path

import compose_spec
import pytest
import yaml

from opendata.settings import Settings, load

ROOT = Path(__file__).parents[2]
FILES = ("docker-compose.yml", "docker-compose.embedded.yml")
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")
SECRETS = {
    "OPENDATA_SECRET_KEY": "s" * 40,
    "OPENDATA_KEY_PEPPERS": "1:" + "p" * 40,
    "POSTGRES_PASSWORD": "w" * 40,
    "S3_SECRET": "k" * 40,
}


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def services(name):
    return yaml.safe_load(text_of(name))["services"]


def filled(value):
    """As Compose fills it in, with the secrets of these tests."""
    return VARIABLE.sub(lambda v: SECRETS.get(v["name"]) or v["rest"].removeprefix(":-"), str(value))


def our_settings(service):
    return {
        name: value for name, value in service.get("environment", {}).items() if name.startswith("OPENDATA_")
    }


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_what_compose_expects(name):
    """Read by the rules of the specification, with volumes, networks and services that name each other."""
    text = yaml.safe_dump(yaml.safe_load(VARIABLE.sub(lambda v: filled(v[0]) or "8000", text_of(name))))
    compose_spec.PyCompose.from_yaml(text).validate()


def test_a_file_that_compose_refuses_is_refused_here():
    text = yaml.safe_dump({"services": {"a": {"image": "x:1.2", "networks": ["unknown"], "comand": "x"}}})
    with pytest.raises(ValueError, match=r"."):
        compose_spec.PyCompose.from_yaml(text).validate()


@pytest.mark.parametrize("name", FILES)
def test_every_image_is_pinned_to_a_version(name):
    images = [service["image"] for service in services(name).values() if "image" in service]
    unpinned = [image for image in images if not re.search(r":v?\d+\.\d+(\.\d+)?", image)]
    assert not unpinned
    assert all(re.search(r"^FROM \S+:\d+\.\d+\.\d+", line) for line in from_lines())


def from_lines():
    return [line for line in text_of("Dockerfile").splitlines() if line.startswith("FROM")]


@pytest.mark.parametrize("name", FILES)
def test_every_variable_of_ours_is_a_setting(name):
    known = {f"OPENDATA_{field.upper()}" for field in Settings.__dataclass_fields__}
    given = {variable for service in services(name).values() for variable in our_settings(service)}
    assert given
    assert given <= known
    asked = {v["name"] for v in VARIABLE.finditer(text_of(name)) if v["name"].startswith("OPENDATA_")}
    assert asked - known <= {"OPENDATA_LISTEN"}  # the port that nginx is published on


@pytest.mark.parametrize("name", FILES)
def test_the_settings_are_good_for_production(name, monkeypatch):
    (service,) = [found for role, found in services(name).items() if role in {"web1", "portal"}]
    for variable, value in our_settings(service).items():
        monkeypatch.setenv(variable, filled(value))
    monkeypatch.setenv("OPENDATA_MODE", "production")
    assert load().mode == "production"


def test_no_secret_has_a_default_and_the_servers_are_not_published():
    scaled = services("docker-compose.yml")
    for variable in VARIABLE.finditer(text_of("docker-compose.yml")):
        if variable["name"] in SECRETS:
            assert variable["rest"].startswith(":?")
    assert [name for name, service in scaled.items() if "ports" in service] == ["nginx"]
    for name in ("postgresql", "search1", "search2", "search3", "redis", "s3"):
        assert scaled[name]["networks"] == ["inside"]


def test_roles_are_doubled_and_wait_for_the_migration():
    scaled = services("docker-compose.yml")
    for role in ("web1", "web2", "worker1", "worker2"):
        assert scaled[role]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert len([name for name in scaled if name.startswith("search")]) == 3


def test_the_portal_starts_where_a_search_node_or_redis_is_gone():
    """It serves without them (docs/failure-modes.md); the migration alone needs PostgreSQL to answer."""
    scaled = services("docker-compose.yml")
    assert scaled["migrate"]["depends_on"]["postgresql"]["condition"] == "service_healthy"
    for role in ("web1", "web2", "worker1", "worker2"):
        waited = {name: wait["condition"] for name, wait in scaled[role]["depends_on"].items()}
        assert waited.pop("migrate") == "service_completed_successfully"
        assert set(waited.values()) <= {"service_started"}
    assert "wait_for_nodes" not in json.dumps(scaled["search1"]["healthcheck"])


def test_every_process_of_ours_has_its_own_volume_and_no_privileges():
    scaled = services("docker-compose.yml")
    roles = [scaled[role] for role in ("web1", "web2", "worker1", "worker2")]
    volumes = [volume.partition(":")[0] for role in roles for volume in role["volumes"]]
    assert len(set(volumes)) == len(roles)
    for role in (*roles, scaled["migrate"]):
        assert role["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in role["security_opt"]


def test_every_server_tells_of_its_health():
    scaled = services("docker-compose.yml")
    for name in ("nginx", "postgresql", "search1", "search2", "search3", "redis", "s3"):
        assert scaled[name]["healthcheck"]["test"]


def test_nginx_sends_the_files_of_the_store_that_the_portal_names():
    """The configuration is that of `tests/scaled/test_nginx.py`."""
    scaled = services("docker-compose.yml")
    assert scaled["nginx"]["volumes"] == ["./config/nginx.conf:/etc/nginx/conf.d/default.conf:ro"]
    place = our_settings(scaled["web1"])["OPENDATA_FILES_ACCEL"]
    config = text_of("config/nginx.conf")
    assert f"location {place}/ {{" in config
    endpoint = re.search(r"endpoint=(http://[^&\s]+)", our_settings(scaled["web1"])["OPENDATA_FILES_URL"])[1]
    assert f"set $store {endpoint};" in config
    assert "proxy_pass $store;" in config
    assert f"proxy_set_header Host {endpoint.removeprefix('http://')};" in config


def test_the_image_runs_without_root_and_tells_of_its_health():
    lines = text_of("Dockerfile")
    assert len(from_lines()) == 2
    assert lines.index("USER opendata") < lines.index("CMD [")
    assert "HEALTHCHECK" in lines


def test_the_template_of_the_settings_file_loads(monkeypatch):
    monkeypatch.setenv("OPENDATA_SECRET_KEY", SECRETS["OPENDATA_SECRET_KEY"])
    monkeypatch.setenv("OPENDATA_KEY_PEPPERS", SECRETS["OPENDATA_KEY_PEPPERS"])
    text = text_of("config/production.toml")
    assert load(ROOT / "config/production.toml").mode == "production"
    offered = set(re.findall(r"^# (\w+) = ", text, re.MULTILINE))
    assert {"database_url", "search_url", "files_url", "jobs_url", "counters_url"} <= offered
    assert offered <= set(Settings.__dataclass_fields__)
