"""What every file is made from. Functions only: the rules stand in the other files.

`..._given` is what a rule's script is given, `..._made` the recipe: that, the code, and the recipes
of the inputs (see docs/cache.md). A recipe is a parameter of its rule.
"""

# Snakemake's record of a file that no present recipe equals: it sees that parameters have changed.
UNKNOWN = MetadataRecord(
    params=["made elsewhere, by another recipe or an unknown one"],
    record_format_version=RECORD_FORMAT_VERSION,
)


def code(script, given=None):
    """Fingerprint of the code that a script reaches when it is given sections and names `given`."""
    return CODE.fingerprint(script, None if given is None else frozenset(names_in(given)))


def note(rule, job):
    """File in which a job notes its recipe, beside what it makes.

    Large files are `ancient` inputs: Snakemake would compare them by time alone, and copies have
    other times. The note stands in for them: a small file, compared by its content, that is made
    anew whenever they are. Whether they are what they should be is in the recipe.
    """
    return f"{OUT}/recipes/{rule}/{job}.json"


def clip_notes(dataset, shard=None):
    """Notes of the clip shards of `dataset`: of all, or of those of a feature shard."""
    if dataset not in CONFIG.clips.datasets:
        return [note("sample_intphys", dataset)]
    shards = clip_shards(dataset) if shard is None else clips_of_features(dataset, shard)
    return [note("render_clips", f"{dataset}.{Path(file).stem[-3:]}") for file in shards]


def movie_notes(dataset):
    """Notes of the generated movies; others have none."""
    if dataset != MINI:
        return []
    scenes = range(1, CONFIG.intphys.scenes(dataset) + 1)
    return [
        note("render_intphys_mini", f"{block}.{scene:02d}") for block in BLOCKS for scene in scenes
    ]


def checkpoint_notes(model):
    """Note of the downloaded checkpoint of `model`; one that is there already has none."""
    file = CONFIG.encoder(model).weights.file
    return [note("download_checkpoint", file)] if CONFIG.encoders.checkpoint_dir is None else []


def weights_note(model):
    """Note of the weights that are built for `model`; shipped ones have none."""
    rules = {"random": "initialise_encoder", "checkpoint": "convert_checkpoint"}
    source = CONFIG.encoder(model).weights.source
    return [note(rules[source], model)] if source in rules else []


def feature_notes(model, dataset):
    """Notes of the features of `model` on `dataset`."""
    return [
        note("extract_features", f"{model}.{dataset}.{shard}") for shard in feature_shards(dataset)
    ]


def stands(recipe, note, files):
    """Have `files` made anew that came here without Snakemake's record and not by this recipe.

    Returns no input: it is to be called among a rule's inputs, the one thing that Snakemake asks
    for of every job that it plans.
    """
    records = workflow.persistence
    if records is None or workflow.exec_mode != ExecMode.DEFAULT:
        return []
    record = records._read_record(files[0])
    foreign = record is None or record.params == UNKNOWN.params
    if foreign and any(map(os.path.lexists, files)):
        matches = read_note(note) == recipe["recipe"]
        for file in [*files, note]:  # Snakemake looks at records where every output has one
            if matches:
                records._delete_record(file)
            else:
                records._write_record(file, UNKNOWN)
        records._clear_cache()
    return []


@cache
def simulate_made(dataset):
    given = simulate_given(dataset)
    return made(given, code("simulate_clips.py", given), [])


def simulate_given(dataset):
    return {"dataset": CONFIG.clips.datasets[dataset], "scene": CONFIG.clips.scene}


@cache
def render_made(dataset):
    given = render_given()
    return made(given, code("render_clips.py", given), [simulate_made(dataset)["recipe"]])


def render_given():
    return {"scene": CONFIG.clips.scene, "render": CONFIG.clips.render}


@cache
def render_mini_made():
    given = render_mini_given()
    return made(given, code("render_intphys_mini.py", given), [])


def render_mini_given():
    mini = CONFIG.intphys.mini  # how many scenes there are is of no matter to one of them
    return mini.model_copy(update={"scenes": type(mini).model_fields["scenes"].default})


@cache
def index_made(dataset):
    if dataset == MINI:
        movies = render_mini_made()["recipe"]
    else:
        movies = digest([Path(label).read_text() for label in movie_files(dataset)])
    return made(index_given(dataset), code("index_intphys.py"), [movies])


def index_given(dataset):
    return {
        "root": movies_root(dataset),
        "scenes": CONFIG.intphys.scenes(dataset),
        "frames": CONFIG.intphys.frames(dataset),
    }


@cache
def sample_made(dataset):
    given = sample_given(dataset)
    return made(given, code("sample_intphys.py", given), [index_made(dataset)["recipe"]])


def sample_given(dataset):
    return {
        "dataset": dataset,
        "root": movies_root(dataset),
        "sampling": CONFIG.intphys.sampling,
        "shard_size": CONFIG.intphys.shard_size,
    }


def labels_made(dataset):
    """Recipe of the labels of `dataset`."""
    return simulate_made(dataset) if dataset in CONFIG.clips.datasets else sample_made(dataset)


def clips_made(dataset):
    """Recipe of the clip shards of `dataset`."""
    return render_made(dataset) if dataset in CONFIG.clips.datasets else sample_made(dataset)


@cache
def preview_made(dataset):
    return made({}, code("preview_clips.py"), [clips_made(dataset)["recipe"]])


@cache
def preview_intphys_made(dataset):
    given = {"root": movies_root(dataset)}
    return made(given, code("preview_intphys.py"), [index_made(dataset)["recipe"]])


@cache
def download_made(file):
    return made(checkpoint_url(file), code("download_checkpoint.py"), [])


@cache
def convert_made(model):
    given = convert_given(model)
    source = CONFIG.encoder(model).weights
    if CONFIG.encoders.checkpoint_dir is None:
        published = download_made(source.file)["recipe"]
    else:
        published = sampled_digest(checkpoint_files(Path(checkpoint_source(model))))
    return made(given, code("convert_checkpoint.py", given), [published])


def convert_given(model):
    return {
        "encoder": CONFIG.encoder(model),
        "checkpoint_encoder": CONFIG.encoders.checkpoint_encoder,
    }


@cache
def initialise_made(model):
    given = CONFIG.encoder(model)
    return made(given, code("initialise_encoder.py", given), [])


@cache
def weights_recipe(model):
    """What the weights of `model` are: the recipe of their file, or the content of a shipped one."""
    weights = CONFIG.encoder(model).weights
    match weights.source:
        case "embedded":
            return digest_of_file(CHECKOUT / weights.file)
        case "random":
            return initialise_made(model)["recipe"]
    return convert_made(model)["recipe"]


@cache
def extract_made(model, dataset):
    # every view counts: which of them are wanted is told by the files, and changes none of them
    given = extract_given(model)
    inputs = [clips_made(dataset)["recipe"], weights_recipe(model)]
    return made(given, code("extract_features.py", [given, VIEWS]), inputs)


def extract_given(model):
    return {
        "model": model,
        "encoder": CONFIG.encoder(model),
        "extraction": CONFIG.extraction,
    }


@cache
def fit_made(model, probe):
    given, spec = fit_given(model, probe), PROBES[probe]
    fingerprint = code("fit_probe.py", [given, VIEWS_OF_POOLING[spec.pooling]])
    inputs = [labels_made(spec.dataset)["recipe"], extract_made(model, spec.dataset)["recipe"]]
    return made(given, fingerprint, inputs)


def fit_given(model, probe):
    return {
        "name": probe,
        "spec": PROBES[probe],
        "solver": CONFIG.solvers[PROBES[probe].solver],
        "layers": CONFIG.encoder(model).layers,
        "width": CONFIG.encoder(model).hidden_size,
    }


@cache
def draw_made(figure):
    given = draw_given(figure)
    tables = [digest_of_file(CHECKOUT / table) for table in REFERENCES.values()]
    probes = [fit_made(*results_of(path))["recipe"] for path in figure_probes(figure)]
    return made(given, code("draw_figure.py", given), tables + probes)


def draw_given(figure):
    return {
        "figure": CONFIG.figures[figure],
        "style": CONFIG.figure_style,
        "probes": {probe: PROBES[probe] for probe in CONFIG.figures[figure].probes},
        "models": {model: model_facts(model) for model in CONFIG.models_of(figure)},
        "clips": clips_facts(figure),
    }


@cache
def timings_made(figure):
    given = figure_benchmarks(figure)
    return made(given, code("summarise_timings.py"), [draw_made(figure)["recipe"]])


@cache
def pretrain_made():
    given = pretrain_given()
    return made(given, code("pretrain_nano.py", given), [])


def pretrain_given():
    """The architecture alone: which weights a figure's model reads is of no matter here."""
    encoder = CONFIG.encoders.models[CONFIG.pretraining.model]
    return {
        "pretraining": PretrainingSpec.model_validate(CONFIG.pretraining.training()),
        "encoder": encoder.model_copy(update={"weights": RandomWeights(source="random")}),
    }


@cache
def draw_pretraining_made():
    given = CONFIG.figure_style
    return made(given, code("draw_pretraining.py", given), [pretrain_made()["recipe"]])
