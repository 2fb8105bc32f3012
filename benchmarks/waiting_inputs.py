"""Inputs of `waiting.py`: clips and a checkpoint in the files of the workflow."""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

from pez.datasets.sources.balls import Balls
from pez.datasets.sources.intphys import IntphysEntry
from pez.datasets.sources.objects import Objects
from pez.encoders.spec import EncoderSpec
from pez.intphys.layout import frame_path, movie_folders, write_status
from pez.intphys.spec import BLOCKS

MOVIE_SIDE = 288  # pixels, as published
CHECKOUT = Path(__file__).resolve().parents[1]


def merged(overlays: list[Path]) -> dict:
    """The configuration as Snakemake merges it."""
    from snakemake.utils import update_config

    config = yaml.safe_load((CHECKOUT / "config.yaml").read_text())
    for overlay in overlays:
        update_config(config, yaml.safe_load(overlay.read_text()))
    return config


def make_inputs(folder: Path, model: str, overlays: list[Path]) -> None:
    """Clips in the files of the workflow, and a checkpoint in Meta's layout."""
    from pez.config.load import load_config

    raw = merged(overlays)
    movies = IntphysEntry.model_validate(raw["datasets"]["intphys_dev"])
    make_movies(Path(movies.root), movies)
    config = load_config(raw, CHECKOUT)
    for name, source in config.sets.items():
        if isinstance(source, Balls):
            make_clips(folder / source.place / name, name, source)
        elif isinstance(source, Objects):
            make_objects(folder / source.place / name, name, source)
    write_checkpoint(folder / "meta.pt", config.encoder(model))


def make_clips(folder: Path, name: str, balls: Balls) -> None:
    import numpy as np
    import torch
    from ball_probes import DATASETS, ball_clips

    from pez.clips.labels import trajectory_table
    from pez.clips.ray_cast import FRAME_PIXELS, render
    from pez.clips.store import write_clips
    from pez.runtime.tables import write_table

    device = "cuda" if torch.cuda.is_available() else "cpu"
    scene, size = balls.scene, balls.shard_size
    DATASETS[name] = balls.design
    labels, scenes = ball_clips(name, scene)
    ids = labels["clip_id"].tolist()
    identity = {"dataset": name, "clip_ids": ids,
                "frame_shape": [scene.frames, scene.resolution, scene.resolution]}  # fmt: skip
    track = scenes.position[:, 0].double().numpy()  # metres [clips, frames, 3]
    velocity = np.gradient(track, 1 / scene.frames_per_second, axis=1)
    table = trajectory_table(scene, ids, track, velocity)
    source = write_table(folder / "trajectories.parquet", table, identity)
    write_table(folder / "labels.parquet", labels, identity | {"source": source})
    for shard, first in enumerate(range(0, len(ids), size)):
        frames = []
        for start in range(first, min(first + size, len(ids)), 8):
            part = slice(start, min(start + 8, first + size))
            some = type(scenes)(*(value[part].to(device) for value in scenes))
            pixels = (render(some, FRAME_PIXELS) * 255).round().to(torch.uint8)
            pixels = pixels[
                ..., :: FRAME_PIXELS // scene.resolution, :: FRAME_PIXELS // scene.resolution
            ]
            frames.append(pixels.permute(0, 1, 3, 4, 2).cpu().numpy())
        write_clips(
            folder / f"shard_{shard:03d}.safetensors",
            np.ascontiguousarray(np.concatenate(frames)),
            ids[first : first + size],
            first,
            {"dataset": name, "source": source, "shard": shard},
        )


def make_objects(folder: Path, name: str, source: Objects) -> None:
    """Clips of several objects: discs in their colours that keep their first velocity."""
    import numpy as np
    import pandas as pd
    from PIL import ImageColor

    from pez.clips.store import write_clips
    from pez.objects.columns import LABEL_COLUMNS, OBJECT_COLUMNS
    from pez.objects.scene import deal_kinds, draw_scene
    from pez.objects.view import in_picture, in_view
    from pez.runtime.tables import write_table

    spec, size = source.design, source.shard_size
    ids = [f"{name}_{clip:04d}" for clip in range(spec.clips)]
    row, column = np.mgrid[: spec.resolution, : spec.resolution]
    seconds = np.arange(spec.frames)[:, None] / spec.frames_per_second
    parts, labels, films = [], [], []
    for clip, (clip_id, kinds) in enumerate(zip(ids, deal_kinds(spec), strict=True)):
        film = np.full((spec.frames, spec.resolution, spec.resolution, 3), 150, np.uint8)
        things = draw_scene(spec, clip, kinds)
        rows = []
        for number, thing in enumerate(things):
            velocity = np.tile([*thing.velocity_m_s, 0.0], (spec.frames, 1))
            position = [*thing.start_m, thing.half_size_m[2]] + velocity * seconds
            place, moves = in_picture(spec, position, velocity)
            of_kind = pd.DataFrame({"clip_id": clip_id, "object": number,
                                    "frame": np.arange(spec.frames), "kind": thing.kind.name,
                                    **thing.kind._asdict()})  # fmt: skip
            of_kind[list(OBJECT_COLUMNS[7:10])] = thing.half_size_m
            pose = np.tile([1.0, 0.0, 0.0, 0.0], (spec.frames, 1))
            numbers = np.concatenate([position, pose, velocity, place, moves], axis=1)
            of_kind[list(OBJECT_COLUMNS[10:-2])] = numbers
            of_kind["in_view"], of_kind["collided"] = in_view(spec, place), False
            rows.append(of_kind)
            radius = thing.half_size_m[0] * spec.resolution / 6.8  # the floor that is seen, metres
            colour = ImageColor.getrgb(thing.kind.colour)
            for frame, (x, y) in enumerate(place):
                film[frame][(column - x) ** 2 + (row - y) ** 2 < radius**2] = colour
        films.append(film)
        parts.append(pd.concat(rows, ignore_index=True))
        means = parts[-1][["vx_px", "vy_px"]].mean()
        moving = sum(thing.moves for thing in things)
        labels.append((clip_id, name, len(things), moving, False, *means))
    identity = {"dataset": name, "clip_ids": ids, "frame_shape": list(films[0].shape[:3])}
    table = pd.concat(parts, ignore_index=True)[list(OBJECT_COLUMNS)]
    checksum = write_table(folder / "objects.parquet", table, identity)
    said = pd.DataFrame(labels, columns=list(LABEL_COLUMNS))
    write_table(folder / "labels.parquet", said, identity | {"source": checksum})
    for shard, first in enumerate(range(0, len(ids), size)):
        last = min(first + size, len(ids))
        metadata = {"dataset": name, "source": checksum, "shard": shard}
        file = folder / f"shard_{shard:03d}.safetensors"
        write_clips(file, np.stack(films[first:last]), ids[first:last], first, metadata)


def make_movies(root: Path, entry: IntphysEntry) -> None:
    """Movies in the layout of IntPhys' release: a disc passes behind a wall, and comes out.

    Of movie A it is whole; of B it is not there (O1), smaller (O2) or elsewhere (O3).
    """
    scenes = [(block, scene) for block in BLOCKS for scene in range(1, entry.scenes + 1)]
    with ProcessPoolExecutor() as pool:
        list(pool.map(_write_scene, [root] * len(scenes), scenes, [entry.frames] * len(scenes)))


def _write_scene(root: Path, which: tuple[str, int], count: int) -> None:
    import numpy as np
    from PIL import Image

    block, scene = which
    random = np.random.default_rng([list(BLOCKS).index(block), scene])
    row, column = np.mgrid[:MOVIE_SIDE, :MOVIE_SIDE]
    floor = random.integers(0, 256, (MOVIE_SIDE // 24, MOVIE_SIDE // 24, 3), np.uint8)
    floor = floor.repeat(24, axis=0).repeat(24, axis=1)
    height, radius = random.uniform(0.3, 0.7) * MOVIE_SIDE, random.uniform(16, 28)
    shown = {"A": (radius, 0.0)}
    shown["B"] = {"O1": (0.0, 0.0), "O2": (radius / 2, 0.0), "O3": (radius, 60.0)}[block]
    drawn = {}
    for name, (size, away) in shown.items():
        for frame, across in enumerate(np.linspace(0, MOVIE_SIDE, count)):
            disc = (row - height - away) ** 2 + (column - across) ** 2 < size**2
            pixels = np.where(disc[..., None], np.uint8([200, 60, 40]), floor)
            pixels[:, MOVIE_SIDE // 3 : 2 * MOVIE_SIDE // 3] = 90
            drawn[name, frame] = Image.fromarray(pixels)
    movies = movie_folders(root, block, scene)
    for folder, parts in zip(movies, ("AA", "BB", "AB", "BA"), strict=True):
        frame_path(folder, 0).parent.mkdir(parents=True)
        write_status(folder, parts[0] == parts[1])
        for frame in range(count):
            picture = drawn[parts[2 * frame // count], frame]
            picture.save(frame_path(folder, frame), compress_level=1)


def write_checkpoint(path: Path, spec: EncoderSpec) -> None:
    """Random weights under Meta's names, q, k and v of a block in one matrix, as vitl.pt has them.

    The file holds one of Meta's two encoders and no predictor: 1.2 GB in place of 5.
    """
    import torch

    from pez.encoders.initialise import initial_weights

    ours = initial_weights(spec, 0)
    state = {}
    for name, tensor in ours.items():
        block, _, kind = name.rpartition(".")
        if block.endswith(("attention.key", "attention.value")):
            continue
        if block.endswith("attention.query"):
            stem = block.removesuffix("query")
            tensor = torch.cat([ours[f"{stem}{part}.{kind}"] for part in ("query", "key", "value")])
            name = f"{stem}qkv.{kind}"
        for here, there in (("layer.", "blocks."), ("layernorm.", "norm."), ("attention.", "attn."),
                            ("embeddings.patch_embeddings.", "patch_embed.")):  # fmt: skip
            name = name.replace(here, there)
        state[f"module.backbone.{name}"] = tensor
    torch.save({"target_encoder": state, "epoch": 0}, path)


# What the workflow would note beside the clips if it had made them: it plans them, and is told.
NOTES = """
import sys
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings)
sys.path.insert(0, "workflow_scripts")
from pez.runtime.note import write_note
with SnakemakeApi(OutputSettings(quiet={Quietness.ALL}, dryrun=True)) as api:
    workflow = api.workflow(
        resource_settings=ResourceSettings(cores=1, resources={"gpu": 0}),
        config_settings=ConfigSettings(configfiles=list(map(Path, sys.argv[1:]))),
        snakefile=Path("Snakefile"))
    dag = workflow.dag(DAGSettings(targets={"clips"}))
    dag.execute_workflow(executor="dryrun")
    for job in workflow._workflow.dag.jobs:
        stage, _, what = job.rule.name.partition("_")
        if stage in ("simulate", "render") and what in ("clips", "objects"):
            write_note(job.output.note, job.params.made["provenance"])
"""
