"""sRGB colours (as configured, as stored in the frames) and linear light (as Blender computes)."""

import numpy as np


def linear_from_srgb(colour: np.ndarray | tuple[float, ...]) -> np.ndarray:
    """Decode sRGB values in [0, 1] to linear light in [0, 1] (IEC 61966-2-1)."""
    value = np.asarray(colour, dtype=np.float64)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lit_srgb(colour: np.ndarray, light: np.ndarray | float = 1.0) -> np.ndarray:
    """Return the sRGB value in [0, 1] that a surface of sRGB ``colour`` shows under ``light``.

    ``light`` is relative: 1 is full light, in which the surface shows its own colour; beyond
    white the value clips.
    """
    linear = np.clip(linear_from_srgb(colour) * light, 0.0, 1.0)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
