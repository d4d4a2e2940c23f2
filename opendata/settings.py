"""Settings: defaults here, then a TOML file, then `OPENDATA_*` environment variables.

`Settings` is frozen and typed; nothing else in the product reads the environment. A field's name is its
key in TOML and, upper-cased behind `OPENDATA_`, its environment variable.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from environs import Env

from opendata.base.kit.errors import Invalid
from opendata.base.kit.networks import read_factors
from opendata.base.kit.secrets import read_peppers
from opendata.base.kit.working_days import calendar


def _setting(default: Any, help_text: str) -> Any:
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata={"help": help_text})
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    data_dir: str = _setting("var", "Folder for the database, index, files and queue of the embedded mode.")
    database_url: str = _setting(
        "", "SQLAlchemy URL. Empty: sqlite in data_dir. Scaled mode: postgresql+psycopg://…"
    )
    search_url: str = _setting("", "Search engine. Empty: tantivy in data_dir. Tests: memory://")
    files_url: str = _setting("", "File store. Empty: a folder in data_dir.")
    files_accel: str = _setting(
        "",
        "Place below which the proxy in front sends stored files itself (X-Accel-Redirect): /_files for a"
        " folder, /_store for S3, as in config/nginx.conf. Empty: they pass through the portal.",
    )
    jobs_url: str = _setting("", "Job queue. Empty: huey on SQLite in data_dir.")
    counters_url: str = _setting(
        "",
        "Counters of limits and quotas. Empty: sqlite in data_dir, shared by the processes of a host."
        " Scaled mode: redis://host:port/n. Tests: memory://",
    )
    workers: int = _setting(
        1, "Web processes that share the counters, on all hosts. `opendata serve --workers` sets it."
    )
    floor_per_second: int = _setting(
        50, "Requests a second from one network before anything else is looked at. 0: no floor."
    )
    network_multipliers: Mapping[str, int] = _setting(
        {},
        "Networks where many share an address, as schools do, and as how many addresses each counts, for the"
        " plan without a key and for the floor: {'203.0.113.7/32' = 20}. TOML only.",
    )
    base_url: str = _setting("http://127.0.0.1:8000", "Public address; every absolute link begins with it.")
    allowed_hosts: tuple[str, ...] = _setting((), "Host names answered besides that of base_url.")
    secret_key: str = _setting(
        "", "Signs cookies of visitors who are not signed in. Required unless mode is development."
    )
    key_prefix: str = _setting("hpd", "First part of every key and secret of this portal.")
    key_peppers: tuple[str, ...] = _setting(
        (),
        "Keys for the digests of secrets as `id:secret`, the newest first, each of 32 or more random"
        " characters. Required unless mode is development; else a file in data_dir holds one.",
    )
    mode: str = _setting("development", "development, test or production. Production refuses weak secrets.")
    portal_name_vi: str = _setting("Cổng dữ liệu mở thành phố Hải Phòng", "Name of the portal in Vietnamese.")
    portal_name_en: str = _setting("Hai Phong Open Data", "Name of the portal in English.")
    contact_email: str = _setting("dulieumo@haiphong.example", "Office that answers for the portal.")
    time_zone: str = _setting("Asia/Ho_Chi_Minh", "Time zone of schedules and of dates on pages.")
    holidays: str = _setting(
        "VN", "Country whose public holidays are no working days; empty: weekends alone."
    )
    worker_in_web: bool = _setting(True, "Run the job worker as a thread of the web process (embedded mode).")
    trusted_proxies: int = _setting(0, "Number of proxies in front whose X-Forwarded-* headers count.")
    max_upload_mb: int = _setting(200, "Largest uploaded file, in MB.")
    session_hours: int = _setting(12, "Hours a sign-in lasts.")
    guard_limits: Mapping[str, str] = _setting(
        {},
        "Other limits for guarded forms, by bucket: {sign_in = '10 per 5 minutes', sign_up = '5 per hour'}."
        " TOML only.",
    )
    apps_per_user: int = _setting(10, "Applications a person may own.")
    apps_per_organization: int = _setting(50, "Applications an organisation may own.")
    keys_per_app: int = _setting(10, "Live keys an application may have.")
    unconfirmed_days: int = _setting(7, "Days the keys of an account live until its address is confirmed.")
    smtp_url: str = _setting(
        "", "Mail server: smtp://user:password@host:587 or smtps://. Empty: mail is kept."
    )
    mail_from: str = _setting("", "Sender of mails. Empty: contact_email.")
    oidc_issuer: str = _setting("", "OpenID Connect provider people may sign in through; empty: none.")
    oidc_name: str = _setting("", "What its button says.")
    oidc_client_id: str = _setting("", "This portal's client id at the provider.")
    oidc_client_secret: str = _setting("", "Its secret; empty for a public client.")
    oidc_networks: tuple[str, ...] = _setting((), "Private networks the provider may be reached in.")
    leak_partners: Mapping[str, str] = _setting(
        {}, "Who may report leaked keys: {id = 'PEM of an ECDSA P-256 public key'}. TOML only."
    )
    log_level: str = _setting("INFO", "DEBUG, INFO, WARNING or ERROR.")
    log_json: bool = _setting(False, "Write log events as JSON lines.")
    late_factor: float = _setting(1.5, "A dataset is late after last update + period × this factor.")
    harvest_allow_networks: Mapping[str, tuple[str, ...]] = _setting(
        {}, "Private networks harvesters may reach, by type: {ckan = ['10.20.0.0/16']}. TOML only."
    )
    harvest_allow_roots: tuple[str, ...] = _setting((), "Folders that sources of type folder may lie under.")
    harvest_allow_ports: tuple[int, ...] = _setting((80, 443, 8080, 8443), "Ports harvesters may dial.")
    harvest_allow_loopback: bool = _setting(
        False, "Let harvesters reach this machine. Development and tests only."
    )
    webhook_allow_loopback: bool = _setting(
        False, "Let endpoints of applications stand on this machine. For tests; never in production."
    )
    harvest_ca_file: str = _setting("", "PEM file with further certificate authorities for outbound calls.")
    harvest_rate_per_host: float = _setting(8.0, "Requests a second to one host.")

    @property
    def data(self) -> Path:
        return Path(self.data_dir).resolve()

    @property
    def demo_dir(self) -> Path:
        """Where `opendata demo load` writes the folders of its departments."""
        return self.data / "demo"

    @property
    def harvest_roots(self) -> tuple[Path, ...]:
        """The folders that sources of type folder may lie under: the operator's and the demo's."""
        return (*map(Path, self.harvest_allow_roots), self.demo_dir)

    def url(self, name: str, default: str) -> str:
        """The setting `name`, or `default` (a path below data_dir) where it is empty."""
        value: str = getattr(self, name)
        return value or default.format(data=self.data)


def load(path: str | Path | None = None, *, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings. `path` is the TOML file (else `OPENDATA_CONFIG`). Raises `Invalid`."""
    env = Env(prefix="OPENDATA_")
    source = path or env.str("CONFIG", "")
    values = _from_toml(Path(source)) if source else {}
    values.update(_from_environment(env))
    values.update(overrides or {})
    settings = Settings(**values)
    _validate(settings)
    return settings


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Invalid(fields={str(path): str(error)}) from error
    known = {f.name for f in fields(Settings)}
    if unknown := sorted(set(values) - known):
        raise Invalid(fields={f"{path}:{name}": "không có thiết lập này" for name in unknown})
    return {name: _frozen(value) for name, value in values.items()}


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return value


def _from_environment(env: Env) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for item in fields(Settings):
        reader = _reader(item)
        name = item.name.upper()
        if reader is None or env.str(name, None) is None:
            continue
        values[item.name] = reader(env, name)
    return values


def _reader(item: Any) -> Any:
    """What reads this setting from the environment; None for one that is told in TOML only."""
    return _READERS.get(getattr(item.type, "__name__", "")) or _READERS.get(str(item.type))


_READERS: dict[str, Any] = {
    "str": lambda env, name: env.str(name),
    "int": lambda env, name: env.int(name),
    "float": lambda env, name: env.float(name),
    "bool": lambda env, name: env.bool(name),
    "tuple[str, ...]": lambda env, name: tuple(env.list(name)),
    "tuple[int, ...]": lambda env, name: tuple(env.list(name, subcast=int)),
}


def _validate(settings: Settings) -> None:
    problems: dict[str, str] = {}
    if settings.mode not in {"development", "test", "production"}:
        problems["mode"] = "phải là development, test hoặc production"
    if settings.mode == "production" and len(settings.secret_key) < 32:
        problems["secret_key"] = "cần ít nhất 32 ký tự ngẫu nhiên"  # noqa: S105
    if settings.mode == "production" and settings.harvest_allow_loopback:
        problems["harvest_allow_loopback"] = "không được bật ở chế độ production"
    if settings.mode == "production" and settings.webhook_allow_loopback:
        problems["webhook_allow_loopback"] = "không được bật ở chế độ production"
    if settings.key_peppers or settings.mode == "production":
        try:
            read_peppers(settings.key_peppers)
        except ValueError:
            problems["key_peppers"] = "cần ít nhất một khóa dạng id:32 ký tự ngẫu nhiên trở lên"
    if not re.fullmatch(r"[a-z][a-z0-9]{1,7}", settings.key_prefix):
        problems["key_prefix"] = "cần 2 đến 8 chữ thường hoặc chữ số"
    if settings.files_accel and not re.fullmatch(r"(/[\w.~-]+)+", settings.files_accel, re.ASCII):
        problems["files_accel"] = "cần một đường dẫn như /_files"
    problems |= _wrong_networks(settings) | _wrong_country(settings)
    if problems:
        raise Invalid(fields=problems)


def _wrong_networks(settings: Settings) -> dict[str, str]:
    try:
        read_factors(settings.network_multipliers)
    except ValueError as error:
        return {"network_multipliers": str(error)}
    return {}


def _wrong_country(settings: Settings) -> dict[str, str]:
    try:
        calendar(settings.holidays)
    except ValueError:
        return {"holidays": "cần một mã nước như VN"}
    return {}


def _default(item: Any) -> Any:
    return item.default_factory() if item.default is MISSING else item.default


def reference() -> str:
    """The settings reference in Markdown, generated from the fields above."""
    lines = ["| setting | environment | default | meaning |", "|---|---|---|---|"]
    for item in fields(Settings):
        default = str(_default(item)).replace("|", "\\|") or "(empty)"
        variable = f"`OPENDATA_{item.name.upper()}`" if _reader(item) else ""
        lines.append(f"| `{item.name}` | {variable} | `{default}` | {item.metadata['help']} |")
    return "\n".join(lines) + "\n"
