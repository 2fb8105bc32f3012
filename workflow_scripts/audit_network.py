"""Measure the cells of the audit on one network and dataset (rule audit_network)."""

from pathlib import Path

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the number of threads that torch sees.
        from pez.audit.network import Network, audit_network
        from pez.audit.spec import AuditSpec
        from pez.fingerprint import CodeBase
        from pez.probes.inputs import open_inputs
        from pez.recipes.spec import read_solver

        given, files, made = snakemake.params.audit, snakemake.input, snakemake.params.made
        dataset = snakemake.wildcards.dataset
        inputs = open_inputs(
            files.labels,
            list(files.features),
            files.weights or None,
            dataset,
            given["layers"],
            given["replaced"],
        )
        audit_network(
            AuditSpec.model_validate(given["audit"]),
            Network(
                snakemake.wildcards.model,
                given["measured"],
                given["labels"],
                {name: read_solver(solver) for name, solver in given["solvers"].items()},
            ),
            given["kind"],
            dataset,
            inputs,
            lambda: run.device,
            CodeBase(choices=snakemake.params.choices),
            made["inputs"],
            Path(snakemake.params.cells),
            snakemake.output,
        )
