"""A small world of artefacts, made by the workflow's own writers, and its readers."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from encoder_samples import ball_frames, encoder_spec
from pez.clips import render
from pez.clips.dataset import dataset_identity
from pez.clips.simulate import simulate_dataset
from pez.clips.spec import BallDatasetSpec, RenderSpec, SceneSpec
from pez.clips.store import write_clips
from pez.emergence.facts import ClipsFacts, ModelFacts
from pez.emergence.judge import judge_figure, read_figure_evidence
from pez.emergence.reference import read_references
from pez.encoders.hub_pointer import read_pointer, write_pointer
from pez.encoders.initialise import write_initial_weights
from pez.encoders.precision import read_precision, write_precision
from pez.evidence.schema import Measured, as_evidence
from pez.features.extract import extract_features
from pez.features.paths import FeatureKey, feature_path
from pez.features.spec import ExtractionSpec
from pez.figures.inputs import read_series, read_verdict
from pez.intphys.layout import frame_path, is_possible, read_frame, write_status
from pez.intphys.sample import sample_movies
from pez.intphys.spec import SamplingSpec
from pez.probes.inputs import open_inputs
from pez.recipes.groupings import probe_groups
from pez.recipes.recipe import Recipe
from pez.recipes.spec import ProbeSpec, RidgeSolver
from pez.recipes.targets import probe_targets
from pez.runtime.tables import read_table, write_table

SCENE = SceneSpec(resolution=64, frames=8)
RENDER = RenderSpec(shard_size=4)
SHARDS, CLIPS, VIEW = 2, 8, "tubelet_mean"
DATASETS = ("velocity", "acceleration")
MODELS = {"tiny": 0, "other": 1}  # seeds
SPECS = {
    name: encoder_spec(layers=1, weights={"source": "random", "seed": seed})
    for name, seed in MODELS.items()
}


def dataset_spec(motion: str, seed: int = 42) -> BallDatasetSpec:
    return BallDatasetSpec.model_validate(
        {"motion": motion, "directions": 4, "magnitudes": (2, 4), "starts": 1, "seed": seed}
    )


def recipe(dataset: str, folds: int = 2) -> Recipe:
    spec = ProbeSpec.model_validate(
        {
            "dataset": dataset,
            "target": "speed" if dataset == "velocity" else "acceleration",
            "capture": "resid_post",
            "pooling": "mean",
            "grouping": "direction",
            "normalisation": "zscore",
            "solver": "ridge",
            "selections": ["validation"],
            "folds": folds,
        }
    )
    return Recipe(dataset, "mine", spec, RidgeSolver(method="ridge", alphas=(1.0,)))


REFERENCES = Path(__file__).parents[2] / "resources" / "reference"
REFERENCE_TABLES = ("third_party", "paper_readings", "third_party_recipes")
RECIPES = {f"{dataset}.mine": recipe(dataset) for dataset in DATASETS}


@dataclass(frozen=True)
class World:
    """Artefacts under one folder, laid out like the workflow's."""

    folder: Path

    def labels(self, dataset: str = "velocity") -> Path:
        return self.folder / "clips" / dataset / "labels.parquet"

    def trajectories(self, dataset: str = "velocity") -> Path:
        return self.folder / "clips" / dataset / "trajectories.parquet"

    def clips(self, shard: int = 0, dataset: str = "velocity") -> Path:
        return self.folder / "clips" / dataset / f"shard_{shard:03d}.safetensors"

    def weights(self, model: str = "tiny") -> Path:
        return self.folder / "checkpoints" / f"{model}.safetensors"

    def features(
        self, stream: int = 1, shard: int = 0, model: str = "tiny", dataset: str = "velocity"
    ) -> Path:
        root = self.folder / "features" / model / dataset
        return feature_path(root, FeatureKey(VIEW, stream, shard))

    def probe(self, dataset: str = "velocity", model: str = "tiny") -> Path:
        return self.folder / "probes" / model / f"{dataset}.mine.parquet"

    @property
    def series(self) -> Path:
        return self.folder / "emergence" / "figure2c.parquet"

    @property
    def verdict(self) -> Path:
        return self.folder / "figures" / "figure2c_verdict.json"

    @property
    def index(self) -> Path:
        return self.folder / "intphys" / "index.parquet"

    @property
    def movie(self) -> Path:
        return self.folder / "intphys" / "O1" / "01" / "1"

    @property
    def precision(self) -> Path:
        return self.folder / "precision.json"

    @property
    def pointer(self) -> Path:
        return self.folder / "hub.json"

    def copy(self, folder: Path) -> "World":
        shutil.copytree(self.folder, folder)
        return World(folder)

    # Readers: what the rules' scripts do with these files.

    def render(self) -> None:
        render.render_shard(
            "velocity", 0, SCENE, RENDER, self.trajectories(), self.folder / "again.safetensors"
        )

    def extract(self, model: str = "tiny", dataset: str = "velocity", shard: int = 0) -> None:
        extract_features(
            clips=[self.clips(number, dataset) for number in range(SHARDS)],
            checkpoint=self.weights(model),
            model=model,
            encoder_spec=SPECS[model],
            extraction=ExtractionSpec(precision="fp32"),
            outputs=[self.features(stream, shard, model, dataset) for stream in (0, 1)],
            device="cpu",
            dataset=dataset_identity(self.labels(dataset), dataset),
        )

    def read_probe(self, dataset: str = "velocity", model: str = "tiny") -> dict[str, Any]:
        spec = RECIPES[f"{dataset}.mine"].spec
        streams = [(stream, shard) for stream in (0, 1) for shard in range(SHARDS)]
        inputs = open_inputs(
            self.labels(dataset),
            [self.features(*where, model, dataset) for where in streams],
            self.weights(model),
            dataset,
            layers=1,
        )
        probe_groups(inputs.labels, spec)
        probe_targets(inputs.labels, spec)
        assert inputs.store.features(0, spec.capture, spec.pooling).shape == (CLIPS, 48)
        return inputs.identity

    def fit(self, dataset: str, model: str) -> None:
        """A table with the identity of a fitted probe; its numbers are made up."""
        identity = self.read_probe(dataset, model)
        made = {"recipe": RECIPES[f"{dataset}.mine"].to_params()}
        fixed = {"layer": 0, "selection": "validation", "subset": "all", "metric": "r2"}
        numbers = {"n_train": 4, "n_test": 4, "learning_rate": 0.1, "weight_decay": 0.1}
        numbers |= {"steps": 1.0, "alpha": 1.0}
        rows = [fixed | numbers | {"fold": fold, "value": 0.5 + fold / 10} for fold in range(2)]
        measured = Measured(model, model)
        evidence = as_evidence(pd.DataFrame(rows), measured, dataset, "mine", "resid_post")
        write_table(self.probe(dataset, model), evidence, identity | made)

    def judge(self) -> None:
        evidence = read_figure_evidence(
            results=[self.probe(dataset, model) for dataset in DATASETS for model in MODELS],
            figure="figure2c",
            title="Figure",
            models=list(MODELS),
            recipes=RECIPES,
            metrics=["r2"],
            subsets=["all"],
            controls=[],
            networks={
                model: ModelFacts(layers=1, source="random", weights=f"seed {seed}")
                for model, seed in MODELS.items()
            },
        )
        clips = ClipsFacts(renderer="kubric", samples=1, datasets=dict.fromkeys(DATASETS, CLIPS))
        tables = [REFERENCES / f"{name}.csv" for name in REFERENCE_TABLES]
        paths = (self.series, self.verdict.with_suffix(".md"), self.verdict)
        judge_figure("motion", evidence, clips, read_references(*tables), *paths)

    def draw(self) -> None:
        read_series(self.series, "figure2c", RECIPES)
        read_verdict(self.verdict, "figure2c", RECIPES)

    def sample(self) -> None:
        sample_movies(
            "intphys_mini", self.folder, self.index, SamplingSpec(frames=2), 4, self.labels(), []
        )

    def label(self) -> None:
        is_possible(self.movie)

    def frame(self) -> None:
        read_frame(self.movie, 0)

    def decide(self) -> None:
        read_precision(self.precision)

    def find(self) -> None:
        read_pointer(self.pointer)


def build(folder: Path) -> World:
    """Every artefact, whole."""
    world = World(folder)
    frames = ball_frames(clips=CLIPS)
    for dataset in DATASETS:
        simulate_dataset(
            dataset,
            SCENE,
            dataset_spec(dataset),
            world.labels(dataset),
            world.trajectories(dataset),
        )
        ids = list(read_table(world.labels(dataset))["clip_id"])
        known = dataset_identity(world.labels(dataset), dataset)
        for shard in range(SHARDS):
            part = slice(shard * RENDER.shard_size, (shard + 1) * RENDER.shard_size)
            metadata = {"dataset": dataset, "source": known.source, "shard": shard}
            pixels = frames[part] if dataset == "velocity" else frames[part] // 2
            write_clips(world.clips(shard, dataset), pixels, ids[part], part.start, metadata)
    for model, seed in MODELS.items():
        write_initial_weights(SPECS[model], seed, world.weights(model))
        for dataset in DATASETS:
            for shard in range(SHARDS):
                world.extract(model, dataset, shard)
            world.fit(dataset, model)
    world.judge()
    movies = pd.DataFrame(
        [("O1", 1, 1, True, 2, 1, 0, "O1/01/1")],
        columns=["block", "scene", "movie", "possible", "frames", "breakpoint", "pair", "folder"],
    )
    write_table(world.index, movies, {"dataset": "intphys_mini"})
    frame_path(world.movie, 0).parent.mkdir(parents=True)
    Image.fromarray(frames[0, 0]).save(frame_path(world.movie, 0))
    write_status(world.movie, possible=True)
    write_precision(world.precision, "cpu")
    write_pointer(world.pointer, "org/model", folder)
    return world
