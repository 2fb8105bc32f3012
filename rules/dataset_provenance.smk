"""What the files of datasets are made from, as in provenance.smk. Functions only."""

@cache
def simulate_made(dataset):
    given = simulate_given(dataset)
    return made(given, code("simulate_clips.py", given), [])


def simulate_given(dataset):
    return {"dataset": SETS[dataset].design, "scene": SETS[dataset].scene}


@cache
def render_made(dataset):
    given = render_given(dataset)
    return made(given, code("render_clips.py", given), [simulate_made(dataset)["provenance"]])


def render_given(dataset):
    return {"scene": SETS[dataset].scene, "render": SETS[dataset].render}


@cache
def preview_made(dataset):
    return made({}, code("preview_clips.py"), [clips_made(dataset)["provenance"]])


@cache
def render_mini_made(dataset):
    given = SETS[dataset].mini
    return made(given, code("render_intphys_mini.py", given), [])


@cache
def index_made(dataset):
    if SETS[dataset].movie_jobs:
        movies = render_mini_made(dataset)["provenance"]
    else:
        movies = digest_of_texts(SETS[dataset].movie_files)
    return made(index_given(dataset), code("index_intphys.py"), [movies])


def index_given(dataset):
    source = SETS[dataset]
    return {"root": source.root, "scenes": source.entry.scenes, "frames": source.entry.frames}


@cache
def sample_made(dataset):
    given = sample_given(dataset)
    return made(given, code("sample_intphys.py", given), [index_made(dataset)["provenance"]])


def sample_given(dataset):
    source = SETS[dataset]
    return {
        "dataset": dataset,
        "root": source.root,
        "sampling": source.entry.sampling,
        "shard_size": source.shard_size,
    }


@cache
def preview_intphys_made(dataset):
    given = {"root": SETS[dataset].root}
    return made(given, code("preview_intphys.py"), [index_made(dataset)["provenance"]])


@cache
def simulate_objects_made(dataset):
    given = SETS[dataset].design
    return made(given, code("simulate_objects.py", given), [])


@cache
def render_objects_made(dataset):
    given = render_objects_given(dataset)
    inputs = [simulate_objects_made(dataset)["provenance"]]
    return made(given, code("render_objects.py", given), inputs)


def render_objects_given(dataset):
    return {"objects": SETS[dataset].design, "render": SETS[dataset].render}


@cache
def index_folder_made(dataset):
    """Labels are checked along with the clips, and leave no trace in the index."""
    source = ready(dataset)
    given = {"window": source.spec.window, "allow_duplicates": source.spec.allow_duplicates}
    clips = digest_of_clips({clip.name: clip.files for clip in source.files})
    return made(given, code("index_folder.py"), [clips])


@cache
def label_folder_made(dataset):
    spec = ready(dataset).spec
    given = {"columns": spec.columns, "clip_column": spec.clip_column, "ignore": spec.ignore}
    labels = digest_of_file(SETS[dataset].labels_file)
    inputs = [labels, index_folder_made(dataset)["provenance"]]
    return made(given, code("label_folder.py"), inputs)


@cache
def decode_folder_made(dataset):
    given, index = decode_folder_given(dataset), index_folder_made(dataset)
    return made(given, code("decode_folder.py"), [index["provenance"]])


def decode_folder_given(dataset):
    return {"window": SETS[dataset].spec.window, "shard_size": SETS[dataset].shard_size}


@cache
def preview_folder_made(dataset):
    inputs = [labels_made(dataset)["provenance"], clips_made(dataset)["provenance"]]
    return made({}, code("preview_folder.py"), inputs)


# Provenance of what a rule makes of a dataset, by the rule's name.
MADE_BY = {
    "simulate_clips": simulate_made,
    "render_clips": render_made,
    "simulate_objects": simulate_objects_made,
    "render_objects": render_objects_made,
    "sample_intphys": sample_made,
    "label_folder": label_folder_made,
    "decode_folder": decode_folder_made,
}


def labels_made(dataset):
    """Provenance of the labels of `dataset`."""
    return MADE_BY[SETS[dataset].labels_rule](dataset)


def clips_made(dataset):
    """Provenance of the clip shards of `dataset`."""
    return MADE_BY[SETS[dataset].clips_rule](dataset)
