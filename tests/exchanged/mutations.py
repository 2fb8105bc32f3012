"""Seeded damage to the bytes of a file: what disks, transfers, editors and enemies do."""

import random
from collections.abc import Sequence

_TOKENS = (
    b"\xff\xff\xff\xff\xff\xff\xff\x7f", b"\x00", b"\xff", b"\x80\x04c", b"{", b"[", b"[[[[", b'"',
    b"null", b"true", b"-1", b"1e999", b"NaN", b"99999999999999999999", b",", b"\n", b"\r", b";",
    b"__metadata__", b"data_offsets", b"BOOL", b"F8_E4M3", b"\xed\xa0\x80", b"IDAT", b"IEND",
    b"moov", b"mdat", b"stsz", b"is_possible", b"cos\nsystem\n(S'true'\ntR.", b"PK\x03\x04",
)  # fmt: skip


def mutated(data: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """``data`` with one to four kinds of damage; ``others`` are files to take pieces from."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        # Half of the damage is near the beginning, where the headers are.
        most = len(changed) if chance.random() < 0.5 else min(len(changed), 400)
        place = chance.randrange(most + 1)
        size = chance.choice((1, 1, 2, 4, 8, 64))
        match chance.randrange(9):
            case 0 if changed:
                changed[min(place, len(changed) - 1)] ^= 1 << chance.randrange(8)
            case 1:
                changed[place : place + size] = chance.randbytes(size)
            case 2:
                del changed[place:]
            case 3:
                del changed[place : place + size]
            case 4:
                changed[place:place] = changed[place : place + size]
            case 5:
                token = chance.choice(_TOKENS)
                changed[place : place + chance.choice((0, len(token)))] = token
            case 6:
                changed[place : place + size] = bytes([chance.choice((0, 255))]) * size
            case 7:
                other = chance.choice(others)
                start = chance.randrange(len(other) + 1)
                changed[place : place + size] = other[start : start + 10 * size]
            case 8:
                _change_number(changed, chance)
    return bytes(changed)


def _change_number(changed: bytearray, chance: random.Random) -> None:
    """Put another number in place of one in decimal digits, as headers and tables have them."""
    digits = [place for place, byte in enumerate(changed[:4000]) if 48 <= byte <= 57]
    if digits:
        place = chance.choice(digits)
        number = chance.choice((b"0", b"-1", b"7", b"1e9", b"4294967296", b"9" * 30))
        changed[place : place + 1] = number
