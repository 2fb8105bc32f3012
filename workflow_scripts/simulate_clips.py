"""Simulate every ball of a dataset and write its labels and trajectories (rule simulate_clips)."""

from pez.clips.simulate import simulate_dataset
from pez.clips.spec import BallDatasetSpec, SceneSpec
from pez.runtime.job import job

if __name__ == "__main__":
    with job(snakemake):
        simulate_dataset(
            snakemake.wildcards.dataset,
            SceneSpec.model_validate(snakemake.params.clips["scene"]),
            BallDatasetSpec.model_validate(snakemake.params.clips["dataset"]),
            snakemake.output.labels,
            snakemake.output.trajectories,
        )
