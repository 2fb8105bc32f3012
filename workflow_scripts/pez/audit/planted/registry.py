"""All kinds of planted networks, imported by name as claims are (`pez.audit.claims.registry`)."""

from pez.audit.planted.kinds import (
    abrupt_3,
    abrupt_8,
    abrupt_16,
    label_reuse,
    none,
    own_frames,
    patch_then_spread,
    position_shortcut,
    ramp,
    ring_plus_shear,
)
from pez.audit.planted.planted import PlantedKind

PLANTED_KINDS: tuple[PlantedKind, ...] = (
    abrupt_3.KIND,
    abrupt_8.KIND,
    abrupt_16.KIND,
    ramp.KIND,
    none.KIND,
    patch_then_spread.KIND,
    label_reuse.KIND,
    ring_plus_shear.KIND,
    position_shortcut.KIND,
    own_frames.KIND,
)
