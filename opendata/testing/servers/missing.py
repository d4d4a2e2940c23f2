"""What to do where a program is not installed."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_UNPACK = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:unpack"


class ServerMissing(RuntimeError):
    """The program is not on this machine and may not be installed; the text says which and how to get it."""


def installs_allowed() -> bool:
    return os.environ.get("OPENDATA_TEST_INSTALL") == "1"


def cache_folder() -> Path:
    """Where downloaded programs stay between runs. Root's own cache is closed to the accounts that servers
    run under, so root gets one that all may read."""
    base = os.environ.get("XDG_CACHE_HOME")
    if not base:
        base = "/var/cache" if os.geteuid() == 0 else str(Path.home() / ".cache")
    folder = Path(base) / "opendata-servers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def program(name: str, debian_package: str) -> Path:
    """A program on the path, installed from its Debian package where that is allowed."""
    found = shutil.which(name)
    if not found:
        install_package(debian_package)
        found = shutil.which(name)
    if not found:
        raise ServerMissing(f"{name} is not on the path")
    return Path(found)


def install_package(debian_package: str) -> None:
    how = f"apt-get install {debian_package}"
    if not installs_allowed() or os.geteuid() != 0 or not shutil.which("apt-get"):
        raise ServerMissing(f"{debian_package} is not installed ({how}, or OPENDATA_TEST_INSTALL=1 as root)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run_installer(["apt-get", "update", "-qq"], environment)
    run_installer(["apt-get", "install", "-y", "-qq", "--no-install-recommends", debian_package], environment)


def built_by_go(name: str, module: str, version: str) -> Path:
    """A program from the path, else from the cache, else built there from its module."""
    found = shutil.which(name)
    built = cache_folder() / f"{name}-{version}" / name
    if found:
        return Path(found)
    if not built.exists():
        _build(f"{module}@{version}", name, built.parent)
    return built


def _build(module: str, name: str, folder: Path) -> None:
    go = shutil.which("go")
    if not go or not installs_allowed():
        raise ServerMissing(f"{name} is not installed (go install {module}, or OPENDATA_TEST_INSTALL=1)")
    beside = folder.with_name(f"{folder.name}.{os.getpid()}")
    run_installer([go, "install", module], {**os.environ, "GOBIN": str(beside)})
    keep(beside, folder)


@contextmanager
def unpacked(artifact: str, *, wanted_for: str) -> Iterator[Path]:
    """A folder with the contents of a Maven artifact (group:name:version:type), gone at the end: `keep`
    what is needed of it. `wanted_for` names the program to whom it is missing."""
    maven = shutil.which("mvn")
    if not maven or not installs_allowed():
        raise ServerMissing(f"{wanted_for} is not here (mvn with OPENDATA_TEST_INSTALL=1 fetches {artifact})")
    folder = cache_folder() / f"unpacking.{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    into = f"-DoutputDirectory={folder / 'contents'}"
    try:
        run_installer([maven, "-q", "-B", _UNPACK, f"-Dartifact={artifact}", into], folder=folder)
        yield folder / "contents"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(found: Path, place: Path) -> None:
    """Move a folder of programs to where other accounts may run them; nothing if another run was faster."""
    subprocess.run(["chmod", "-R", "a+rX", str(found)], check=True)  # noqa: S603, S607
    try:
        found.rename(place)
    except OSError:
        if not place.exists():
            raise


def run_installer(
    command: list[str], environment: dict[str, str] | None = None, *, folder: Path | None = None
) -> None:
    """`folder` is where it runs: some leave traces there."""
    done = subprocess.run(  # noqa: S603
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=900
    )
    if done.returncode:
        raise ServerMissing(f"{' '.join(command)} failed: {(done.stderr or done.stdout)[-2000:]}")
