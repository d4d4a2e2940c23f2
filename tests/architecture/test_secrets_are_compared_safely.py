"""Secrets are compared by `hmac.compare_digest`: `==` ends at the first difference and tells where it is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for folder in ("opendata", "plugins", "harvesters") for path in (ROOT / folder).rglob("*.py")
)
SECRET = re.compile(
    r"(?:^|_)(?:secret|token|csrf|password|passwd|otp|totp|hmac|mac|digest|signature|cookie|api_?key|state_cookie"
    r"|pepper|verifier|challenge|credential|nonce|code_hash|token_hash|password_hash)s?$",
    re.IGNORECASE,
)
MEANT = {
    ("opendata/engines/files", "digests"): "checksums of public files",
    ("opendata/engines/files", "digest"): "checksums of public files",
    ("opendata/base/kit/json_items.py", "token"): "a sign of JSON",
    ("opendata/doors/http/identity.py", "form_token"): "whether the visitor's own cookie is to be sent again",
}


def named(node: ast.expr) -> str:
    """The last name of what is compared: `found.token_hash` is `token_hash`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return named(node.func)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return named(node.value) if isinstance(node, ast.Subscript) else ""


def is_column(node: ast.expr) -> bool:
    """`ApiKey.digest == …` is a condition the database judges, by an index over digests."""
    return (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id[:1].isupper()
    )


def comparisons(source: str) -> Iterator[tuple[int, str]]:
    """Lines where something that is called like a secret is compared by `==` or `!=`, with its name."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
            if not isinstance(operator, ast.Eq | ast.NotEq) or is_column(left) or is_column(right):
                continue
            if isinstance(left, ast.Constant) or isinstance(right, ast.Constant):
                continue  # a text of the program is no secret
            yield from ((node.lineno, name) for name in (named(left), named(right)) if SECRET.search(name))


def test_no_secret_is_compared_by_equality() -> None:
    found = []
    for path in SOURCES:
        place = path.relative_to(ROOT).as_posix()
        for line, name in comparisons(path.read_text(encoding="utf-8")):
            if not any(place.startswith(where) and name == what for where, what in MEANT):
                found.append(f"{place}:{line}: {name}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "if given == token: pass",
        "ok = found.secret == text",
        "ok = row['csrf'] != request.form.get('csrf_token')",
        "ok = expected == headers['signature']",
        "ok = user.password_hash == hash_of(password)",
        "ok = a < b == api_key",
    ],
)
def test_the_check_sees_what_it_is_for(line: str) -> None:
    assert list(comparisons(line))


@pytest.mark.parametrize(
    "line",
    [
        "ok = ApiKey.digest == digest",
        "ok = kind == 'token'",
        "ok = len(token) == 3",
        "ok = hmac.compare_digest(a, b)",
    ],
)
def test_the_check_lets_others_pass(line: str) -> None:
    assert not list(comparisons(line))
