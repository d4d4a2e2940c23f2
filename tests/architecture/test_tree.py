"""What the tree may not hold: addresses of registries, paths of a machine, languages left out."""

import ast
import io
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from opendata.base.i18n import translations

ROOT = Path(__file__).parents[2]
REGISTRIES = re.compile(
    r"(?:files\.python"
    r"hosted|py"
    r"pi\.org|registry\.npm"
    r"js|registry\.yarn"
    r"pkg|npm"
    r"js\.org|crates\.io"
    r"|proxy\.golang|repo1?\.maven|deb\.debian|archive\.ubuntu|unpkg\.com|jsdelivr|cdnjs)",
    re.IGNORECASE,
)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/")
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".json",
    ".mjs",
    ".ts",
    ".css",
    ".html",
    ".txt",
    ".po",
    ".cfg",
    "",
}
PARTS = {"botocore", "elastic-transport", "werkzeug", "jinja2", "markupsafe", "webargs", "apispec", "limits"}
"""Public parts of boto3, elasticsearch, Flask, flask-smorest and Flask-Limiter."""
MARKERS = {"N_", "_", "ngettext", "gettext"}
VIETNAMESE = re.compile(
    r"[ăâđêôơưàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵ]", re.IGNORECASE
)


def tracked() -> Iterator[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("does not apply: this is no git checkout")
    for name in done.stdout.split("\0"):
        path = ROOT / name
        if name and path.suffix in TEXT and path.is_file():
            yield path


def test_no_registry_is_named() -> None:
    assert not list(hits(REGISTRIES))


def test_no_path_of_a_machine_is_named() -> None:
    assert not list(hits(MACHINE_PATHS))


def hits(pattern: re.Pattern[str]) -> Iterator[str]:
    for path in tracked():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line) and path != Path(__file__):
                yield f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"


def test_every_sentence_has_its_english() -> None:
    english = translations("en")
    missing = sorted(
        f"{where}: {message}"
        for where, message in messages()
        if VIETNAMESE.search(message) and english.gettext(message) == message
    )
    assert not missing, "add these to opendata/base/i18n/en.po:\n" + "\n".join(missing)


def test_every_english_has_one_sentence() -> None:
    """None is told twice, and none is left over of what nobody says any more."""
    text = (ROOT / "opendata/base/i18n/en.po").read_text(encoding="utf-8")
    told = [message.id for message in read_po(io.StringIO(text)) if message.id]
    assert len(told) == text.count("\nmsgid ")
    said = set(constants())
    templates = "".join(path.read_text("utf-8") for path in (ROOT / "opendata").rglob("*.html"))
    first = (message if isinstance(message, str) else message[0] for message in told)
    assert [message for message in first if message not in said and message not in templates] == []


def constants() -> Iterator[str]:
    for path in (ROOT / "opendata").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def messages() -> Iterator[tuple[str, str]]:
    """Literals marked for translation in code and templates."""
    for path in sorted((ROOT / "opendata").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKERS:
                for argument in node.args[:1]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", argument.value
    for path in sorted((ROOT / "opendata/doors/web/templates").rglob("*.html")):
        for found in re.finditer(
            r"\b_\(\s*(?P<quote>['\"])(?P<text>.+?)(?<!\\)(?P=quote)", path.read_text(encoding="utf-8")
        ):
            yield path.relative_to(ROOT).as_posix(), found["text"]


def test_every_library_in_use_is_declared() -> None:
    """What comes along with another library today may be gone with its next release."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = [name for names in project.get("optional-dependencies", {}).values() for name in names]
    declared = {_plain(re.split(r"[<>=!~\[; ]", name)[0]) for name in [*project["dependencies"], *optional]}
    providers = packages_distributions()
    used: dict[str, str] = {}
    for path in sorted([*(ROOT / "opendata").rglob("*.py"), *(ROOT / "harvesters").rglob("*.py")]):
        if "testing" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            used |= {name.split(".")[0]: path.relative_to(ROOT).as_posix() for name in names}
    foreign = {
        name: where
        for name, where in used.items()
        if name not in sys.stdlib_module_names and not name.startswith("opendata")
    }
    undeclared = {
        name: where
        for name, where in foreign.items()
        if not {_plain(provider) for provider in providers.get(name, [name])} & (declared | PARTS)
    }
    assert not undeclared


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
