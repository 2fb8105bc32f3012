"""The checksum that every stored artefact carries: XXH3 of 128 bits.

A byte flipped on a disk or in a copy is found before anything is computed from it. XXH3 runs at the
speed of memory (tens of gigabytes per second on one core), so that files are checked whenever they
are read; of what Python brings along, sha256 and blake2b reach 1 to 2 and crc32 has 32 bits, too
few to tell artefacts apart by. It does not protect from forgery, which is not the purpose.
"""

import xxhash

PREFIX = "xxh3_128:"
DIGITS = 32
UNKNOWN = PREFIX + "0" * DIGITS  # holds the place in a header until the data are written

Bytes = bytes | memoryview


class Checksum:
    """A checksum of bytes that come piece by piece, in their order."""

    def __init__(self) -> None:
        self._state = xxhash.xxh3_128()

    def update(self, data: Bytes) -> None:
        """Add ``data``."""
        self._state.update(data)

    def text(self) -> str:
        """Return ``xxh3_128:`` and 32 hexadecimal digits."""
        return PREFIX + self._state.hexdigest()


def checksum(*parts: Bytes) -> str:
    """Return the checksum of ``parts``, one after another."""
    whole = Checksum()
    for part in parts:
        whole.update(part)
    return whole.text()
