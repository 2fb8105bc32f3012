"""The audit: every protocol at once on every network, and the claims judged in the primary cell."""


rule audit_network:
    input:
        labels=lambda wildcards: ready(wildcards.dataset).labels,
        features=lambda wildcards: ancient(
            features_in(wildcards.model, wildcards.dataset, AUDIT_VIEWS)
        ),
        weights=lambda wildcards: ancient(weights(wildcards.model)),
        notes=lambda wildcards: feature_notes(wildcards.model, wildcards.dataset, AUDIT_VIEWS),
        stands=lambda wildcards: stands(
            audit_network_made(wildcards.model, wildcards.dataset),
            note("audit_network", f"{wildcards.model}.{wildcards.dataset}"),
            audit_network_files(wildcards.model, wildcards.dataset),
        ),
    output:
        cells=f"{OUT}/audit/networks/{{model}}.{{dataset}}.parquet",
        primary=f"{OUT}/audit/networks/{{model}}.{{dataset}}.primary.safetensors",
        draws=f"{OUT}/audit/networks/{{model}}.{{dataset}}.draws.safetensors",
        note=note("audit_network", "{model}.{dataset}"),
    log:
        f"{OUT}/logs/audit_network/{{model}}.{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/audit_network/{{model}}.{{dataset}}.tsv"
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        gpu=lambda wildcards: int(bool(audit_solvers(audited(wildcards.model)[1]))),
        mem_mb=6000,
        runtime=240,
    params:
        audit=lambda wildcards: values(audit_network_given(wildcards.model, wildcards.dataset)),
        # functions of the input, as in the rule fit_sweep
        cells=lambda wildcards, input: f"{OUT}/audit/cells/{wildcards.model}.{wildcards.dataset}",
        choices=lambda wildcards, input: sorted(CHOICES),
        made=lambda wildcards: audit_network_made(wildcards.model, wildcards.dataset),
    message:
        "Audit of {wildcards.model} on {wildcards.dataset}"
    script:
        "../workflow_scripts/audit_network.py"


rule gather_audit:
    input:
        cells=lambda wildcards: [audit_network_files(*job)[0] for job in audit_jobs()],
        stands=lambda wildcards: stands(
            gather_audit_made(), note("gather_audit", "audit"), [AUDIT_SCORES, AUDIT_ESTIMANDS]
        ),
    output:
        scores=AUDIT_SCORES,
        estimands=AUDIT_ESTIMANDS,
        note=note("gather_audit", "audit"),
    log:
        f"{OUT}/logs/gather_audit/audit.log",
    benchmark:
        f"{OUT}/benchmarks/gather_audit/audit.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        made=lambda wildcards: gather_audit_made(),
    message:
        "Scores and estimands of the audit"
    script:
        "../workflow_scripts/gather_audit.py"


rule calibrate_audit:
    input:
        stands=lambda wildcards: stands(
            calibrate_audit_made(wildcards.blocks),
            note("calibrate_audit", f"{wildcards.blocks}_blocks"),
            [audit_calibration(wildcards.blocks)],
        ),
    output:
        calibration=audit_calibration("{blocks}"),
        note=note("calibrate_audit", "{blocks}_blocks"),
    log:
        f"{OUT}/logs/calibrate_audit/{{blocks}}_blocks.log",
    benchmark:
        f"{OUT}/benchmarks/calibrate_audit/{{blocks}}_blocks.tsv"
    wildcard_constraints:
        blocks=r"\d+",
    priority: 1  # the longest job that waits for nothing
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=120,
    params:
        calibration=lambda wildcards: values(calibrate_audit_given(wildcards.blocks)),
        made=lambda wildcards: calibrate_audit_made(wildcards.blocks),
    message:
        "Criteria of the audit on planted networks of {wildcards.blocks} blocks"
    script:
        "../workflow_scripts/calibrate_audit.py"


rule judge_audit:
    input:
        scores=AUDIT_SCORES,
        estimands=AUDIT_ESTIMANDS,
        primary=lambda wildcards: [audit_network_files(*job)[1] for job in audit_jobs()],
        draws=lambda wildcards: [file for model in audit_models() for file in audit_draws(model)],
        calibration=lambda wildcards: [audit_calibration(blocks) for blocks in audit_blocks()],
        heads=lambda wildcards: [inside_table(CONFIG.audit.heads, model) for model in audit_heads()],
        stands=lambda wildcards: stands(
            judge_audit_made(), note("judge_audit", "audit"), judge_audit_files()
        ),
    output:
        ledger=AUDIT_LEDGER,
        markdown=f"{OUT}/audit/ledger.md",
        tables=[audit_table(*drawn) for drawn in audit_pictures()],
        note=note("judge_audit", "audit"),
    log:
        f"{OUT}/logs/judge_audit/audit.log",
    benchmark:
        f"{OUT}/benchmarks/judge_audit/audit.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        judging=lambda wildcards: values(judge_audit_given()),
        made=lambda wildcards: judge_audit_made(),
    message:
        "Claims of the audit"
    script:
        "../workflow_scripts/judge_audit.py"


rule draw_audit:
    input:
        table=audit_table("{model}", "{picture}"),
        stands=lambda wildcards: stands(
            draw_audit_made(wildcards.model, wildcards.picture),
            note("draw_audit", f"{wildcards.model}.{wildcards.picture}"),
            audit_picture_files(wildcards.model, wildcards.picture),
        ),
    output:
        png=report(
            f"{OUT}/audit/{{model}}/{{picture}}.png",
            caption="captions/audit.rst",
            category="Audit",
            labels={"model": "{model}", "picture": "{picture}"},
        ),
        svg=f"{OUT}/audit/{{model}}/{{picture}}.svg",
        pdf=f"{OUT}/audit/{{model}}/{{picture}}.pdf",
        csv=f"{OUT}/audit/{{model}}/{{picture}}.csv",
        note=note("draw_audit", "{model}.{picture}"),
    log:
        f"{OUT}/logs/draw_audit/{{model}}.{{picture}}.log",
    benchmark:
        f"{OUT}/benchmarks/draw_audit/{{model}}.{{picture}}.tsv"
    wildcard_constraints:
        picture="|".join(AUDIT_PICTURES),
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        drawing=lambda wildcards: values(draw_audit_given(wildcards.model)),
        made=lambda wildcards: draw_audit_made(wildcards.model, wildcards.picture),
    message:
        "Audit of {wildcards.model}: {wildcards.picture}"
    script:
        "../workflow_scripts/draw_audit.py"


rule predict_audit:
    input:
        labels=lambda wildcards: ready(wildcards.dataset).labels,
        features=lambda wildcards: ancient(
            features_in(wildcards.model, wildcards.dataset, AUDIT_VIEWS)
        ),
        weights=lambda wildcards: ancient(weights(wildcards.model)),
        notes=lambda wildcards: feature_notes(wildcards.model, wildcards.dataset, AUDIT_VIEWS),
        stands=lambda wildcards: stands(
            predict_audit_made(wildcards.model, wildcards.dataset),
            note("predict_audit", f"{wildcards.model}.{wildcards.dataset}"),
            [audit_predictions(wildcards.model, wildcards.dataset)],
        ),
    output:
        predictions=audit_predictions("{model}", "{dataset}"),
        note=note("predict_audit", "{model}.{dataset}"),
    log:
        f"{OUT}/logs/predict_audit/{{model}}.{{dataset}}.log",
    benchmark:
        f"{OUT}/benchmarks/predict_audit/{{model}}.{{dataset}}.tsv"
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=4000,
        runtime=30,
    params:
        audit=lambda wildcards: values(predict_audit_given(wildcards.model, wildcards.dataset)),
        made=lambda wildcards: predict_audit_made(wildcards.model, wildcards.dataset),
    message:
        "Predictions of the audit: {wildcards.model} on {wildcards.dataset}"
    script:
        "../workflow_scripts/predict_audit.py"
