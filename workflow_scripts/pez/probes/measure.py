"""A recipe measured on the features of one network, as evidence."""

import pandas as pd

from pez.clips.visibility import note_out_of_view
from pez.evidence.schema import Measured, as_evidence
from pez.probes.inputs import ProbeInputs
from pez.probes.run import run_probe
from pez.recipes.recipe import Recipe


def measure(
    recipe: Recipe,
    inputs: ProbeInputs,
    measured: Measured,
    width: int | None,
    device: str,
    threads: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit ``recipe`` to every layer.

    Args:
        recipe: what is asked, and how.
        inputs: features and labels.
        measured: whose features they are.
        width: features of a token, for an attentive solver.
        device: "cpu" or "cuda".
        threads: see `pez.probes.run.run_probe`.

    Returns:
        Evidence (`pez.evidence.schema`), and out-of-fold predictions.

    Raises:
        ArtifactError: features or labels are not what they should be.
        ConfigError: more folds than groups.
    """
    spec, store = recipe.spec, inputs.store
    results, predictions = run_probe(
        name=recipe.name,
        spec=spec,
        solver=recipe.solver,
        load_layer=lambda layer: store.features(layer, spec.capture, spec.pooling),
        layers=store.depth,
        labels=inputs.labels,
        device=device,
        threads=threads,
        width=width,
        load_shards=lambda layer: store.pooled_shards(layer, spec.capture, spec.pooling),
        load_patches=lambda layer: store.patch_shards(layer, spec.capture, spec.pooling),
    )
    note_out_of_view(results, inputs.labels)
    return (
        as_evidence(results, measured, recipe.probe, recipe.protocol, spec.capture),
        predictions,
    )
