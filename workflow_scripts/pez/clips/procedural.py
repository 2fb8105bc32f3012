"""Random scenes of moving balls for pre-training, drawn from one seeded generator.

Every scene is a fixed function of `DRAWS` uniform numbers, so that a batch costs one call of the
random generator and the rest compiles. The ranges cover the clips on which the encoder is
evaluated later (one plain 0.3 m ball on a plain floor under a camera at 10 m that sees 8 m; 1.3 to
9.3 pixels a frame, or from rest under 2 to 10 m/s2, which is 0.11 to 0.56 pixels a frame^2)
without ever being them: number, size, colour and gloss of the balls, floor, light and camera are
drawn afresh for every clip.
"""

import math

import torch
from torch import Tensor

from pez.clips.ray_cast import FRAME_PIXELS, Scenes

BALLS = 4
WAVES = 3
FRAMES = 16
PATCH_PIXELS = 16

# Uniform numbers of a scene: some of its own, some for every ball, some for every wave.
_SCENE_DRAWS, _BALL_DRAWS, _WAVE_DRAWS = 18, 13, 8
DRAWS = _SCENE_DRAWS + BALLS * _BALL_DRAWS + WAVES * _WAVE_DRAWS

# Ranges. Pixels are those of a whole frame of 256.
PIXELS_PER_METRE = (24.0, 44.0)
CAMERA_HEIGHT_M = (6.0, 16.0)
RADIUS_M = (0.15, 0.6)
SPEED_PX = (0.5, 12.0)  # per frame
ACCELERATION_PX = (0.05, 0.9)  # per frame^2
PAN_PX = (0.1, 2.0)  # per frame
STILL_CAMERA = 0.6  # shares of the clips, of the floors and of the balls
PLAIN_FLOOR = 0.15
FROM_REST, CONSTANT_VELOCITY, CURVED, AT_REST = 0.25, 0.5, 0.2, 0.05


def draw_scenes(clips: int, size: int, generator: torch.Generator) -> Scenes:
    """Draw ``clips`` scenes whose windows of ``size`` pixels lie on the grid of 16-pixel patches.

    The same generator state gives the same scenes on one kind of device.
    """
    draws = torch.rand(clips, DRAWS, generator=generator, device=generator.device)
    return scenes_from_draws(draws, size)


def scenes_from_draws(draws: Tensor, size: int) -> Scenes:
    """Turn uniform numbers [B, DRAWS] in [0, 1) into scenes, one a row."""
    own, balls, waves = draws.split([_SCENE_DRAWS, BALLS * _BALL_DRAWS, WAVES * _WAVE_DRAWS], dim=1)
    balls, waves = balls.unflatten(1, (BALLS, -1)), waves.unflatten(1, (WAVES, -1))
    places = (FRAME_PIXELS - size) // PATCH_PIXELS + 1
    origin = (own[:, 0:2] * places).floor() * PATCH_PIXELS
    scale = _log_uniform(own[:, 2], *PIXELS_PER_METRE)
    camera = _camera(own[:, 3:6], scale)
    radius = _radius(own[:, 6], balls[..., 0])
    sun_share = _uniform(own[:, 7], 0.5, 0.95)
    light = _uniform(own[:, 8], 0.7, 1.2)
    waviness = _uniform(own[:, 9], 0.1, 0.5) * (own[:, 10] >= PLAIN_FLOOR)
    floor = 0.15 + 0.7 * (0.5 * own[:, 11, None] + 0.5 * own[:, 12:15])
    wavelength_m = _log_uniform(waves[..., 0], 0.25, 6.0)
    bearing = 2 * math.pi * waves[..., 1]
    return Scenes(
        position=_positions(balls, radius, camera, scale, origin, size),
        radius=radius,
        ball_colour=_uniform(balls[..., 1:4], 0.03, 0.97),
        gloss=((balls[..., 4] - 0.5) * 1.2).clamp(min=0),
        camera=camera,
        pixels_per_metre=scale,
        to_light=_to_light(own[:, 15], own[:, 16]),
        sun=light * sun_share,
        ambient=light * (1 - sun_share),
        penumbra=_log_uniform(own[:, 17], 0.03, 0.3),
        floor_colour=floor,
        wave_vector=(2 * math.pi / wavelength_m)[..., None] * _unit(bearing),
        wave_phase=2 * math.pi * waves[..., 2],
        wave_colour=waviness[:, None, None]
        * (waves[..., 3:4] - 0.5)
        * _uniform(waves[..., 4:7], 0.6, 1.0),
        wave_edge=8 * (waves[..., 7] - 0.6).clamp(min=0),
        origin=origin,
    )


def _uniform(draw: Tensor, low: float, high: float) -> Tensor:
    return low + (high - low) * draw


def _log_uniform(draw: Tensor, low: float, high: float) -> Tensor:
    return low * torch.exp(math.log(high / low) * draw)


def _unit(angle: Tensor) -> Tensor:
    return torch.stack([torch.cos(angle), torch.sin(angle)], dim=-1)


def _to_light(bearing: Tensor, height: Tensor) -> Tensor:
    """Unit vectors [B, 3] to the light, 0 to 55 degrees off the vertical."""
    tilt = math.radians(55) * torch.sqrt(height)
    flat = torch.sin(tilt)[:, None] * _unit(2 * math.pi * bearing)
    return torch.cat([flat, torch.cos(tilt)[:, None]], dim=1)


def _camera(draws: Tensor, scale: Tensor) -> Tensor:
    """Paths [B, T, 3] of the camera: still, or gliding at constant speed, level."""
    frames = torch.arange(FRAMES, device=draws.device) - (FRAMES - 1) / 2
    moving = (draws[:, 0] > STILL_CAMERA).float()
    # what is left of the same number, stretched over 0..1 again, draws the speed
    stretched = ((draws[:, 0] - STILL_CAMERA) / (1 - STILL_CAMERA)).clamp(min=0)
    speed = moving * _log_uniform(stretched, *PAN_PX) / scale
    path = speed[:, None, None] * _unit(2 * math.pi * draws[:, 1])[:, None] * frames[:, None]
    height = _log_uniform(draws[:, 2], *CAMERA_HEIGHT_M)[:, None, None]
    return torch.cat([path, height.expand(-1, FRAMES, 1)], dim=-1)


def _radius(count_draw: Tensor, draws: Tensor) -> Tensor:
    """Radii [B, N]: the first 1 to N balls of a clip exist, the others have radius 0."""
    count = 1 + (count_draw * BALLS).floor()
    exists = torch.arange(BALLS, device=draws.device) < count[:, None]
    return _log_uniform(draws, *RADIUS_M) * exists


def _positions(
    balls: Tensor, radius: Tensor, camera: Tensor, scale: Tensor, origin: Tensor, size: int
) -> Tensor:
    """Centres [B, N, T, 3]: on the floor, in the window at a random frame of the clip.

    A ball from rest is in the window at frame 0, so that most of its way can be seen.
    """
    frames = torch.arange(FRAMES, device=balls.device, dtype=balls.dtype)
    kind = balls[..., 5]
    rest = kind < FROM_REST
    steady = (kind >= FROM_REST) & (kind < FROM_REST + CONSTANT_VELOCITY)
    still = kind >= FROM_REST + CONSTANT_VELOCITY + CURVED
    speed = _log_uniform(balls[..., 6], *SPEED_PX) * ~(rest | still)
    push = _log_uniform(balls[..., 7], *ACCELERATION_PX) * ~(steady | still)
    velocity = speed[..., None] * _unit(2 * math.pi * balls[..., 8])
    acceleration = push[..., None] * _unit(2 * math.pi * balls[..., 9])
    key_frame = (FRAMES - 1) * balls[..., 10] * ~rest
    travelled = _travel(velocity, acceleration, frames)
    travelled = travelled - _travel(velocity, acceleration, key_frame[..., None])
    key_pixel = size * _uniform(balls[..., 11:13], 0.05, 0.95) + origin[:, None].flip(-1)
    start = (key_pixel - FRAME_PIXELS / 2) * balls.new_tensor([1.0, -1.0])
    flat = (start[:, :, None] + travelled) / scale[:, None, None, None]
    # pixels per metre hold on the floor; the ball's middle is a little nearer to the camera
    shrink = 1 - radius / camera[:, :1, 2]
    height = radius[..., None, None].expand(-1, -1, FRAMES, -1)
    return torch.cat([flat * shrink[..., None, None], height], dim=-1)


def _travel(velocity: Tensor, acceleration: Tensor, time: Tensor) -> Tensor:
    """Pixels [B, N, T, 2] travelled since frame 0 at times [T] or [B, N, 1] in frames."""
    time = time[..., None]
    return velocity[:, :, None] * time + 0.5 * acceleration[:, :, None] * time**2
