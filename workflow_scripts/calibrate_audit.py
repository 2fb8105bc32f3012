"""Count how often criteria of the audit are right on planted networks (rule calibrate_audit)."""

from pez.audit.calibration import CalibrationSettings, calibrate
from pez.audit.network import primary_settings
from pez.audit.planted.registry import PLANTED_KINDS
from pez.audit.spec import AuditSpec
from pez.runtime.job import job
from pez.runtime.tables import write_table

if __name__ == "__main__":
    with job(snakemake):
        given = snakemake.params.calibration
        audit = AuditSpec.model_validate(given["audit"])
        settings = CalibrationSettings(
            runs=audit.planted,
            blocks=given["blocks"],
            untrained=given["untrained"],
            seed=audit.seed,
        )
        table = calibrate(PLANTED_KINDS, settings, primary_settings(audit))
        write_table(snakemake.output.calibration, table)
