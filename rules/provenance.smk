"""What every file is made from. Functions only: the rules stand in the other files.

`..._given` is what a rule's script is given, `..._made` the provenance of its files: a digest of
that, of the code, and of the provenance of the inputs (see docs/cache.md), a parameter of the rule.
"""


def code(script, given=None):
    """Fingerprint of the code that a script reaches when it is given sections and names `given`."""
    return CODE.fingerprint(script, None if given is None else frozenset(names_in(given)))


@cache
def download_made(file):
    given = downloaded(file)
    return made([given.url, given.sha256], code("download_checkpoint.py"), [])


@cache
def fetch_made(model):
    given = CONFIG.encoder(model).weights
    return made(given, code("fetch_from_hub.py", given), [])


@cache
def convert_made(model):
    given = convert_given(model)
    return made(given, code("convert_checkpoint.py", given), [published(model)])


def published(model):
    """What the published weights of `model` are: provenance of a download, or samples of a file."""
    source = CONFIG.encoder(model).weights
    if source.source == "hub":
        return fetch_made(model)["provenance"]
    if local_checkpoint(model):
        return sampled_digest(checkpoint_files(model))
    return download_made(source.file)["provenance"]


def convert_given(model):
    return {
        "encoder": CONFIG.encoder(model),
        "checkpoint_encoder": CONFIG.encoders.checkpoint_encoder,
    }


@cache
def precision_made():
    return made({}, code("choose_precision.py"), [])


@cache
def initialise_made(model):
    given = CONFIG.encoder(model)
    return made(given, code("initialise_encoder.py", given), [])


@cache
def permute_made(model):
    given = permute_given(model)
    inputs = [weights_provenance(permuted_from(model))]
    return made(given, code("permute_weights.py", given), inputs)


def permute_given(model):
    """Every field: the file of the weights records them."""
    return CONFIG.encoder(model).weights.model_dump(mode="json")


def permuted_from(model):
    """The model whose weights those of `model` are, permuted."""
    return CONFIG.encoder(model).weights.of


@cache
def weights_provenance(model):
    """What the weights of `model` are: provenance of their file, or content of a shipped one."""
    model = CONFIG.sources[model].network
    weights = CONFIG.encoder(model).weights
    match weights.source:
        case "embedded":
            return digest_of_file(CHECKOUT / weights.file)
        case "random":
            return initialise_made(model)["provenance"]
        case "permuted":
            return permute_made(model)["provenance"]
    return convert_made(model)["provenance"]


@cache
def extract_made(model, dataset):
    # every view counts: which of them are wanted is told by the files, and changes none of them
    given = extract_given(model)
    inputs = [clips_made(dataset)["provenance"], weights_provenance(model)]
    return made(given, code("extract_features.py", [given, VIEWS]), inputs)


def extract_given(model):
    given = {
        "model": model,
        "encoder": CONFIG.encoder(model),
        "extraction": CONFIG.extraction,
    }
    return given | control_given(model)


@cache
def fit_made(model, fit):
    # names that stand at their defaults are none of the parameters, and count all the same
    given, recipe = fit_given(model, fit), FITS[fit]
    views = VIEWS_OF_POOLING[recipe.spec.pooling]
    names, dataset = [recipe.choices(), views], recipe.spec.dataset
    inputs = [labels_made(dataset)["provenance"], features_made(model, dataset, views)]
    return made(given, code("fit_probe.py", names), inputs)


def fit_given(model, fit):
    return {
        "recipe": FITS[fit].to_params(),
        "measured": CONFIG.measured(model, fit),
        **features_given(model),
    }


def features_given(model):
    """What is to be known of the features of `model` to read them."""
    return {
        "layers": CONFIG.layers(model),
        "width": CONFIG.width(model),
        "replaced": control_given(model).get("replaced"),
    }


@cache
def sweep_made(sweep, model, dataset):
    # the names of all its recipes: inside the job every cell has the fingerprint of its own
    given = sweep_given(sweep, model, dataset)
    bases = [CONFIG.recipes[name].choices() for name in CONFIG.sweeps[sweep].recipes]
    names = [given, bases, VIEWS]
    features = features_made(model, dataset, sweep_views(sweep, dataset))
    return made(given, code("fit_sweep.py", names), [labels_made(dataset)["provenance"], features])


def sweep_given(sweep, model, dataset):
    spec = CONFIG.sweeps[sweep]
    bases = [CONFIG.recipes[name] for name in spec.recipes]
    measured = CONFIG.measured(model, bases[0].name)
    labels = [name for name in spec.controls if find_control(name).replaces == "labels"]
    named = {recipe.spec.solver for recipe in CONFIG.swept(sweep)}
    return {
        "recipes": [recipe.to_params() for recipe in bases],
        "axes": spec.axes,
        "solvers": {name: CONFIG.solvers[name] for name in sorted(named)},
        # one thing is replaced at a time
        "labels": (
            {name: list(CONFIG.controls[name].seeds) for name in labels}
            if measured == {"model": model}
            else {}
        ),
        "measured": measured,
        **features_given(model),
    }


@cache
def gather_sweep_made(sweep):
    parts = [sweep_made(sweep, *job)["provenance"] for job in CONFIG.sweep_jobs(sweep)]
    return made({}, code("gather_sweep.py"), parts)


@cache
def judge_made(figure):
    given = judge_given(figure)
    names = [given, [CONFIG.recipes[name].choices() for name in given["recipes"]]]
    tables = [digest_of_file(CHECKOUT / table) for table in REFERENCES.values()]
    probes = [fit_made(model, fit)["provenance"] for model, fit in CONFIG.fits_of(figure)]
    return made(given, code("judge_figure.py", names), tables + probes)


def judge_given(figure):
    refuse(figure)
    spec = CONFIG.figures[figure]
    return {
        "kind": spec.kind,
        "title": spec.title,
        "shown": list(spec.models),
        "scores": list(spec.scores(CONFIG.recipes[name].spec for name in spec.recipes)),
        "subsets": list(spec.subsets),
        "recipes": figure_recipes(figure)["recipes"],
        "models": figure_networks(figure),
        "controls": figure_controls(figure),
        "clips": clips_facts(figure),
    }


@cache
def draw_made(figure):
    given = draw_given(figure)
    names = [given, [CONFIG.recipes[name].choices() for name in given["recipes"]]]
    return made(given, code("draw_figure.py", names), [judge_made(figure)["provenance"]])


def draw_given(figure):
    refuse(figure)
    return {
        "kind": CONFIG.figures[figure].kind,
        "figure": CONFIG.figures[figure],
        "style": CONFIG.figure_style,
        **figure_recipes(figure),
        "models": figure_networks(figure),
        "controls": figure_controls(figure),
    }


@cache
def page_made():
    given = page_given()
    known = {name: given[name] for name in given if name != "configuration"}
    names = [known, [CONFIG.recipes[name].choices() for name in given["recipes"]]]
    parts = [
        *(digest_of_file(file) for file in page_templates()),
        *(draw_made(figure)["provenance"] for figure in CONFIG.figures),
        *(fit_made(*fit)["provenance"] for fit in page_fits()),
        *(clips_made(dataset)["provenance"] for dataset in page_datasets()),
        *page_audit_provenance(),
        *(draw_inside_made(figure)["provenance"] for figure in page_inside()),
    ]
    return made(given, code("write_page.py", names), parts)


def page_given():
    specs = CONFIG.figures.items()
    recipes = dict.fromkeys(name for _, spec in specs for name in spec.recipes)
    controls = [name for name in CONFIG.controls if any(name in spec.controls for _, spec in specs)]
    networks = dict.fromkeys(network for network, _ in page_fits())
    return {
        "figures": {
            figure: {"title": spec.title, "recipes": list(spec.recipes)} for figure, spec in specs
        },
        "recipes": {name: CONFIG.recipes[name].to_params() for name in recipes},
        "controls": {name: list(CONFIG.controls[name].seeds) for name in controls},
        "models": {network: model_facts(network) for network in networks},
        "datasets": page_datasets(),
        "inside": page_inside(),
        "configuration": config,
    }


def page_templates():
    """Files of the page that are no code of Python: they count by their content."""
    files = sorted((SCRIPTS / "pez/page").glob("*/*"))
    return [file for file in files if file.suffix in (".html", ".css", ".js")]


def page_audit_provenance():
    """Provenance of `page_audit_files`."""
    if not CONFIG.audit:
        return []
    shown = [predict_audit_made(*one)["provenance"] for one in audit_shown()]
    return [*shown, *(draw_audit_made(*drawn)["provenance"] for drawn in audit_pictures())]


@cache
def timings_made(figure):
    given = figure_benchmarks(figure)
    return made(given, code("summarise_timings.py"), [draw_made(figure)["provenance"]])


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
    return made(given, code("draw_pretraining.py", given), [pretrain_made()["provenance"]])
