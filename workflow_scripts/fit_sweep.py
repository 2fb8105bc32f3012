"""Measure the recipes of a sweep on one network and dataset (rule fit_sweep)."""

from functools import partial
from pathlib import Path

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the device and the number of threads that torch sees.
        from pez.evidence.schema import Measured
        from pez.fingerprint import CodeBase
        from pez.probes.inputs import open_inputs
        from pez.probes.measure import measure
        from pez.probes.sweep_cells import cells_of, gather_cells
        from pez.recipes.recipe import Recipe
        from pez.recipes.spec import read_solver
        from pez.recipes.sweep import expand
        from pez.runtime.tables import write_table

        params, files, network = snakemake.params.sweep, snakemake.input, snakemake.wildcards.model
        dataset = snakemake.wildcards.dataset
        recipes = expand(
            [Recipe.from_params(recipe) for recipe in params["recipes"]],
            params["axes"],
            {name: read_solver(solver) for name, solver in params["solvers"].items()},
        )
        cells = cells_of(
            (recipe for recipe in recipes if recipe.spec.dataset == dataset),
            [(name, seed) for name, seeds in params["labels"].items() for seed in seeds],
            network,
            snakemake.params.made["inputs"],
            CodeBase(choices=snakemake.params.choices),
        )
        inputs = open_inputs(
            files.labels,
            list(files.features),
            files.weights or None,
            dataset,
            params["layers"],
            params["replaced"],
        )

        measuring = partial(
            measure,
            inputs=inputs,
            width=params["width"],
            device=run.device,
            threads=run.threads,
        )
        whose = Measured(network, **params["measured"])
        table = gather_cells(cells, Path(snakemake.params.cells), whose, measuring)
        write_table(snakemake.output.evidence, table, inputs.identity)
