"""Blocks by the depth of their output, as a share of all blocks."""

_ROUNDING = 1e-9  # of a share, which is a quotient


def blocks_within(depth: tuple[float, float], blocks: int) -> list[int]:
    """Return the blocks, from 0, whose output lies within the two ends of ``depth``."""
    low, high = depth[0] - _ROUNDING, depth[1] + _ROUNDING
    return [block for block in range(blocks) if low <= (block + 1) / blocks <= high]


def blocks_between(depth: tuple[float, float], layers: int) -> list[int]:
    """Blocks whose output lies in a share of ``depth``, from 0; the nearest one where none does."""
    middle = sum(depth) / 2
    nearest = min(range(layers), key=lambda block: abs((block + 1) / layers - middle))
    return blocks_within(depth, layers) or [nearest]
