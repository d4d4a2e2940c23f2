"""`opendata client`: what an operator does with clients and signing keys."""


def owner(terminal) -> str:
    terminal.ok(
        "user",
        "create",
        "dev@haiphong.example",
        "Nhà phát triển",
        "--password-stdin",
        stdin="mật khẩu rất dài\n",
    )
    return "dev@haiphong.example"


def test_clients_are_made_changed_and_revoked(terminal) -> None:
    made = terminal.json("client", "create", "Máy chủ", "--owner", owner(terminal), "--grant", "credentials")
    assert made["secret"].startswith("hpd_cs_")
    assert (made["type"], made["grants"]) == ("confidential", ["credentials"])
    assert "hpd_cs_" in terminal.ok("client", "secret", made["id"])
    terminal.ok("client", "revoke", made["id"], "--reason", "không dùng nữa")
    (listed,) = terminal.json("client", "list")
    assert listed["revoked"]
    assert "secret" not in listed
    assert terminal.call("client", "secret", made["id"]) == 1


def test_what_is_named_is_changed_and_all_else_stays(terminal) -> None:
    address = owner(terminal)
    made = terminal.json("client", "create", "Máy chủ", "--owner", address, "--grant", "credentials")
    edited = ("client", "edit", made["id"], "--owner", address)
    terminal.ok(*edited, "--name", "Máy chủ số 2", "--scope", "read")
    found = terminal.json("client", "show", made["id"])
    assert (found["name"], found["scopes"], found["grants"]) == ("Máy chủ số 2", ["read"], ["credentials"])
    assert terminal.call(*edited, "--grant", "code") == 1
    assert "redirect_uris" in terminal.err
    shown = terminal.json(*edited, "--grant", "code", "--redirect", "https://app.example/cb")
    assert (shown["name"], shown["grants"]) == ("Máy chủ số 2", ["code"])
    assert terminal.call("client", "edit", "khong-co", "--owner", address, "--name", "x") == 1


def test_one_of_two_secrets_ends(terminal) -> None:
    address = owner(terminal)
    made = terminal.json("client", "create", "Máy chủ", "--owner", address, "--grant", "credentials")
    terminal.ok("client", "secret", made["id"])
    newer, older = terminal.json("client", "show", made["id"])["secrets"]
    terminal.ok("client", "end-secret", made["id"], older["id"], "--owner", address)
    assert terminal.json("client", "show", made["id"])["secrets"] == [newer]
    assert newer["display"] in terminal.ok("client", "show", made["id"])
    assert terminal.call("client", "end-secret", made["id"], older["id"], "--owner", address) == 1


def test_a_public_client_with_a_known_id(terminal) -> None:
    arguments = (
        "client",
        "create",
        "CLI",
        "--owner",
        owner(terminal),
        "--grant",
        "device",
        "--grant",
        "refresh",
    )
    made = terminal.json(*arguments, "--public", "--id", "opendata-cli")
    assert (made["id"], made["secret"], made["type"]) == ("opendata-cli", None, "public")
    assert terminal.call(*arguments, "--public", "--id", "opendata-cli") == 1
    assert terminal.call(*arguments, "--public", "--id", "không được") == 1


def test_a_client_that_cannot_be_is_told_why(terminal) -> None:
    code = terminal.call("client", "create", "Web", "--owner", owner(terminal), "--grant", "code")
    assert code == 1
    assert "redirect_uris" in terminal.err


def test_a_key_may_begin_with_a_dash(terminal) -> None:
    assert terminal.call("client", "remove-key", "-Uti_x", "--reason", "lộ khóa") == 1


def test_signing_keys_change(terminal) -> None:
    terminal.ok("client", "rotate-key", "--now", "--reason", "lộ khóa")
    first = terminal.json("client", "keys")
    assert sorted(row["state"] for row in first) == ["current", "next"]
    assert terminal.call("client", "rotate-key", "--reason", "đến hạn") == 1
    assert terminal.call("client", "rotate-key", "--now") == 2
    assert terminal.call("client", "rotate-key", "--now", "--reason", " ") == 1
    terminal.ok("client", "rotate-key", "--now", "--reason", "lộ khóa")
    states = {row["kid"]: row["state"] for row in terminal.json("client", "keys")}
    assert sorted(states.values()) == ["current", "next", "retired"]
    current = next(kid for kid, state in states.items() if state == "current")
    terminal.ok("client", "remove-key", current, "--reason", "lộ khóa")
    states = {row["kid"]: row["state"] for row in terminal.json("client", "keys")}
    assert states[current] == "removed"
    assert sorted(states.values()) == ["current", "next", "removed", "retired"]
