"""Base 62: digits, capitals, small letters, in that order."""

import secrets

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def encode(number: int, width: int) -> str:
    """`number` with the most significant sign first, filled with zeros to `width`."""
    signs = []
    for _ in range(width):
        number, rest = divmod(number, 62)
        signs.append(ALPHABET[rest])
    if number:
        raise ValueError("does not fit")
    return "".join(reversed(signs))


def draw(length: int) -> str:
    """Random signs from the system's source of randomness."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
