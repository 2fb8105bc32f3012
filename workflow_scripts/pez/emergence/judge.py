"""From evidence on disk to the curves and the verdict of a figure."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from pez.controls.control import Variant
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.figure_evidence import FigureEvidence
from pez.emergence.figure_verdict import judge
from pez.emergence.reference import References
from pez.emergence.series import drawn_references, in_order
from pez.emergence.verdict_page import write_verdict
from pez.emergence.visibility import read_out_of_view
from pez.evidence.agreement import check_results
from pez.evidence.read import open_evidence
from pez.recipes.recipe import Recipe
from pez.runtime.tables import write_table


def read_figure_evidence(
    results: Sequence[Path],
    figure: str,
    title: str,
    models: Sequence[str],
    recipes: Mapping[str, Recipe],
    metrics: Sequence[str],
    subsets: Sequence[str],
    controls: Sequence[Variant],
    networks: Mapping[str, ModelFacts],
) -> FigureEvidence:
    """Open the tables ``.../{network}/{fit}.parquet``; the rest is as `FigureEvidence` has it.

    Raises:
        ArtifactError: a table is missing, damaged, of another model, recipe or dataset, or two of
            them do not belong together.
    """
    check_results(results, recipes, controls)
    tables = {
        (path.parent.name, path.stem): open_evidence(path, networks[path.parent.name].layers)
        for path in results
    }
    return FigureEvidence(
        figure=figure,
        title=title,
        models=models,
        recipes=list(recipes.values()),
        metrics=metrics,
        subsets=subsets,
        controls=controls,
        networks=networks,
        tables=tables,
    )


def judge_figure(
    kind: str,
    evidence: FigureEvidence,
    clips: ClipsFacts,
    references: References,
    series: Path | str,
    markdown: Path,
    json: Path,
) -> None:
    """Write the curves of a figure of ``kind`` to ``series``, its verdict as page and for machines.

    Raises:
        ArtifactError: a table lacks what is judged.
    """
    fields = {recipe.name: recipe.fields() for recipe in evidence.recipes}
    told = read_out_of_view(evidence.tables.values(), fields)
    seen = {"out_of_view": {**clips.out_of_view, **told}}
    readouts = {model: evidence.readouts(model) for model in evidence.models}
    of_kind = import_module(f"pez.emergence.kinds.{kind}")
    remarks = {model: of_kind.remarks(evidence, model) for model in evidence.models}
    verdict = judge(evidence, readouts, remarks, clips.model_copy(update=seen), references)
    parts = [
        part
        for found in verdict.models
        for part in of_kind.series(
            evidence, found.model, readouts[found.model], drawn_references(found, references)
        )
    ]
    write_table(series, in_order(parts), {"figure": evidence.figure, "recipes": fields})
    write_verdict(verdict, markdown, json)
