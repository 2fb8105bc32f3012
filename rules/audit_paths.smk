"""What the audit reads and writes. Functions only: the rules stand in `audit.smk`."""

AUDIT_VIEWS = ("tubelet_mean",)  # of the features of every network
AUDIT_SCORES = f"{OUT}/audit/scores.parquet"
AUDIT_ESTIMANDS = f"{OUT}/audit/estimands.parquet"
AUDIT_LEDGER = f"{OUT}/audit/ledger.json"
AUDIT_PICTURES = (
    "claims",
    "specification",
    "states",
    "shares",
    "clips_needed",
    "optimism",
    "calibration",
)


def audit_models():
    """Models that are audited."""
    return list(CONFIG.audit.models) if CONFIG.audit else []


def audit_jobs():
    """What is measured, as (network, dataset); models may have controls in common."""
    return list(dict.fromkeys(job for model in audit_models() for job in CONFIG.audit_jobs(model)))


@cache
def audited(network):
    """The model that is asked about where the audit reads `network`, and what replaces it there;
    None: nothing does."""
    found = {model: CONFIG.audited(model) for model in audit_models()}
    return next((model, own[network]) for model, own in found.items() if network in own)


def audit_measured(network):
    """Model, control and seed that `network` stands for in the tables of the audit."""
    model, variant = audited(network)
    if variant is None:
        return {"model": model, "control": "none", "seed": None}
    return variant.stands_for(model)


def audit_labels():
    """Controls with other labels that the audit measures beside every model, and their seeds."""
    controls = CONFIG.audit.controls.items()
    return {
        name: list(seeds) for name, seeds in controls if find_control(name).replaces == "labels"
    }


def audit_solvers(variant):
    """Solvers that descend gradients, by name: for a model and its first untrained network."""
    untrained = CONFIG.audit.controls.get("untrained", ())[:1]
    shown = variant is None or (variant.control.name == "untrained" and variant.seed in untrained)
    names = CONFIG.audit.gradient.solver if shown else ()
    return {name: CONFIG.solvers[name] for name in names}


def audit_network_files(model, dataset):
    """Files that the audit writes of one network and dataset: all cells, the primary one, and
    draws of all."""
    stem = f"{OUT}/audit/networks/{model}.{dataset}"
    return [f"{stem}.parquet", f"{stem}.primary.safetensors", f"{stem}.draws.safetensors"]


def audit_heads():
    """Models of the audit in which the measurement that C10 rests on takes heads away."""
    looked = CONFIG.inside[CONFIG.audit.heads].models if CONFIG.audit.heads else ()
    return [model for model in audit_models() if model in looked]


def audit_primary(model):
    """Files of the primary cell of `model`, by control; `none` for the model itself."""
    found = {}
    for network, dataset in CONFIG.audit_jobs(model):
        control = audit_measured(network)["control"]
        found.setdefault(control, []).append(audit_network_files(network, dataset)[1])
    return found


def audit_draws(model):
    """Files of the draws of `model` itself and of its untrained networks."""
    return [
        audit_network_files(network, dataset)[2]
        for network, dataset in CONFIG.audit_jobs(model)
        if audit_measured(network)["control"] in ("none", "untrained")
    ]


def audit_predictions(model, dataset):
    """Predictions of some cells on `model`, for the page."""
    return f"{OUT}/audit/predictions/{model}.{dataset}.safetensors"


def audit_shown():
    """What predictions are written of, as (model, dataset)."""
    return list(product(audit_models(), CONFIG.audit.datasets.values()))


def audit_blocks():
    """Numbers of blocks of the audited models: criteria are calibrated on networks as deep."""
    return list(dict.fromkeys(CONFIG.layers(model) for model in audit_models()))


def audit_calibration(blocks):
    """Table of what criteria are worth on planted networks of `blocks` blocks."""
    return f"{OUT}/audit/calibration/{blocks}_blocks.parquet"


def audit_drawn():
    """Pictures that there is something to draw in."""
    audit = CONFIG.audit
    direction = audit.velocity and any(
        target.startswith("direction") for target in audit.axes.target
    )
    lacking = {
        "specification": not direction,
        "states": not direction,
        "shares": not direction,
        "clips_needed": not audit.clips,
        "optimism": not {"validation", "nested"} <= set(audit.axes.selection),
    }
    return [picture for picture in AUDIT_PICTURES if not lacking.get(picture)]


def audit_pictures():
    """Pictures of the audit, as (model, picture)."""
    return list(product(audit_models(), audit_drawn())) if CONFIG.audit else []


def audit_table(model, picture):
    """What a picture of the audit is drawn from."""
    return f"{OUT}/audit/{model}/{picture}.parquet"


def audit_picture_files(model, picture):
    """Files that the drawing of a picture writes."""
    return picture_files(f"{OUT}/audit/{model}/{picture}")


def judge_audit_files():
    """Files that the judging of the audit writes."""
    tables = [audit_table(*drawn) for drawn in audit_pictures()]
    return [AUDIT_LEDGER, f"{OUT}/audit/ledger.md", *tables]


def audit_clips():
    """Training clips of every dataset where none are left out."""
    audit = CONFIG.audit
    return {
        name: round(SETS[name].count * (1 - 1 / audit.folds)) for name in audit.datasets.values()
    }


def audit_clips_in_words():
    """Which clips the audit reads."""
    names = CONFIG.audit.datasets.values()
    return ", ".join(f"{SETS[name].count} {name} clips" for name in names)


def audit_files():
    """Everything that the target `audit` makes."""
    refuse("audit")
    drawn = [audit_picture_files(*drawn)[0] for drawn in audit_pictures()]
    return [AUDIT_LEDGER, f"{OUT}/audit/ledger.md", *drawn] if CONFIG.audit else []


def audit_missing():
    """Stop where nothing says what is to be audited."""
    raise WorkflowError("target audit: the configuration has no section audit; see config.yaml")
