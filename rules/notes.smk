"""Notes of provenance beside what jobs make: who has one, and what they are compared with.

Functions only: the rules stand in the other files.
"""

# Snakemake's record of a file whose provenance is another now: it sees that parameters have changed.
UNKNOWN = MetadataRecord(
    params=["made elsewhere, of another provenance or an unknown one"],
    record_format_version=RECORD_FORMAT_VERSION,
)


def note(rule, job):
    """File in which a job notes its provenance, beside what it makes.

    Large files are `ancient` inputs: Snakemake would compare them by time alone, and copies have
    other times. The note stands in for them: a small file, compared by its content, that is made
    anew whenever they are. Whether they are what they should be is in the provenance.
    """
    return f"{OUT}/provenance/{rule}/{job}.json"


def clip_notes(dataset):
    """Notes of the clip shards of `dataset`."""
    return [note(*job) for job in SETS[dataset].clip_jobs(range(SETS[dataset].shards))]


def movie_notes(dataset):
    """Notes of the generated movies; others have none."""
    return [note(*job) for job in SETS[dataset].movie_jobs]


def checkpoint_notes(model):
    """Note of the checkpoint of `model` that is fetched; one that is there already has none."""
    source = CONFIG.encoder(model).weights
    if source.source == "hub":
        return [note("fetch_from_hub", model)]
    return [] if local_checkpoint(model) else [note("download_checkpoint", source.file)]


def weights_note(model):
    """Note of the weights that are built for `model`; shipped ones have none."""
    rules = {
        "checkpoint": "convert_checkpoint",
        "hub": "convert_checkpoint",
        "permuted": "permute_weights",
        "random": "initialise_encoder",
    }
    source = CONFIG.encoder(model).weights.source
    return [note(rules[source], CONFIG.sources[model].network)] if source in rules else []


def feature_notes(model, dataset, views):
    """Notes of the features of `model` on `dataset` in `views`."""
    jobs = feature_jobs(model, dataset, views)
    return [note(rule, job) for rule, job in jobs]


def feature_note(model, dataset, shard):
    """Note of one shard of features, whichever job it is that makes it."""
    return note("extract_features", f"{model}.{dataset}.{shard}")


def stands(provenance, note, files):
    """Have `files` made anew that came here without Snakemake's record and are not of this provenance.

    Returns no input: it is to be called among a rule's inputs, the one thing that Snakemake asks
    for of every job that it plans.
    """
    return stand_together(provenance, {note: files})


def stand_together(provenance, parts):
    """The same for a job that makes several notes, each with files of its own."""
    records = workflow.persistence
    if records is None or workflow.exec_mode != ExecMode.DEFAULT:
        return []
    foreign = [part for part in parts.items() if came_here(records, part[1])]
    if foreign:
        matches = all(read_note(note) == provenance["provenance"] for note in parts)
        # Snakemake looks at records where every output has one
        for file in [file for note, files in foreign for file in [*files, note]]:
            if matches:
                records._delete_record(file)
            else:
                records._write_record(file, UNKNOWN)
        records._clear_cache()
    return []


def came_here(records, files):
    """Whether some of `files` are there, and without Snakemake's record of their making."""
    record = records._read_record(files[0])
    foreign = record is None or record.params == UNKNOWN.params
    return foreign and any(map(os.path.lexists, files))
