"""Measurements inside networks, then pictures and verdicts: a pass of their own through each network,
a look at its stored features, or predictors trained on it that score movies."""


rule measure_inside:
    input:
        clips=lambda wildcards: ancient(inside_dataset(wildcards.measurement).shard_files),
        clip_notes=lambda wildcards: clip_notes(inside_dataset(wildcards.measurement).name),
        labels=lambda wildcards: inside_dataset(wildcards.measurement).labels,
        trajectories=lambda wildcards: ancient(inside_trajectories(wildcards.measurement)),
        objects=lambda wildcards: ancient(inside_objects(wildcards.measurement)),
        precision=precision_file(),
        weights=lambda wildcards: ancient(built_weights(wildcards.model)),
        weights_note=lambda wildcards: weights_note(wildcards.model),
        stands=lambda wildcards: stands(
            measure_inside_made(wildcards.measurement, wildcards.model),
            note("measure_inside", f"{wildcards.measurement}.{wildcards.model}"),
            [inside_table(wildcards.measurement, wildcards.model)],
        ),
    output:
        table=inside_table("{measurement}", "{model}"),
        note=note("measure_inside", "{measurement}.{model}"),
    log:
        f"{OUT}/logs/measure_inside/{{measurement}}.{{model}}.log",
    benchmark:
        f"{OUT}/benchmarks/measure_inside/{{measurement}}.{{model}}.tsv"
    wildcard_constraints:
        measurement=measurements("clips"),
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=60,
    params:
        inside=lambda wildcards: values(
            measure_inside_given(wildcards.measurement, wildcards.model)
        ),
        # a function of the input, as in the rules of the extraction
        weights=lambda wildcards, input: weights(wildcards.model),
        made=lambda wildcards: measure_inside_made(wildcards.measurement, wildcards.model),
    message:
        "Inside {wildcards.model}: {wildcards.measurement}"
    script:
        "../workflow_scripts/measure_inside.py"


rule measure_features:
    input:
        labels=lambda wildcards: [
            SETS[dataset].labels for dataset in inside_read(wildcards.measurement)
        ],
        features=lambda wildcards: ancient(
            [
                file
                for dataset in inside_read(wildcards.measurement)
                for file in features_in(wildcards.model, dataset, INSIDE_VIEWS)
            ]
        ),
        weights=lambda wildcards: ancient(weights(wildcards.model)),
        notes=lambda wildcards: [
            note
            for dataset in inside_read(wildcards.measurement)
            for note in feature_notes(wildcards.model, dataset, INSIDE_VIEWS)
        ],
        stands=lambda wildcards: stands(
            measure_features_made(wildcards.measurement, wildcards.model),
            note("measure_features", f"{wildcards.measurement}.{wildcards.model}"),
            [inside_table(wildcards.measurement, wildcards.model)],
        ),
    output:
        table=inside_table("{measurement}", "{model}"),
        note=note("measure_features", "{measurement}.{model}"),
    log:
        f"{OUT}/logs/measure_features/{{measurement}}.{{model}}.log",
    benchmark:
        f"{OUT}/benchmarks/measure_features/{{measurement}}.{{model}}.tsv"
    wildcard_constraints:
        measurement=measurements("features"),
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=120,
    params:
        measuring=lambda wildcards: values(
            measure_features_given(wildcards.measurement, wildcards.model)
        ),
        made=lambda wildcards: measure_features_made(wildcards.measurement, wildcards.model),
    message:
        "In the features of {wildcards.model}: {wildcards.measurement}"
    script:
        "../workflow_scripts/measure_features.py"


rule train_predictors:
    input:
        precision=precision_file(),
        weights=lambda wildcards: ancient(built_weights(wildcards.model)),
        weights_note=lambda wildcards: weights_note(wildcards.model),
        stands=lambda wildcards: stands(
            train_predictors_made(wildcards.measurement, wildcards.model),
            note("train_predictors", f"{wildcards.measurement}.{wildcards.model}"),
            predictor_files(wildcards.measurement, wildcards.model),
        ),
    output:
        predictors=predictor_files("{measurement}", "{model}")[0],
        log=predictor_files("{measurement}", "{model}")[1],
        note=note("train_predictors", "{measurement}.{model}"),
    log:
        f"{OUT}/logs/train_predictors/{{measurement}}.{{model}}.log",
    benchmark:
        f"{OUT}/benchmarks/train_predictors/{{measurement}}.{{model}}.tsv"
    wildcard_constraints:
        measurement=measurements("movies"),
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=120,
    params:
        training=lambda wildcards: values(
            train_predictors_given(wildcards.measurement, wildcards.model)
        ),
        # a function of the input, as in the rules of the extraction
        weights=lambda wildcards, input: weights(wildcards.model),
        made=lambda wildcards: train_predictors_made(wildcards.measurement, wildcards.model),
    message:
        "Training predictors on {wildcards.model}: {wildcards.measurement}"
    script:
        "../workflow_scripts/train_predictors.py"


rule score_movies:
    input:
        predictors=lambda wildcards: ancient(
            predictor_files(wildcards.measurement, wildcards.model)[0]
        ),
        predictors_note=note("train_predictors", "{measurement}.{model}"),
        movies=lambda wildcards: ancient(inside_dataset(wildcards.measurement).movie_files),
        notes=lambda wildcards: movie_notes(inside_dataset(wildcards.measurement).name),
        labels=lambda wildcards: inside_dataset(wildcards.measurement).labels,
        precision=precision_file(),
        weights=lambda wildcards: ancient(built_weights(wildcards.model)),
        weights_note=lambda wildcards: weights_note(wildcards.model),
        stands=lambda wildcards: stands(
            score_movies_made(wildcards.measurement, wildcards.model),
            note("score_movies", f"{wildcards.measurement}.{wildcards.model}"),
            [inside_table(wildcards.measurement, wildcards.model)],
        ),
    output:
        table=inside_table("{measurement}", "{model}"),
        note=note("score_movies", "{measurement}.{model}"),
    log:
        f"{OUT}/logs/score_movies/{{measurement}}.{{model}}.log",
    benchmark:
        f"{OUT}/benchmarks/score_movies/{{measurement}}.{{model}}.tsv"
    wildcard_constraints:
        measurement=measurements("movies"),
    conda:
        "../envs/encoders.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=240,
    params:
        scoring=lambda wildcards: values(score_movies_given(wildcards.measurement, wildcards.model)),
        root=lambda wildcards: inside_dataset(wildcards.measurement).root,
        weights=lambda wildcards, input: weights(wildcards.model),
        made=lambda wildcards: score_movies_made(wildcards.measurement, wildcards.model),
    message:
        "Surprise of movies in {wildcards.model}: {wildcards.measurement}"
    script:
        "../workflow_scripts/score_movies.py"


rule judge_inside:
    input:
        tables=lambda wildcards: inside_tables(wildcards.inside_figure),
        stands=lambda wildcards: stands(
            judge_inside_made(wildcards.inside_figure),
            note("judge_inside", wildcards.inside_figure),
            judged_files(wildcards.inside_figure),
        ),
    output:
        series=f"{OUT}/emergence/{{inside_figure}}.parquet",
        verdict_md=f"{OUT}/figures/{{inside_figure}}_verdict.md",
        verdict_json=f"{OUT}/figures/{{inside_figure}}_verdict.json",
        note=note("judge_inside", "{inside_figure}"),
    log:
        f"{OUT}/logs/judge_inside/{{inside_figure}}.log",
    benchmark:
        f"{OUT}/benchmarks/judge_inside/{{inside_figure}}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        judging=lambda wildcards: values(judge_inside_given(wildcards.inside_figure)),
        made=lambda wildcards: judge_inside_made(wildcards.inside_figure),
    message:
        "Judging {wildcards.inside_figure}"
    script:
        "../workflow_scripts/judge_inside.py"


rule draw_inside:
    input:
        series=f"{OUT}/emergence/{{inside_figure}}.parquet",
        stands=lambda wildcards: stands(
            draw_inside_made(wildcards.inside_figure),
            note("draw_inside", wildcards.inside_figure),
            figure_files(wildcards.inside_figure),
        ),
    output:
        png=report(
            f"{OUT}/figures/{{inside_figure}}.png",
            caption="captions/inside.rst",
            category="Inside networks",
            labels={"figure": "{inside_figure}"},
        ),
        svg=f"{OUT}/figures/{{inside_figure}}.svg",
        pdf=f"{OUT}/figures/{{inside_figure}}.pdf",
        csv=f"{OUT}/figures/{{inside_figure}}.csv",
        note=note("draw_inside", "{inside_figure}"),
    log:
        f"{OUT}/logs/draw_inside/{{inside_figure}}.log",
    benchmark:
        f"{OUT}/benchmarks/draw_inside/{{inside_figure}}.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        drawing=lambda wildcards: values(draw_inside_given(wildcards.inside_figure)),
        made=lambda wildcards: draw_inside_made(wildcards.inside_figure),
    message:
        "Drawing {wildcards.inside_figure}"
    script:
        "../workflow_scripts/draw_inside.py"
