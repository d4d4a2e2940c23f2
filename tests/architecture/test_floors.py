"""The floors of the house, as import contracts and as rules on the syntax tree."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "opendata", ROOT / "harvesters", ROOT / "plugins"]

LAZY_IMPORTS = {
    "opendata/doors/cli/lazy.py",
    "opendata/doors/cli/serving.py",
    "opendata/engines/files/opening.py",
    "opendata/engines/search/opening.py",
    "opendata/services/plans/archive.py",
}
"""Files that import while they run, so that a command, a setting or a rare task loads only what it needs."""

COMMIT_HOMES = ("opendata/base/runtime/", "opendata/base/models/migrations/", "opendata/engines/")
HTTP_CLIENTS = {"requests", "httpx", "aiohttp", "urllib3", "http.client", "urllib.request"}
HTTP_HOMES = ("opendata/base/kit/fetch/", "opendata/engines/", "opendata/testing/")
PICKLES = {"pickle", "cPickle", "dill", "marshal", "shelve"}
SECRETS = ("secret", "token", "password", "csrf", "signature")
NO_SECRETS = {
    "opendata/base/kit/json_items.py",  # its tokens are those of JSON
    "opendata/doors/http/identity.py",  # asks whether a cookie has to be sent again; guards are elsewhere
}
LONG = 400
LONG_ALLOWED = ("opendata/base/models/migrations/versions/", "opendata/testing/")


@cache
def sources() -> dict[str, ast.Module]:
    """Every Python file of ours with its syntax tree."""
    paths = (path for folder in SOURCES for path in sorted(folder.rglob("*.py")))
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        for path in paths
        if "node_modules" not in path.parts
    }


def test_imports_go_down_only() -> None:
    checker = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([checker, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_only_the_runtime_commits() -> None:
    commits = [
        f"{name}:{node.lineno}"
        for name, tree in sources().items()
        if not name.startswith(COMMIT_HOMES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert not commits, f"leave that to Platform.work: {commits}"


def test_one_guarded_http_client() -> None:
    users = [
        f"{name}: {module}"
        for name, tree in sources().items()
        if not name.startswith(HTTP_HOMES)
        for module in imported(tree)
        if is_of(module, HTTP_CLIENTS)
    ]
    assert not users, f"fetch through opendata.base.kit.fetch: {users}"


def test_services_and_doors_do_not_ask_which_database_runs() -> None:
    asking = [
        name
        for name, tree in sources().items()
        if name.startswith(("opendata/services/", "opendata/doors/", "opendata/demo/", "opendata/engines/"))
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and any(alias.name == "is_shared" for alias in node.names)
    ]
    assert not asking, f"ask Platform.has_other_hosts, or Work.wait_for_turn: {asking}"


def test_nothing_is_pickled() -> None:
    users = [name for name, tree in sources().items() if any(is_of(m, PICKLES) for m in imported(tree))]
    assert not users


def test_secrets_are_compared_in_constant_time() -> None:
    compared = [
        f"{name}:{node.lineno}"
        for name, tree in sources().items()
        if name not in NO_SECRETS
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
        and any(is_secret(side) for side in (node.left, *node.comparators))
        and not any(isinstance(side, ast.Constant) for side in (node.left, *node.comparators))
    ]
    assert not compared, f"use hmac.compare_digest: {compared}"


def test_imports_stand_at_the_top() -> None:
    inner = [
        f"{name}:{node.lineno}"
        for name, tree in sources().items()
        if name not in LAZY_IMPORTS
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not inner, f"imports inside functions hide cycles: {inner}"


def test_files_stay_readable() -> None:
    lengths = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in sources()}
    long = {n: length for n, length in lengths.items() if length > LONG and not n.startswith(LONG_ALLOWED)}
    assert not long, f"make two files of each: {long}"


def test_plugins_use_the_plugin_surface_alone() -> None:
    strangers = [
        f"{name}: {module}"
        for name, tree in sources().items()
        if name.startswith(("harvesters/", "plugins/"))
        for module in imported(tree)
        if module.split(".")[0] == "opendata" and module != "opendata.plugin"
    ]
    assert not strangers, f"opendata.plugin is the surface: {strangers}"


def test_the_core_names_no_plugin() -> None:
    named = [
        f"{name}: {module}"
        for name, tree in sources().items()
        if name.startswith("opendata/")
        for module in imported(tree)
        if module.split(".")[0].startswith("opendata_")
    ]
    assert not named


def imported(tree: ast.Module) -> Iterator[str]:
    """Full names of modules, and of what is taken from `http` and `urllib`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module in {"http", "urllib"}:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def is_of(module: str, families: set[str]) -> bool:
    return any(module == family or module.startswith(f"{family}.") for family in families)


def is_secret(node: ast.expr) -> bool:
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name.lower().endswith(SECRETS)
