"""Ray casting of balls on a floor in a few tensor operations, many clips at a time.

Not Blender: no bounced light, no sampling noise. It draws what a network has to see to learn how
balls move, thousands of clips a second on one GPU, where Blender takes a second a clip. Geometry
and signs are those of `pez.clips.geometry`: world x right, y up in the picture, z towards the
camera, metres; image y down.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from pez.encoders.preprocess import MEAN, STD

FRAME_PIXELS = 256  # side of a whole frame; a window is cut out of it
GAMMA = 2.2  # sRGB's curve, near enough


class Scenes(NamedTuple):
    """A batch of B clips of T frames with N balls each; float32, metres unless said otherwise.

    Colours are sRGB in 0..1. Light levels are relative: sun 1 with ambient 0 shows a floor in its
    own colour.
    """

    position: Tensor  # [B, N, T, 3] centres of the balls
    radius: Tensor  # [B, N]; 0 is no ball
    ball_colour: Tensor  # [B, N, 3]
    gloss: Tensor  # [B, N] strength of the highlight, 0 is matt
    camera: Tensor  # [B, T, 3]; it looks straight down
    pixels_per_metre: Tensor  # [B] on the floor, in a whole frame
    to_light: Tensor  # [B, 3] unit vector
    sun: Tensor  # [B]
    ambient: Tensor  # [B]
    penumbra: Tensor  # [B] width of the shadow's soft edge
    floor_colour: Tensor  # [B, 3]
    wave_vector: Tensor  # [B, K, 2] radians per metre
    wave_phase: Tensor  # [B, K] radians
    wave_colour: Tensor  # [B, K, 3] change of the floor's colour at a crest
    wave_edge: Tensor  # [B, K] 0 is a sine, large a sharp stripe
    origin: Tensor  # [B, 2] row and column of the window in the frame, pixels


def render(scenes: Scenes, size: int) -> Tensor:
    """Draw the window of side ``size`` pixels of every clip.

    Returns:
        float32 [B, T, 3, size, size], sRGB in 0..1.
    """
    right, down = _pixel_offsets(scenes, size)
    scale = scenes.pixels_per_metre[:, None, None, None]
    across, up = right / scale, -down / scale  # of the floor point, from the camera's foot
    height = scenes.camera[:, :, 2, None, None]
    floor_x = scenes.camera[:, :, 0, None, None] + across
    floor_y = scenes.camera[:, :, 1, None, None] + up
    length = torch.sqrt(across**2 + up**2 + height**2)
    ray = (across / length, up / length, -height / length)

    lit, open_sky = torch.ones_like(floor_x), torch.ones_like(floor_x)
    for ball in range(scenes.radius.shape[1]):
        shadow, occlusion = _shadow(scenes, ball, floor_x, floor_y)
        lit, open_sky = lit * (1 - shadow), open_sky * (1 - occlusion)
    sun, ambient = _per_clip(scenes.sun), _per_clip(scenes.ambient)
    floor_light = sun * lit + ambient * open_sky
    channels = [
        floor_light * _floor_channel(scenes, floor_x, floor_y, channel) ** GAMMA
        for channel in range(3)
    ]
    for ball in range(scenes.radius.shape[1]):
        cover, light, highlight = _ball(scenes, ball, ray)
        for channel in range(3):
            albedo = _per_clip(scenes.ball_colour[:, ball, channel]) ** GAMMA
            shaded = albedo * light + highlight
            channels[channel] = torch.lerp(channels[channel], shaded, cover)
    return torch.stack([c.clamp(0, 1) ** (1 / GAMMA) for c in channels], dim=2)


def render_normalised(scenes: Scenes, size: int) -> Tensor:
    """Draw and normalise as `pez.encoders.preprocess` does: float32 [B, T, 3, size, size]."""
    frames = render(scenes, size)
    mean, std = (frames.new_tensor(values)[:, None, None] for values in (MEAN, STD))
    return (frames - mean) / std


def project_to_window(scenes: Scenes) -> Tensor:
    """Image points of the balls' centres in the window: [B, N, T, 2], x right, y down, pixels."""
    offset = scenes.position - scenes.camera[:, None]
    focal = (scenes.pixels_per_metre[:, None] * scenes.camera[..., 2])[:, None]
    scale = focal / -offset[..., 2]
    row, column = scenes.origin[:, 0, None, None], scenes.origin[:, 1, None, None]
    x = FRAME_PIXELS / 2 + scale * offset[..., 0] - column
    y = FRAME_PIXELS / 2 - scale * offset[..., 1] - row
    return torch.stack([x, y], dim=-1)


def _pixel_offsets(scenes: Scenes, size: int) -> tuple[Tensor, Tensor]:
    """Pixels right of and below the middle of the whole frame: [B, 1, 1, size], [B, 1, size, 1]."""
    centre = torch.arange(size, device=scenes.radius.device) + (0.5 - FRAME_PIXELS / 2)
    down = scenes.origin[:, 0, None] + centre
    right = scenes.origin[:, 1, None] + centre
    return right[:, None, None, :], down[:, None, :, None]


def _per_clip(values: Tensor) -> Tensor:
    return values[:, None, None, None]


def _floor_channel(scenes: Scenes, x: Tensor, y: Tensor, channel: int) -> Tensor:
    """Colour of the floor at world points x, y: the base colour and a sum of waves."""
    colour = _per_clip(scenes.floor_colour[:, channel]).expand_as(x)
    for wave in range(scenes.wave_phase.shape[1]):
        kx, ky = (_per_clip(scenes.wave_vector[:, wave, axis]) for axis in (0, 1))
        crest = torch.sin(kx * x + ky * y + _per_clip(scenes.wave_phase[:, wave]))
        edge = 1 + _per_clip(scenes.wave_edge[:, wave])
        crest = (crest * edge).clamp(-1, 1)
        colour = colour + _per_clip(scenes.wave_colour[:, wave, channel]) * crest
    return colour.clamp(0.02, 1)


def _shadow(scenes: Scenes, ball: int, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Shares of sunlight and of ambient light that a ball keeps from the floor points x, y.

    Ambient light by the form factor of a sphere seen from a horizontal surface, (r/D)^2 z/D.
    """
    radius = _per_clip(scenes.radius[:, ball])
    centre = scenes.position[:, ball, :, :, None, None]
    dx, dy, dz = centre[:, :, 0] - x, centre[:, :, 1] - y, centre[:, :, 2]
    light = [_per_clip(scenes.to_light[:, axis]) for axis in range(3)]
    along = dx * light[0] + dy * light[1] + dz * light[2]
    squared = dx**2 + dy**2 + dz**2
    miss = torch.sqrt((squared - along**2).clamp(min=1e-9))  # from the centre to the ray of light
    share = ((radius - miss) / _per_clip(scenes.penumbra) + 0.5).clamp(0, 1)
    present = (radius > 0).to(share.dtype)
    occlusion = (radius**2 * dz * squared.clamp(min=1e-9) ** -1.5).clamp(0, 1)
    return share * present, occlusion * present


def _ball(scenes: Scenes, ball: int, ray: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, ...]:
    """How much of every pixel a ball covers, the light on it there, and its highlight."""
    radius = _per_clip(scenes.radius[:, ball])
    offset = (scenes.position[:, ball] - scenes.camera)[..., None, None]  # from the camera
    cx, cy, cz = offset[:, :, 0], offset[:, :, 1], offset[:, :, 2]
    along = cx * ray[0] + cy * ray[1] + cz * ray[2]
    squared = (cx**2 + cy**2 + cz**2 - along**2).clamp(min=1e-9)
    miss = torch.sqrt(squared)  # from the centre to the ray
    focal = _per_clip(scenes.pixels_per_metre) * scenes.camera[:, :, 2, None, None]
    cover = ((radius - miss) * focal / -cz + 0.5).clamp(0, 1) * (radius > 0)
    depth = along - torch.sqrt((radius**2 - squared).clamp(min=0))
    inverse = 1 / radius.clamp(min=1e-3)
    # clamped, for the ray that misses the ball has no normal, and its value is not used
    normal = [
        ((depth * r - c) * inverse).clamp(-1, 1) for r, c in zip(ray, (cx, cy, cz), strict=True)
    ]
    light = [_per_clip(scenes.to_light[:, axis]) for axis in range(3)]
    facing = sum((n * lt for n, lt in zip(normal, light, strict=True)), torch.zeros_like(along))
    # sun is the light that falls on the floor; what falls on the ball is that over its cosine
    sun = _per_clip(scenes.sun) / light[2]
    sky = 0.5 + 0.5 * normal[2]
    brightness = sun * facing.clamp(min=0) + _per_clip(scenes.ambient) * sky
    mirrored = 2 * facing * normal[2] - light[2]  # the camera is nearly straight above
    highlight = _per_clip(scenes.gloss[:, ball]) * mirrored.clamp(0, 1) ** 24 * (facing > 0)
    return cover, brightness, highlight
