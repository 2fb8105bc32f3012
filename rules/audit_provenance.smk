"""What the files of the audit are made from, as in `provenance.smk`. Functions only."""

@cache
def audit_network_made(model, dataset):
    # inside the job every cell has a fingerprint of its own
    given = audit_network_given(model, dataset)
    features = features_made(model, dataset, AUDIT_VIEWS)
    inputs = [labels_made(dataset)["provenance"], features]
    return made(given, code("audit_network.py", [given, AUDIT_VIEWS]), inputs)


def audit_network_given(model, dataset):
    refuse("audit")
    _, variant = audited(model)
    kinds = {name: kind for kind, name in CONFIG.audit.datasets.items()}
    return {
        # what it shares with other networks: which there are makes no difference to this one
        "audit": CONFIG.audit.model_copy(update={"models": ("any",), "controls": {}, "planted": 1}),
        "kind": kinds[dataset],
        "measured": audit_measured(model),
        "labels": audit_labels() if variant is None else {},
        "solvers": audit_solvers(variant),
        **features_given(model),
    }


@cache
def predict_audit_made(model, dataset):
    given = predict_audit_given(model, dataset)
    features = features_made(model, dataset, AUDIT_VIEWS)
    inputs = [labels_made(dataset)["provenance"], features]
    return made(given, code("predict_audit.py", [given, AUDIT_VIEWS]), inputs)


def predict_audit_given(model, dataset):
    given = audit_network_given(model, dataset)
    return {name: given[name] for name in ("audit", "kind", "layers", "replaced")}


@cache
def gather_audit_made():
    parts = [audit_network_made(*job)["provenance"] for job in audit_jobs()]
    return made({}, code("gather_audit.py"), parts)


@cache
def calibrate_audit_made(blocks):
    given = calibrate_audit_given(blocks)
    return made(given, code("calibrate_audit.py", given), [])


def calibrate_audit_given(blocks):
    return {
        # what the primary cell is, and how finely it is measured; the multiverse has no part in it
        "audit": CONFIG.audit.model_copy(
            update={"models": ("any",), "controls": {}, "axes": AuditAxes(), "cell_draws": 200}
        ),
        "blocks": int(blocks),
        "untrained": len(CONFIG.audit.controls.get("untrained", ())),
    }


@cache
def judge_audit_made():
    given = judge_audit_given()
    calibrations = [calibrate_audit_made(blocks)["provenance"] for blocks in audit_blocks()]
    heads = [measured_made(CONFIG.audit.heads, model)["provenance"] for model in audit_heads()]
    inputs = [gather_audit_made()["provenance"], *calibrations, *heads]
    return made(given, code("judge_audit.py"), inputs)


def judge_audit_given():
    audit = CONFIG.audit
    return {
        "models": {
            model: {
                "weights": describe_weights(CONFIG, model),
                "blocks": CONFIG.layers(model),
                "clips": audit_clips_in_words(),
                "primary": {name: str(value) for name, value in audit.primary.model_dump().items()},
                "training": audit_clips(),
                "folds": audit.folds,
                "settings": len(audit.alphas),
            }
            for model in audit.models
        },
        "primary": {model: audit_primary(model) for model in audit.models},
        "draws": {model: audit_draws(model) for model in audit.models},
        "heads": {
            model: {
                "path": inside_table(audit.heads, model),
                "draws": audit.draws,
                "seed": audit.seed,
            }
            for model in audit_heads()
        },
        "blocks": audit_blocks(),
        "pictures": audit_drawn(),
    }


@cache
def draw_audit_made(model, picture):
    given = draw_audit_given(model)
    return made(given, code("draw_audit.py", [picture]), [judge_audit_made()["provenance"]])


def draw_audit_given(model):
    return {
        "made": {
            "model": model,
            "weights": describe_weights(CONFIG, model),
            "clips": audit_clips_in_words(),
            "seeds": len(CONFIG.audit.controls.get("untrained", ())),
        },
        "style": CONFIG.figure_style,
    }
