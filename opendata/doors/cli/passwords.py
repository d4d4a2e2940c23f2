"""Passwords from a prompt or from standard input, never from the command line, where others can read it."""

import sys

import click

from opendata.base.kit.errors import N_
from opendata.doors.cli.console import Console

stdin_option = click.option(
    "--password-stdin", is_flag=True, help=N_("Đọc mật khẩu từ dòng đầu của đầu vào chuẩn.")
)


def ask_password(console: Console, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    prompt = console.text(N_("Mật khẩu (ít nhất 12 ký tự)"))
    again = console.text(N_("Nhập lại mật khẩu"))
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=again))
