"""Write out-of-fold predictions of some cells of the audit on one model (rule predict_audit)."""

from functools import partial

from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake) as run:
        # Only now: the job has chosen the number of threads that torch sees.
        from pez.audit.predictions import shown_cells, write_predictions
        from pez.audit.spec import AuditSpec
        from pez.features.stack import read_stack
        from pez.probes.inputs import open_inputs

        given, files = snakemake.params.audit, snakemake.input
        dataset, audit = snakemake.wildcards.dataset, AuditSpec.model_validate(given["audit"])
        inputs = open_inputs(
            files.labels,
            list(files.features),
            files.weights or None,
            dataset,
            given["layers"],
            given["replaced"],
        )
        write_predictions(
            snakemake.output.predictions,
            shown_cells(audit, given["kind"], dataset),
            partial(read_stack, inputs.store, device=run.device),
            inputs.labels,
            audit,
            snakemake.wildcards.model,
            inputs.identity,
        )
