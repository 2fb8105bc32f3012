"""The page that all layer-curve figures share: title, sections of panel rows, legend, caption."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pez.figures.spec import FigureStyle
from pez.figures.style import MM_PER_INCH, SMALL, new_figure, text_width_mm, wrap

# Layout in millimetres.
_RIGHT, _GAP = 2.5, 4.0
_LEFT_PER_PT = 1.87  # room for the axis of scores, per point of the font
_MARGIN = 2.0  # of text, to the edge
_TITLE_PAD = 2.0  # above a panel
_AXIS_FOOT, _LABEL_FOOT, _ROW_GAP = 5.5, 4.0, 3.0
_INNER_FOOT = 0.5  # under a row whose layer axis is labelled further down
_LINE_PER_PT = 0.47  # height of a line of text per point of its size

_LEGEND_HANDLE, _LEGEND_SPACING = 2.4, 1.8  # in units of the font size


@dataclass(frozen=True)
class Panel:
    """One panel: its title, and what draws it into axes whose limits are set."""

    title: str
    draw: Callable[[Axes], None]


@dataclass(frozen=True)
class PanelRow:
    """Panels side by side, with one axis of scores.

    Attributes:
        panels: from left to right.
        label: of the score axis.
        limits: of the score axis.
        ticks: of the score axis.
        tick_labels: their labels; None for plain numbers.
    """

    panels: Sequence[Panel]
    label: str
    limits: tuple[float, float]
    ticks: Sequence[float]
    tick_labels: Sequence[str] | None = None


@dataclass(frozen=True)
class DepthAxis:
    """Ticks of the depth axis, which runs from 0, the patch embedding, to 1, the last block."""

    label: str
    ticks: Sequence[float]
    tick_labels: Sequence[str]

    @classmethod
    def of_states(cls, layers: int) -> "DepthAxis":
        """Depth of a network of ``layers`` blocks, in residual states."""
        states = sorted({round(quarter * layers / 4) for quarter in range(5)})
        label = f"residual state (0: patch embedding, {layers}: last block)"
        return cls(label, [state / layers for state in states], [str(state) for state in states])

    @classmethod
    def relative(cls) -> "DepthAxis":
        """Depth of several networks: the share of their blocks."""
        ticks = (0.0, 0.25, 0.5, 0.75, 1.0)
        return cls("depth (residual state / blocks)", ticks, [f"{tick:g}" for tick in ticks])


@dataclass(frozen=True)
class Section:
    """Rows of panels under a heading; the depth axis is labelled under the last row."""

    heading: str
    rows: Sequence[PanelRow]
    depth: DepthAxis


@dataclass(frozen=True)
class Page:
    """A whole figure in words and drawing functions."""

    title: str
    sections: Sequence[Section]
    legend: Sequence[Line2D]
    caption: str
    panel_height_mm: float


def draw_page(page: Page, style: FigureStyle) -> Figure:
    """Draw ``page``: as wide as a column of text for one panel, as the page for more.

    Its height follows from what is on it. Call inside `pez.figures.style.styled`.
    """
    most = max(len(row.panels) for section in page.sections for row in section.rows)
    width = style.page_mm if most > 1 else style.column_mm
    line = style.font_pt * _LINE_PER_PT
    small = style.font_pt * SMALL
    usable = width - 2 * _MARGIN
    title = wrap(page.title, usable, style.font_pt * 1.15, weight="bold")
    headings = [wrap(section.heading, usable, style.font_pt) for section in page.sections]
    text = wrap(page.caption, usable, small) if style.captions else []
    columns, labels = legend_layout(page.legend, usable, small)
    lines = max(1, -(-sum(label.count("\n") + 1 for label in labels) // columns))
    legend_height = lines * line * 1.1

    title_height = 2.0 + line * 1.25 * len(title)
    heights = [
        line * len(heading)
        + sum(_row_height(page, section, row, width, style) for row in section.rows)
        for section, heading in zip(page.sections, headings, strict=True)
    ]
    foot = _LABEL_FOOT + legend_height + 3.0 + len(text) * line * SMALL + 1.5
    height = title_height + sum(heights) + _ROW_GAP * (len(heights) - 1) + foot
    figure = new_figure(width, height, style)

    write(figure, _MARGIN, 1.5, "\n".join(title), style.font_pt * 1.15, weight="bold")
    top = title_height
    for section, heading, taken in zip(page.sections, headings, heights, strict=True):
        write(figure, _MARGIN, top + 0.5, "\n".join(heading), style.font_pt)
        row_top = top + line * len(heading)
        for row in section.rows:
            _draw_row(figure, row_top, page, section, row, style)
            row_top += _row_height(page, section, row, width, style)
        top += taken + _ROW_GAP
    last = page.sections[-1]
    for axes in figure.axes[-len(last.rows[-1].panels) :]:
        axes.set_xlabel(_depth_label(last, width, style), labelpad=1.5)
    top += _LABEL_FOOT - _ROW_GAP
    draw_legend(figure, top, page.legend, labels, columns)
    top += legend_height + 3.0
    write(figure, _MARGIN, top, "\n".join(text), small, colour="#333333")
    return figure


def _depth_label(section: Section, width: float, style: FigureStyle) -> str:
    """The label of the depth axis, without its explanation where a panel is too narrow for it."""
    row, label = section.rows[-1], section.depth.label
    if text_width_mm(label, style.font_pt) > _panel_width(row, width, style) + _GAP / 2:
        label = label.partition(" (")[0]
    return label


def _panel_width(row: PanelRow, width: float, style: FigureStyle) -> float:
    count = len(row.panels)
    return (width - _LEFT_PER_PT * style.font_pt - _RIGHT - _GAP * (count - 1)) / count


def _panel_titles(row: PanelRow, width: float, style: FigureStyle) -> list[list[str]]:
    """Lines of every panel's title; a title may reach into the gap beside its panel."""
    usable = _panel_width(row, width, style) + _GAP / 2
    return [wrap(panel.title, usable, style.font_pt, weight="bold") for panel in row.panels]


def _row_height(
    page: Page, section: Section, row: PanelRow, width: float, style: FigureStyle
) -> float:
    foot = _AXIS_FOOT if row is section.rows[-1] else _INNER_FOOT
    return _title_height(row, width, style) + page.panel_height_mm + foot


def _title_height(row: PanelRow, width: float, style: FigureStyle) -> float:
    lines = max(len(title) for title in _panel_titles(row, width, style))
    return lines * style.font_pt * _LINE_PER_PT + _TITLE_PAD


def _draw_row(
    figure: Figure,
    top_mm: float,
    page: Page,
    section: Section,
    row: PanelRow,
    style: FigureStyle,
) -> None:
    width, height = figure.get_size_inches() * MM_PER_INCH
    left, panel = _LEFT_PER_PT * style.font_pt, _panel_width(row, width, style)
    titles = _panel_titles(row, width, style)
    foot = top_mm + _title_height(row, width, style) + page.panel_height_mm
    for index, (content, title) in enumerate(zip(row.panels, titles, strict=True)):
        axes = figure.add_axes(
            (
                (left + index * (panel + _GAP)) / width,
                1 - foot / height,
                panel / width,
                page.panel_height_mm / height,
            )
        )
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(*row.limits)
        axes.set_xticks(section.depth.ticks, section.depth.tick_labels)
        axes.set_yticks(row.ticks, row.tick_labels)
        axes.set_title("\n".join(title), loc="left", fontweight="bold", pad=3.0, linespacing=1.25)
        axes.tick_params(labelleft=index == 0, labelbottom=row is section.rows[-1])
        if index == 0:
            label = wrap(row.label, page.panel_height_mm, style.font_pt)
            axes.set_ylabel("\n".join(label), labelpad=2.0)
        content.draw(axes)


def legend_layout(
    handles: Sequence[Line2D], width_mm: float, font_pt: float
) -> tuple[int, list[str]]:
    """Three columns, or as many as fit; and the labels, broken into lines if not even one fits."""
    em = font_pt / 72 * MM_PER_INCH
    labels = [str(handle.get_label()) for handle in handles]
    beside = (_LEGEND_HANDLE + 0.8 + _LEGEND_SPACING) * em  # 0.8: handle to label
    widest = max(text_width_mm(label, font_pt) for label in labels)
    columns = max(1, min(3, int(width_mm / (widest + beside))))
    if columns == 1:
        labels = ["\n".join(wrap(label, width_mm - beside, font_pt)) for label in labels]
    return columns, labels


def draw_legend(
    figure: Figure, top_mm: float, handles: Sequence[Line2D], labels: Sequence[str], columns: int
) -> None:
    """Put a legend into ``figure``, its upper edge ``top_mm`` below the figure's."""
    height = figure.get_figheight() * MM_PER_INCH
    figure.legend(
        handles=handles,
        labels=labels,
        loc="upper center",
        bbox_to_anchor=(0.5, 1 - top_mm / height),
        ncol=columns,
        columnspacing=_LEGEND_SPACING,
        handlelength=_LEGEND_HANDLE,
        labelspacing=0.35,
        borderpad=0.2,
    )


def write(
    figure: Figure,
    left_mm: float,
    top_mm: float,
    text: str,
    size: float,
    weight: str = "normal",
    colour: str = "black",
) -> None:
    """Write ``text`` into ``figure`` from the point ``left_mm`` and ``top_mm`` on."""
    width, height = figure.get_size_inches() * MM_PER_INCH
    figure.text(
        left_mm / width,
        1 - top_mm / height,
        text,
        fontsize=size,
        fontweight=weight,
        color=colour,
        va="top",
        linespacing=1.25,
        parse_math=False,
    )
