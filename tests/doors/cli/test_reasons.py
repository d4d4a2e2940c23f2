"""Commands that change what is others' ask why."""

import pytest

ADDRESS = "dev@haiphong.example"
COMMANDS = (
    ("user", "block", ADDRESS),
    ("user", "unblock", ADDRESS),
    ("user", "second-factor-off", ADDRESS),
    ("client", "rotate-key", "--now"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_asks_why(terminal, command) -> None:
    told = "mật khẩu rất dài\n"
    terminal.ok("user", "create", ADDRESS, "Nhà phát triển", "--password-stdin", stdin=told)
    assert terminal.call(*command) == 2
    assert "--reason" in terminal.err
    assert terminal.call(*command, "--reason", " ") == 1
    assert "reason" in terminal.err
    terminal.ok(*command, "--reason", "đã gọi điện xác minh")
