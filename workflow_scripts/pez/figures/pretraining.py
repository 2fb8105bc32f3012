"""How a pre-training went: loss, spread of the target features, and learning rate by step."""

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from pez.figures.draw import FigureFiles
from pez.figures.spec import FigureStyle
from pez.figures.style import new_figure, save_figure, styled
from pez.runtime.atomic import atomic_path
from pez.runtime.tables import read_table

# column of the log, what its panel says
PANELS = {
    "loss": "Loss: mean |prediction - target|",
    "spread": "Spread of raw target features over clips",
    "learning_rate": "Learning rate",
}
COLUMNS = ("step", "window", *PANELS)


def draw_pretraining(log: Path, style: FigureStyle, files: FigureFiles) -> None:
    """Draw the log of a pre-training, one panel a quantity, and write what is drawn as CSV.

    Steps that see windows of another size (another loss, therefore) stand on a shaded ground.

    Raises:
        ArtifactError: the log is missing, damaged, or lacks a column.
    """
    table = read_table(log, COLUMNS)[list(COLUMNS)]
    with styled(style):
        height = len(PANELS) * style.panel_height_mm * 0.7 + 8
        figure = new_figure(style.page_mm, height, style)
        panels = figure.subplots(len(PANELS), 1, sharex=True)
        for axes, (column, title) in zip(panels, PANELS.items(), strict=True):
            axes.plot(table["step"], table[column], color=style.colours.curves[0], linewidth=0.9)
            axes.set_title(title, loc="left")
            axes.set_ylim(bottom=0)
            _shade_windows(axes, table)
        windows = ", then ".join(f"{window} px" for window in table["window"].unique())
        panels[-1].set_xlabel(f"Step (windows of {windows}; every other phase shaded)")
        panels[-1].set_xlim(0, table["step"].max())
        figure.set_layout_engine("constrained")
        description = f"pretraining: {', '.join(PANELS.values())} by step"
        save_figure(figure, files.png, files.svg, files.pdf, description, style)
    with atomic_path(files.csv) as temporary:
        table.to_csv(temporary, index=False)


def _shade_windows(axes: Axes, table: pd.DataFrame) -> None:
    """Shade every other phase."""
    for number, (_, part) in enumerate(table.groupby("window", sort=False)):
        if number % 2:
            axes.axvspan(part["step"].min(), part["step"].max(), color="#EFEFEF", zorder=0, lw=0)
