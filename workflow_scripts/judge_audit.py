"""Judge the claims about every model, and what decides the answer (rule judge_audit)."""

from pathlib import Path

from pez.audit.heads import read_costs
from pez.audit.judge import AuditFacts, judge_model, read_primary
from pez.audit.ledger import Ledger
from pez.audit.ledger_page import write_ledger
from pez.audit.outcome_draws import NetworkDraws
from pez.runtime.job import job
from pez.runtime.tables import read_table, write_table

if __name__ == "__main__":
    with job(snakemake):
        files, given, output = snakemake.input, snakemake.params.judging, snakemake.output
        scores, estimands = read_table(files.scores), read_table(files.estimands)
        calibrations = dict(zip(given["blocks"], files.calibration, strict=True))
        entries = {}
        for model, known in given["models"].items():
            primary = {
                control: [Path(path) for path in paths]
                for control, paths in given["primary"][model].items()
            }
            facts = AuditFacts(**known)
            heads = given["heads"].get(model)
            costs = None if heads is None else read_costs(model, **heads)
            entry, tables = judge_model(
                model,
                read_primary(model, primary, costs),
                scores,
                estimands,
                NetworkDraws(estimands, map(Path, given["draws"][model])),
                read_table(calibrations[facts.blocks]),
                facts,
            )
            entries[model] = entry
            for picture in given["pictures"]:
                path = Path(output.ledger).parent / model / f"{picture}.parquet"
                write_table(path, tables[picture])
        write_ledger(Ledger(models=entries), Path(output.markdown), Path(output.ledger))
