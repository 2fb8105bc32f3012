"""Preprocessing keeps the pixel frame of the labels."""

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from encoder_samples import ball_frames
from pez.encoders.preprocess import MEAN, STD, build_transform, preprocess


def test_resize_of_a_clip_of_the_right_size_is_normalisation_alone():
    frames = ball_frames(clips=2, size=256, frames=2)
    pixels = preprocess(torch.from_numpy(frames), build_transform("resize", 256))
    expected = (frames / 255 - np.array(MEAN)) / np.array(STD)
    assert pixels.shape == (2, 2, 3, 256, 256) and pixels.dtype == torch.float32
    np.testing.assert_allclose(pixels.numpy(), np.moveaxis(expected, -1, 2), atol=2e-6)


def test_resize_goes_straight_to_the_input_size():
    frames = ball_frames(clips=1, size=64, frames=2)
    pixels = preprocess(torch.from_numpy(frames), build_transform("resize", 32))
    images = torch.from_numpy(frames).permute(0, 1, 4, 2, 3).float() / 255
    expected = torch.nn.functional.interpolate(
        images[0], size=(32, 32), mode="bilinear", antialias=True
    )
    torch.testing.assert_close(pixels[0], v2.functional.normalize(expected, MEAN, STD))


def test_eval_preproc_resizes_to_293_and_crops_256_in_the_centre():
    frames = np.zeros((1, 1, 256, 256, 3), np.uint8)
    frames[0, 0, 100:104, 200:204] = 255
    pixels = preprocess(torch.from_numpy(frames), build_transform("eval_preproc", 256))
    assert pixels.shape == (1, 1, 3, 256, 256)
    light = (pixels - pixels.amin())[0, 0, 0].double()
    grid = torch.arange(256, dtype=torch.float64)
    row = (light.sum(1) * grid).sum() / light.sum()
    column = (light.sum(0) * grid).sum() / light.sum()
    # Pixel centres: 101.5 and 201.5 scale by 293/256 about the corner, less half the margin of 37
    # (the crop starts at 18 or 19).
    assert abs(row - ((102 * 293 / 256) - 0.5 - 18.5)) < 0.6
    assert abs(column - ((202 * 293 / 256) - 0.5 - 18.5)) < 0.6


def test_eval_preproc_zooms_and_resize_does_not():
    """The processor of Hugging Face does the former to clips whose labels are pixel positions."""
    frames = torch.from_numpy(ball_frames(clips=1, size=256, frames=2))
    plain = preprocess(frames, build_transform("resize", 256))
    zoomed = preprocess(frames, build_transform("eval_preproc", 256))
    assert (plain - zoomed).abs().mean() > 0.05


@pytest.mark.parametrize("shape", [(64, 64), (256, 256), (100, 180), (300, 288)])
@pytest.mark.parametrize("name", ["resize", "eval_preproc"])
def test_the_transform_is_torchvisions_bit_for_bit(name, shape):
    images = torch.rand(3, 3, *shape, generator=torch.Generator().manual_seed(0))
    steps = {
        "resize": [v2.Resize((256, 256), antialias=True)],
        "eval_preproc": [v2.Resize(293, antialias=True), v2.CenterCrop(256)],
    }
    expected = v2.Compose([*steps[name], v2.Normalize(MEAN, STD)])(images)
    assert torch.equal(build_transform(name, 256)(images), expected)


def test_a_family_may_have_its_own_statistics():
    images = torch.full((1, 3, 8, 8), 0.75)
    pixels = build_transform("resize", 8, mean=(0.5, 0.25, 0.75), std=(0.5, 0.25, 1))(images)
    assert pixels[0, :, 0, 0].tolist() == [0.5, 2.0, 0.0]
