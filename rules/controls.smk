"""What replaces clips and features, and what it is made from.

Functions only: the rules stand in the other files.
"""


def control_given(model):
    """Which control replaces the clips or features of `model`, and how; nothing where none does."""
    variant = CONFIG.sources[model].variant
    if variant is None:
        return {}
    control = variant.control
    return {
        "control": control.name,
        "reads": control.reads,
        "seed": variant.seed,
        "replaced": variant.replaced,
    }


@cache
def replace_made(model, dataset, view):
    given = control_given(model)
    source = labels_made if given["reads"] == "positions" else clips_made
    names = [given["control"], view]
    return made(given, code("replace_features.py", names), [source(dataset)["provenance"]])


def replace_source(model, dataset):
    """What features without an encoder are made of: frames, or positions of balls."""
    if control_given(model)["reads"] == "positions":
        return [SETS[dataset].file("trajectories.parquet")]
    return SETS[dataset].shard_files


def replace_notes(model, dataset):
    """Notes of what features without an encoder are made of."""
    if control_given(model)["reads"] == "positions":
        return [note("simulate_clips", dataset)]
    return clip_notes(dataset)


def features_made(model, dataset, views):
    """Provenance of the features of `model` on `dataset` in `views`."""
    if CONFIG.sources[model].network is None:
        return digest([replace_made(model, dataset, view)["provenance"] for view in views])
    return extract_made(model, dataset)["provenance"]
