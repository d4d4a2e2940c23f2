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
    terminal.ok("client", "rotate-key", "--now")
    first = terminal.json("client", "keys")
    assert sorted(row["state"] for row in first) == ["current", "next"]
    assert terminal.call("client", "rotate-key") == 1
    terminal.ok("client", "rotate-key", "--now")
    states = {row["kid"]: row["state"] for row in terminal.json("client", "keys")}
    assert sorted(states.values()) == ["current", "next", "retired"]
    current = next(kid for kid, state in states.items() if state == "current")
    terminal.ok("client", "remove-key", current, "--reason", "lộ khóa")
    states = {row["kid"]: row["state"] for row in terminal.json("client", "keys")}
    assert states[current] == "removed"
    assert sorted(states.values()) == ["current", "next", "removed", "retired"]
