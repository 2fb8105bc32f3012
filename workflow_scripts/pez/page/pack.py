"""Numbers and names as compact JSON: columns of codes, quantised arrays, all of it compressed.

What is written here is read by ``explorer/decode.js``.
"""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

MISSING = -32768  # of int16: no value
_CODES = (np.uint8, np.uint16, np.uint32)
_STEPS = 32766  # quantised values lie in -_STEPS .. _STEPS


def pack_array(values: np.ndarray) -> dict[str, Any]:
    """Integers of any shape, as little-endian bytes in base64."""
    small = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return {
        "type": values.dtype.name,
        "shape": list(values.shape),
        "data": base64.b64encode(small.tobytes()).decode(),
    }


def pack_numbers(
    values: np.ndarray, low: float = -np.inf, high: float = np.inf, step: float = 0.0
) -> dict[str, Any]:
    """Numbers of any shape as int16 steps between the least and the greatest of them.

    Args:
        values: float; what is not finite is missing.
        low: lesser values are written as this one.
        high: greater values are written as this one.
        step: no finer steps than this: they compress better.

    Returns:
        The array, with ``middle`` and ``step``: a value is ``middle + step * integer``, at most
        half a step off.
    """
    known = np.isfinite(values)
    bounded = np.clip(values, low, high, where=known, out=np.full(values.shape, np.nan))
    least, most = (
        (float(np.nanmin(bounded)), float(np.nanmax(bounded))) if known.any() else (0.0, 0.0)
    )
    middle, step = (least + most) / 2, max((most - least) / (2 * _STEPS), step, 1e-12)
    steps = np.round((np.where(known, bounded, middle) - middle) / step)
    integers = np.where(known, steps, MISSING).astype(np.int16)
    return {**pack_array(integers), "middle": middle, "step": step}


def pack_column(column: Sequence[Any] | pd.Series) -> dict[str, Any]:
    """Texts as numbers of the names that occur, in the order of their first occurrence."""
    codes, names = pd.factorize(np.asarray(column, dtype=object))
    kind = next(kind for kind in _CODES if len(names) <= np.iinfo(kind).max)
    return {"names": [str(name) for name in names], "codes": pack_array(codes.astype(kind))}


def pack_table(table: pd.DataFrame) -> dict[str, Any]:
    """Every column of ``table`` as `pack_column` has it, and the number of rows."""
    columns = {str(name): pack_column(table[name]) for name in table.columns}
    return {"rows": len(table), "columns": columns}


def compress(data: Mapping[str, Any] | bytes) -> str:
    """JSON-able ``data``, or bytes, as gzip in base64; equal data give equal text."""
    raw = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(raw, compresslevel=9, mtime=0)).decode()
