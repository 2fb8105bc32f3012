"""Blocks by the depth of their output, as a share of all blocks."""

_ROUNDING = 1e-9  # of a share, which is a quotient


def blocks_within(depth: tuple[float, float], blocks: int) -> list[int]:
    """Return the blocks, from 0, whose output lies within the two ends of ``depth``."""
    low, high = depth[0] - _ROUNDING, depth[1] + _ROUNDING
    return [block for block in range(blocks) if low <= (block + 1) / blocks <= high]
