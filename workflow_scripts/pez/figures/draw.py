"""Build a figure from probe results on disk: picture, numbers, verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pez.emergence.curves import COLUMNS, Curve, read_curves
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.reference import REFERENCE_MODEL, References
from pez.emergence.report import judge, write_verdict
from pez.encoders.spec import UNTRAINED_SUFFIX
from pez.figures.captions import caption, panel_title, row_title
from pez.figures.figure2 import draw_figure2
from pez.figures.series import series_table
from pez.figures.spec import FigureSpec, FigureStyle
from pez.figures.style import save_figure, styled
from pez.probes.spec import ProbeSpec
from pez.runtime.atomic import atomic_path
from pez.runtime.errors import ArtifactError
from pez.runtime.tables import read_table


@dataclass(frozen=True)
class FigureFiles:
    """Where the parts of a figure go."""

    png: Path
    svg: Path
    csv: Path
    verdict_md: Path
    verdict_json: Path


def draw_figure(
    name: str,
    spec: FigureSpec,
    style: FigureStyle,
    results: Sequence[Path],
    probes: Mapping[str, ProbeSpec],
    models: Mapping[str, ModelFacts],
    clips: ClipsFacts,
    references: References,
    files: FigureFiles,
) -> None:
    """Draw figure ``name`` and write its parts.

    Args:
        name: name of the figure, for its verdict.
        spec: what it shows.
        style: how it looks.
        results: probe tables ``.../{model}/{probe}.parquet`` of every model of ``spec``, every
            control ``{model}_untrained``, and every probe.
        probes: recipe of every probe of ``spec``.
        models: facts of every model and control.
        clips: the clips in use.
        references: the reference tables.
        files: what is written.

    Raises:
        ArtifactError: a table is missing, damaged, of another model, or has no R2 of the
            selection "validation".
    """
    paths = {(path.parent.name, path.stem): path for path in results}
    curves = {
        model: {probe: _load(paths, model, probe, models) for probe in spec.probes}
        for model in spec.models
    }
    controls = {
        model: {
            probe: _load(paths, model + UNTRAINED_SUFFIX, probe, models) for probe in spec.probes
        }
        for model in spec.models
    }
    verdict = judge(name, curves, controls, probes, models, clips, references)
    drawn_references = {
        model: references.third_party
        for model in spec.models
        if model == REFERENCE_MODEL and models[model].source == "checkpoint"
    }
    table = series_table(curves, controls, probes, drawn_references)
    with styled(style):
        figure = draw_figure2(
            table,
            spec,
            style,
            {found.model: row_title(found, models[found.model]) for found in verdict.models},
            {probe: panel_title(spec, probe) for probe in spec.probes},
            caption(
                spec,
                probes,
                [models[model + UNTRAINED_SUFFIX] for model in spec.models],
                clips,
                has_nested="nested" in set(table["series"]),
            ),
        )
        save_figure(figure, files.png, files.svg)
    with atomic_path(files.csv) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")
    write_verdict(verdict, files.verdict_md, files.verdict_json)


def _load(
    paths: Mapping[tuple[str, str], Path],
    model: str,
    probe: str,
    models: Mapping[str, ModelFacts],
) -> dict[str, Curve]:
    if (model, probe) not in paths:
        raise ArtifactError(
            f"no result of probe {probe!r} on {model!r} among the inputs: "
            f"expected a path that ends in {model}/{probe}.parquet."
        )
    path = paths[model, probe]
    curves = read_curves(read_table(path, COLUMNS), models[model].layers, str(path))
    if "validation" not in curves:
        raise ArtifactError(
            f"{path} has no results of the selection 'validation', which figures draw: "
            f"add it to probes.{probe}.selections and run again."
        )
    return curves
