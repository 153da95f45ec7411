"""A number in [0, 1) that stays with a name, whichever other names there are."""

import hashlib


def place(seed: int, purpose: str, name: str) -> float:
    """Return a name's number in [0, 1): uniform over names, fresh for each seed and purpose."""
    digest = hashlib.blake2b(f"{seed}\n{purpose}\n{name}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) * 2.0**-53
