"""The dark theme keeps hues and turns lightness over; overlays for talks and papers are valid."""

from colorsys import rgb_to_hls
from pathlib import Path

import numpy as np
import pytest
import yaml
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from conftest import CHECKOUT
from pez.figures.spec import FigureColours, FigureStyle
from pez.figures.style import new_figure, save_figure, styled
from pez.figures.theme import GROUND, dark

DARK = FigureStyle(theme="dark", dpi=60)


def luminance(colour: object) -> float:
    """Relative luminance as WCAG defines it."""
    values = np.array(to_rgb(colour))
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def contrast(colour: object) -> float:
    """Contrast of ``colour`` with the dark ground."""
    one, other = sorted((luminance(colour), luminance(dark("white")[:3])))
    return (other + 0.05) / (one + 0.05)


def test_white_becomes_the_ground_and_black_white() -> None:
    assert dark("white") == pytest.approx((GROUND, GROUND, GROUND, 1))
    assert dark("black") == pytest.approx((1, 1, 1, 1))
    assert dark((0, 0, 0, 0.2))[3] == 0.2


@pytest.mark.parametrize("colour", [*FigureColours().curves, FigureColours().pez])
def test_curves_keep_their_hue_and_stand_out(colour: str) -> None:
    turned = dark(colour)[:3]
    assert rgb_to_hls(*turned)[0] == pytest.approx(rgb_to_hls(*to_rgb(colour))[0])
    assert contrast(turned) > 4.5


def drawn() -> Figure:
    figure = new_figure(80, 60, DARK)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#0072B2", marker="o", label="line")
    axes.fill_between([0, 1], 0, 1, color="#D55E00", alpha=0.2)
    axes.imshow(np.eye(2), cmap="viridis")
    axes.scatter([0], [1], c=[0.5], cmap="viridis")
    axes.set_title("title")
    return figure


def test_everything_is_turned_once(tmp_path: Path) -> None:
    paths = [tmp_path / f"f.{kind}" for kind in ("png", "svg", "pdf")]
    with styled(DARK):
        light, figure = drawn(), drawn()
        save_figure(figure, *paths, "a line", DARK)
    axes, (line,) = figure.axes[0], figure.axes[0].lines
    assert to_rgb(figure.get_facecolor()) == to_rgb(axes.get_facecolor()) == dark("white")[:3]
    for colour in (line.get_color(), line.get_markerfacecolor(), line.get_markeredgecolor()):
        assert to_rgb(colour) == pytest.approx(dark("#0072B2")[:3])
    band, mapped = axes.collections
    assert band.get_facecolor()[0] == pytest.approx((*dark("#D55E00")[:3], 0.2))
    np.testing.assert_array_equal(
        mapped.to_rgba(mapped.get_array()),
        light.axes[0].collections[1].to_rgba(mapped.get_array()),
    )
    for text in (axes.title, *axes.get_xticklabels(), *axes.get_yticklabels()):
        assert contrast(text.get_color()) > 4.5
    assert all(contrast(spine.get_edgecolor()) > 4.5 for spine in axes.spines.values())


@pytest.mark.parametrize("name", ["slides", "column"])
def test_overlays_are_styles_and_nothing_else(name: str) -> None:
    overlay = yaml.safe_load((CHECKOUT / f"configs/{name}.yaml").read_text())
    assert list(overlay) == ["figure_style"]
    assert FigureStyle.model_validate(overlay["figure_style"]) != FigureStyle()
