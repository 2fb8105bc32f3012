"""What measurements inside networks read and write, and what it is made from.

Functions only: the rules stand in `inside.smk`.
"""

INSIDE_FIGURES = CONFIG.inside_figures
INSIDE_VIEWS = ("tubelet_mean",)  # of the features that measurements read


def measurements(of):
    """Wildcard constraint: measurements that run networks on clips, read features, or score movies."""
    names = [name for name, spec in CONFIG.inside.items() if measured_of(spec) == of]
    return "|".join(names) or "none"


def measured_of(spec):
    """What a measurement looks at: clips, features or movies."""
    if isinstance(spec, MoviesSpec):
        return "movies"
    return "features" if spec.of_features else "clips"


def inside_table(measurement, model):
    """What a measurement found in one network."""
    return f"{OUT}/inside/{measurement}/{model}.parquet"


def inside_tables(figure):
    """Tables of all networks that the measurement behind `figure` looks into."""
    refuse(figure)
    measurement = INSIDE_FIGURES[figure]
    return [
        inside_table(measurement, network) for network in looked_into(CONFIG.inside[measurement])
    ]


def predictor_files(measurement, model):
    """Predictors that a measurement trains on a network, and the log of their training."""
    stem = f"{OUT}/inside/{measurement}/predictors/{model}"
    return [f"{stem}.safetensors", f"{stem}.log.parquet"]


def inside_dataset(measurement):
    """The dataset whose clips a measurement looks at, which is asked for now."""
    return ready(CONFIG.inside[measurement].dataset)


def inside_trajectories(measurement):
    """Where the ball is, for a measurement that asks; the labels' job makes them too."""
    if not CONFIG.inside[measurement].reads_trajectories:
        return []
    return [inside_dataset(measurement).file("trajectories.parquet")]


def inside_read(measurement):
    """Datasets whose features a measurement reads, which are asked for now."""
    return [ready(name).name for name in CONFIG.inside[measurement].read_from()]


def inside_objects(measurement):
    """Where each of several objects is, for a measurement that asks; the labels' job says so."""
    if not CONFIG.inside[measurement].reads_objects:
        return []
    return [inside_dataset(measurement).objects_table]


@cache
def measure_inside_made(measurement, model):
    given = measure_inside_given(measurement, model)
    dataset = CONFIG.inside[measurement].dataset
    inputs = [
        labels_made(dataset)["provenance"],
        clips_made(dataset)["provenance"],
        weights_provenance(model),
    ]
    return made(given, code("measure_inside.py", given), inputs)


def measure_inside_given(measurement, model):
    spec = CONFIG.inside[measurement]
    scene = {"scene": SETS[spec.dataset].scene} if spec.reads_trajectories else {}
    return {"spec": spec.alone(), **scene, **extract_given(model)}


@cache
def measure_features_made(measurement, model):
    given = measure_features_given(measurement, model)
    inputs = []
    for dataset in inside_read(measurement):
        inputs.append(labels_made(dataset)["provenance"])
        inputs.append(features_made(model, dataset, INSIDE_VIEWS))
    return made(given, code("measure_features.py", [given, INSIDE_VIEWS]), inputs)


def measure_features_given(measurement, model):
    return {"spec": CONFIG.inside[measurement].alone(), **features_given(model)}


@cache
def train_predictors_made(measurement, model):
    given = train_predictors_given(measurement, model)
    return made(given, code("train_predictors.py", given), [weights_provenance(model)])


def train_predictors_given(measurement, model):
    return {"predictors": CONFIG.inside[measurement].predictors, **extract_given(model)}


@cache
def score_movies_made(measurement, model):
    given = score_movies_given(measurement, model)
    inputs = [
        labels_made(CONFIG.inside[measurement].dataset)["provenance"],
        weights_provenance(model),
        train_predictors_made(measurement, model)["provenance"],
    ]
    return made(given, code("score_movies.py", given), inputs)


def score_movies_given(measurement, model):
    return {"spec": CONFIG.inside[measurement].alone(), **extract_given(model)}


def measured_made(measurement, model):
    """What the table of a measurement in one network is made from."""
    match measured_of(CONFIG.inside[measurement]):
        case "movies":
            return score_movies_made(measurement, model)
        case "features":
            return measure_features_made(measurement, model)
    return measure_inside_made(measurement, model)


@cache
def judge_inside_made(figure):
    given = judge_inside_given(figure)
    measurement = INSIDE_FIGURES[figure]
    networks = looked_into(CONFIG.inside[measurement])
    parts = [measured_made(measurement, network)["provenance"] for network in networks]
    return made(given, code("judge_inside.py", given), parts)


def judge_inside_given(figure):
    refuse(figure)
    spec = CONFIG.inside[INSIDE_FIGURES[figure]]
    frames = {**frames_facts([spec.dataset]), "datasets": {}}
    return {
        "spec": spec.model_copy(update={"figures": {figure: spec.figures[figure]}}),
        "models": {model: model_facts(model) for model in spec.models},
        # whole movies, and not the frames of them that make clips
        "frames": frames | ({"sampling": None} if isinstance(spec, MoviesSpec) else {}),
    }


@cache
def draw_inside_made(figure):
    given = draw_inside_given(figure)
    return made(given, code("draw_inside.py", given), [judge_inside_made(figure)["provenance"]])


def draw_inside_given(figure):
    refuse(figure)
    spec = CONFIG.inside[INSIDE_FIGURES[figure]]
    return {
        "picture": spec.figures[figure],
        "controls": list(spec.controls),  # whose looks it draws
        "models": {model: model_facts(model)["weights"] for model in spec.models},
        "style": CONFIG.figure_style,
    }
