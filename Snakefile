"""Physics Emergence Zone: from simulated clips to probe figures. Run `snakemake` for the targets."""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")

CHECKOUT = Path(workflow.basedir)
SCRIPTS = CHECKOUT / "workflow_scripts"
sys.path.insert(0, str(SCRIPTS))

from pez.config import describe_weights, load_config
from pez.encoders.locate import find_checkpoint
from pez.features.spec import VIEWS_OF_POOLING
from pez.runtime.errors import ConfigError
from pez.runtime.fingerprint import code_fingerprint


configfile: "config.yaml"


try:
    CONFIG = load_config(config, CHECKOUT)
except ConfigError as error:
    raise WorkflowError(str(error))

OUT = CONFIG.output_dir


wildcard_constraints:
    dataset="|".join(CONFIG.clips.datasets),
    model="|".join(CONFIG.encoders.registry()),
    probe="|".join(CONFIG.probes),
    figure="|".join(CONFIG.figures),
    shard=r"\d{3}",


include: "rules/common.smk"
include: "rules/targets.smk"
include: "rules/clips.smk"
include: "rules/checkpoints.smk"
include: "rules/features.smk"
include: "rules/probes.smk"
include: "rules/figures.smk"
