"""Paths and parameters that the rules share. Functions only: the rules stand in the other files."""


def shipped(path):
    """Path of a file of the checkout, relative to the working directory: a checkout that is moved
    with its artifacts rebuilds nothing."""
    return os.path.relpath(CHECKOUT / path)


def refuse(name):
    """Stop if there is something wrong with `name`, a recipe, a figure or the audit, which is asked
    for now."""
    if name in REFUSED:
        raise WorkflowError(refusal(REFUSED[name]))


def ready(name):
    """The dataset `name`, which is asked for now: stop if it cannot be built."""
    problem = SETS[name].problem()
    if problem:
        raise WorkflowError(problem)
    return SETS[name]


def asked(fit):
    """The dataset of `fit`, which is asked for now: stop if there is something wrong with either."""
    refuse(FITS[fit].name)
    return ready(FITS[fit].spec.dataset)


def datasets_of(target, shards=True):
    """Previews of the datasets that `target` builds, and their clip shards if those are asked for."""
    found = [source for source in map(ready, THERE) if source.target == target]
    files = [file for source in found if shards for file in source.shard_files]
    return [*files, *(source.file("preview.gif") for source in found)]


def shard_names(dataset):
    """Names of the clip shards of ``dataset``: 000, 001, ..."""
    return [f"{shard:03d}" for shard in range(SETS[dataset].shards)]


def feature_shards(model, dataset):
    """Names of the feature shards of ``dataset``, one for each clip shard; without an encoder, one."""
    return shard_names(dataset) if CONFIG.sources[model].network else ["000"]


def models_with(*sources):
    """Wildcard constraint: the models whose weights come from one of ``sources``."""
    networks = CONFIG.networks.items()
    names = [name for name, spec in networks if spec.weights.source in sources]
    return "|".join(names) or "none"


def sources_with(*replaced):
    """Wildcard constraint: features for which a control replaces what is in ``replaced``."""
    variants = {name: source.variant for name, source in CONFIG.sources.items()}
    names = [name for name, one in variants.items() if one and one.control.replaces in replaced]
    return "|".join(names) or "none"


def weights(model):
    """File with the encoder weights of ``model``: built here, or shipped with the checkout; none
    where features have no encoder."""
    if CONFIG.sources[model].network is None:
        return []
    return built_weights(model) or shipped(CONFIG.encoder(model).weights.file)


def built_weights(model):
    """The same, as a rule's input. A shipped file is none: it counts by its content, which is in
    the provenance, and not by its time, which is that of the checkout."""
    if CONFIG.encoder(model).weights.source == "embedded":
        return []
    return f"{OUT}/checkpoints/{CONFIG.sources[model].network}.safetensors"


def precision_file():
    """File with the precision that all features of a run have in common, where no key says it."""
    return f"{OUT}/precision.json" if CONFIG.extraction.precision == "auto" else []


def checkpoint_source(model):
    """Checkpoint of ``model`` as published: a local file, a download, or the word where in the
    hub's cache it is."""
    source = CONFIG.encoder(model).weights
    if source.source == "hub":
        return f"{OUT}/checkpoints/hub/{model}.json"
    return str(local_checkpoint(model) or f"{OUT}/checkpoints/downloads/{source.file}")


def local_checkpoint(model):
    """File of this machine with the published weights of ``model``; None: they are downloaded.
    Only now is it looked for: a figure needs the weights of its models alone."""
    try:
        return find_checkpoint(CONFIG.encoders.checkpoint_dir, CONFIG.encoder(model).weights)
    except ConfigError as error:
        raise WorkflowError(f"model {model!r}: {error}")


def checkpoint_files(model):
    """Files that the local checkpoint of ``model`` stands for: itself, or an index and what it
    names. One that is missing is left to the conversion, which says so."""
    source = local_checkpoint(model)
    try:
        named = files_of(source)
    except ArtifactError as error:
        raise WorkflowError(f"model {model!r}: {error}")
    return [file for file in dict.fromkeys([source, *named]) if file.exists()]


def downloaded(file):
    """Weights of the published checkpoint ``file``: where it is downloaded from, and its digest."""
    sources = [spec.weights for spec in CONFIG.encoders.models.values()]
    return next(s for s in sources if s.source == "checkpoint" and s.file == file)


def stream_files(model, dataset, view, shard):
    """Feature files of one shard in one view: one for each residual stream."""
    return [
        f"{OUT}/features/{model}/{dataset}/{view}/stream_{stream:02d}.shard_{shard}.safetensors"
        for stream in range(CONFIG.layers(model) + 1)
    ]


def feature_files(model, dataset, shard):
    """Feature files of one shard, in every view that the configured probes ask for."""
    views = CONFIG.views(dataset)
    return [file for view in views for file in stream_files(model, dataset, view, shard)]


def fit_views(fit):
    """Views that ``fit`` reads."""
    return VIEWS_OF_POOLING[FITS[fit].spec.pooling]


def features_in(model, dataset, views):
    """Feature files of ``model`` on ``dataset`` in ``views``, shard by shard."""
    return [
        file
        for view in views
        for shard in feature_shards(model, dataset)
        for file in stream_files(model, dataset, view, shard)
    ]


def probe_threads(fit):
    """Threads of a probe job on a CPU: operations on pooled features and of an attentive probe of
    one block are small, and two jobs side by side beat one that shares them out; other probes of
    patch features have large products, worth several cores."""
    spec, solver = FITS[fit].spec, FITS[fit].solver
    one_block = solver.method == "attentive" and solver.depth == 1
    return 4 if spec.pooling.endswith("_patch") and not one_block else 1


def figure_probes(figure):
    """Probe results that ``figure`` shows."""
    return [probe_results(*fit)[0] for fit in shown_fits(figure)]


def sweep_file(sweep, model, dataset):
    """Evidence of a sweep on one network and dataset."""
    return f"{OUT}/sweeps/{sweep}/{model}.{dataset}.parquet"


def sweep_views(sweep, dataset):
    """Views that the recipes of a sweep read of ``dataset``."""
    recipes = (recipe for recipe in CONFIG.swept(sweep) if recipe.spec.dataset == dataset)
    poolings = dict.fromkeys(recipe.spec.pooling for recipe in recipes)
    return list(dict.fromkeys(view for one in poolings for view in VIEWS_OF_POOLING[one]))


def figure_networks(figure):
    """Facts of the models that ``figure`` shows, and of the networks that replace them."""
    networks = dict.fromkeys(network for network, _ in CONFIG.fits_of(figure))
    return {network: model_facts(network) for network in networks}


def figure_controls(figure):
    """Controls of ``figure`` and their seeds."""
    return {name: list(CONFIG.controls[name].seeds) for name in CONFIG.figures[figure].controls}


def figure_recipes(figure):
    """Recipes that ``figure`` shows, and what their protocols are."""
    recipes = [CONFIG.recipes[name] for name in CONFIG.figures[figure].recipes]
    return {
        "recipes": {recipe.name: recipe.to_params() for recipe in recipes},
        "protocols": {
            recipe.protocol: CONFIG.protocols[recipe.protocol].description for recipe in recipes
        },
    }


def page_fits():
    """What the page shows curves of, as (network, fit): all that some figure shows."""
    return list(dict.fromkeys(fit for figure in CONFIG.figures for fit in shown_fits(figure)))


def shown_fits(figure):
    """What `figure` shows, as (network, fit): stop if there is something wrong with it."""
    refuse(figure)
    return CONFIG.fits_of(figure)


def page_datasets():
    """Datasets whose clips the page shows."""
    return sorted({dataset for figure in CONFIG.figures for dataset in figure_datasets(figure)})


def page_benchmarks():
    """Benchmark files of all jobs behind the page."""
    files = [file for figure in CONFIG.figures for file in figure_benchmarks(figure)]
    return list(dict.fromkeys(files))


@cache
def page_inside():
    """Figures of measurements inside networks that the page shows: those that have been drawn. They
    take hours together on a small machine, so that the page asks for none by itself."""
    return [figure for figure in INSIDE_FIGURES if Path(f"{OUT}/figures/{figure}.png").exists()]


def page_audit_files():
    """Files of the audit that the page shows, told apart by their names (`pez.page.audit`): its
    tables, its ledger, predictions and pictures. None of them while no audit is configured."""
    refuse("audit")
    if not CONFIG.audit:
        return []
    calibrations = [audit_calibration(blocks) for blocks in audit_blocks()]
    shown = [audit_predictions(*one) for one in audit_shown()]
    return [AUDIT_SCORES, AUDIT_ESTIMANDS, *calibrations, *audit_files(), *shown]


def figure_datasets(figure):
    """Datasets that the probes of ``figure`` read."""
    return sorted({CONFIG.recipes[name].spec.dataset for name in CONFIG.figures[figure].recipes})


def probe_results(model, fit):
    """Files that a probe job writes."""
    stem = f"{OUT}/probes/{model}/{fit}"
    return [f"{stem}.parquet", f"{stem}.predictions.parquet"]


def picture_files(stem):
    """Files that the drawing of a picture writes: `stem` with their endings."""
    return [f"{stem}.{ending}" for ending in ("png", "svg", "pdf", "csv")]


def figure_files(figure):
    """Files that the drawing of a figure writes."""
    return picture_files(f"{OUT}/figures/{figure}")


def judged_files(figure):
    """Files that the judging of a figure writes."""
    verdict = f"{OUT}/figures/{figure}_verdict"
    return [f"{OUT}/emergence/{figure}.parquet", f"{verdict}.md", f"{verdict}.json"]


def model_facts(model):
    """What a figure says about ``model``."""
    if CONFIG.sources[model].network is None:
        return {"layers": 1, "source": "none", "weights": describe_weights(CONFIG, model)}
    spec = CONFIG.encoder(model)
    if spec.weights.source == "checkpoint":
        checkpoint_source(model)  # named before any job starts, if it is missing
    return {
        "layers": spec.layers,
        "source": "checkpoint" if spec.weights.source == "hub" else spec.weights.source,
        "weights": describe_weights(CONFIG, model),
    }


def clips_facts(figure):
    """What a figure says about the clips behind its probes."""
    datasets = figure_datasets(figure)
    return {
        **frames_facts(datasets),
        "datasets": {name: SETS[name].count for name in datasets},
    }


def frames_facts(datasets):
    """Where the frames of `datasets` come from: what they have in common, or of each in words."""
    frames = {name: SETS[name].frames for name in datasets}
    first, *others = frames.values()
    if any(one != first for one in others):
        words = [f"{one.renderer} ({name})" for name, one in frames.items()]
        return {"renderer": "; ".join(words), "samples": None}
    facts = {"renderer": first.renderer, "samples": first.samples}
    return facts if first.sampling is None else {**facts, "sampling": dict(first.sampling)}


def feature_jobs(model, dataset, views=None):
    """Jobs that make the features of ``model`` on ``dataset``, as (rule, name of the job)."""
    if CONFIG.sources[model].network is None:
        views = views or CONFIG.views(dataset)
        return [("replace_features", f"{model}.{dataset}.{view}") for view in views]
    shards = feature_shards(model, dataset)
    return [("extract_features", f"{model}.{dataset}.{shard}") for shard in shards]


def figure_benchmarks(figure):
    """Benchmark files of the jobs behind ``figure``, as far as they are its own: clips, weights,
    features, probes and the drawing."""
    results = [Path(path) for path in figure_probes(figure)]
    models = sorted({path.parent.name for path in results})
    jobs = [("judge_figure", figure), ("draw_figure", figure)]
    jobs += [("fit_probe", f"{path.parent.name}.{path.stem}") for path in results]
    for dataset in figure_datasets(figure):
        jobs += SETS[dataset].jobs
        jobs += [job for model in models for job in feature_jobs(model, dataset)]
        jobs += [("extract_features", f"{model}.{dataset}.{WHOLE}") for model in models]
    jobs += [
        (rule, model)
        for rule in ("convert_checkpoint", "initialise_encoder", "permute_weights")
        for model in models
    ]
    return [f"{OUT}/benchmarks/{rule}/{job}.tsv" for rule, job in jobs]
