"""Physics Emergence Zone: from simulated clips to probe figures. Run `snakemake` for the targets."""

import logging
import os
import re
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.persistence import RECORD_FORMAT_VERSION, MetadataRecord
from snakemake.utils import min_version
from snakemake_interface_executor_plugins.settings import ExecMode
from snakemake_interface_logger_plugins.common import LogEvent

min_version("9.27")

CHECKOUT = Path(workflow.basedir)
SCRIPTS = CHECKOUT / "workflow_scripts"
sys.path.insert(0, str(SCRIPTS))

from pez.audit.spec import AuditAxes
from pez.config.load import open_config, refusal
from pez.config.model import Config, describe_weights
from pez.controls.registry import control_names, find_control
from pez.encoders.locate import files_of, find_checkpoint
from pez.encoders.registry import family_names
from pez.encoders.spec import RandomWeights
from pez.features.spec import VIEWS, VIEWS_OF_POOLING
from pez.figures.inside.help import shows
from pez.figures.registry import kind_names
from pez.fingerprint import CodeBase
from pez.fingerprint.choices import choices_of, names_in
from pez.fingerprint.provenance import (
    digest,
    digest_of_clips,
    digest_of_file,
    digest_of_texts,
    made,
    sampled_digest,
    values,
)
from pez.inside.registry import looked_into
from pez.inside.spec import MoviesSpec, of_movies
from pez.pretraining.spec import PretrainingSpec
from pez.runtime.errors import ArtifactError, ConfigError
from pez.runtime.gpu_devices import Listing
from pez.runtime.gpu_lease import PLACES, visible_devices
from pez.runtime.limits import advice, limit_reached
from pez.runtime.note import read_note
from pez.runtime.run_lock import call_runner, running
from pez.runtime.schema import did_you_mean
from pez.runtime.time_left import Durations, Waiting, time_left


# A working directory of its own (--directory) needs no configuration of its own.
configfile: "config.yaml" if Path("config.yaml").exists() else str(CHECKOUT / "config.yaml")


try:
    CONFIG, REFUSED = open_config(config, CHECKOUT)
except ConfigError as error:
    raise WorkflowError(str(error))

OUT = CONFIG.output_dir
FITS = CONFIG.fits
SETS = CONFIG.sets
THERE = [name for name in SETS if SETS[name].is_there]
CHOICES = {*choices_of(Config), *VIEWS, *family_names(), *control_names(), *kind_names()}
CODE = CodeBase(SCRIPTS, CHOICES)


wildcard_constraints:
    dataset="|".join(SETS),
    model="|".join(CONFIG.sources),
    fit="|".join(map(re.escape, FITS)),
    figure="|".join(CONFIG.figures),
    sweep="|".join(CONFIG.sweeps) or "none",
    measurement="|".join(CONFIG.inside) or "none",
    inside_figure="|".join(CONFIG.inside_figures) or "none",
    shard=r"\d{3}",


include: "rules/devices.smk"
include: "rules/common.smk"
include: "rules/interruption.smk"
include: "rules/limits.smk"
include: "rules/progress.smk"
include: "rules/stages.smk"
include: "rules/notes.smk"
include: "rules/provenance.smk"
include: "rules/dataset_provenance.smk"
include: "rules/controls.smk"
include: "rules/clips.smk"
include: "rules/intphys.smk"
include: "rules/folder.smk"
include: "rules/objects.smk"
include: "rules/checkpoints.smk"
include: "rules/features.smk"
include: "rules/probes.smk"
include: "rules/figures.smk"
include: "rules/sweeps.smk"
include: "rules/audit_paths.smk"
include: "rules/audit_provenance.smk"
include: "rules/audit.smk"
include: "rules/inside_paths.smk"
include: "rules/inside.smk"
include: "rules/report.smk"
include: "rules/page.smk"
include: "rules/pretraining.smk"
include: "rules/targets.smk"


localrules:
    targets,
    all,
    paper,
    clips,
    intphys,
    page,
    audit,


rule targets:
    default_target: True
    log:
        f"{OUT}/logs/targets.log",
    conda:
        "envs/figures.yaml"
    params:
        lines=lambda wildcards: target_lines(),
    message:
        "Targets of this workflow"
    shell:
        r"printf '%s\n' {params.lines:q} 2> {log:q}"


rule audit:
    input:
        lambda wildcards: audit_files() or audit_missing(),
    message:
        f"The audit is done: {OUT}/audit/ledger.md"


rule all:
    input:
        [f"{OUT}/figures/{figure}.png" for figure in [*CONFIG.figures, *INSIDE_FIGURES]],
        lambda wildcards: datasets_of("clips", shards=False),
    message:
        "Everything is built"


rule paper:
    input:
        [f"{OUT}/figures/{figure}.png" for figure in [*CONFIG.figures, *INSIDE_FIGURES]],
    message:
        f"Every figure and table is drawn: {OUT}/figures"


rule page:
    input:
        PAGE,
    message:
        f"The page is written: {PAGE}"


rule clips:
    input:
        lambda wildcards: datasets_of("clips"),
    message:
        "The clips are ready"


rule intphys:
    input:
        lambda wildcards: datasets_of("intphys"),
    message:
        "The possible and impossible movies are ready"


for figure in [*CONFIG.figures, *INSIDE_FIGURES]:

    rule:
        name:
            figure
        input:
            f"{OUT}/figures/{figure}.png",
            f"{OUT}/figures/{figure}_verdict.md",
        message:
            f"{figure} is drawn: {OUT}/figures/{figure}.png"


for figure in CONFIG.figures:

    rule:
        name:
            f"{figure}_timings"
        input:
            f"{OUT}/figures/{figure}_timings.md",
        message:
            f"What the jobs behind {figure} took: {OUT}/figures/{figure}_timings.md"


for sweep in CONFIG.sweeps:

    rule:
        name:
            f"sweep_{sweep}"
        input:
            f"{OUT}/sweeps/{sweep}.parquet",
        message:
            f"The recipes of {sweep} are measured: {OUT}/sweeps/{sweep}.parquet"


stages_as_rules()
