# Model -> lineage audit -> predictions -> scores -> a study's tables. Evaluations that ask the very
# same share audit and predictions, which have the name of one of them (`PLAN.audited`).


rule audit:
    """No training behind a model saw the subjects it is tested on, no class is missing there."""
    input:
        splits=lambda w: PLAN.lineage_tables(w.entry)
        + list(map(ancient, PLAN.shipped_splits(w.entry))),
        segments=lambda w: PLAN.lineage_segments(w.entry)
        + list(map(ancient, PLAN.shipped_segments(w.entry))),
        counts=lambda w: PLAN.split_audit(CONFIG.evaluations[w.entry].split),
    output:
        f"{RESULTS}/audits/{{entry}}.json",
    log:
        f"{RESULTS}/logs/audit/{{entry}}.log",
    wildcard_constraints:
        entry=PLAN.audited(),
    priority: 100
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        spec=spec("audit"),
        code=code("audit"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/audit.py" --spec {params.spec:q} --splits {input.splits:q}'
        " --segments {input.segments:q} --counts {input.counts:q} --out {output:q} 2>> {log:q}"


rule predict:
    """What a network says of each segment, saved, so that metrics can be added later."""
    input:
        model=lambda w: PLAN.evaluated_model(w.entry, w.repeat),
        segments=lambda w: PLAN.segments(CONFIG.evaluations[w.entry].split),
        split=lambda w: PLAN.split(CONFIG.evaluations[w.entry].split),
        audit=f"{RESULTS}/audits/{{entry}}.json",
    output:
        f"{RESULTS}/predictions/{{entry}}/{{repeat}}.parquet",
    log:
        f"{RESULTS}/logs/predict/{{entry}}/{{repeat}}.log",
    wildcard_constraints:
        entry=PLAN.networks_evaluated(),
    conda:
        CONDA
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        spec=spec("predict"),
        code=code("predict"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/predict.py" --spec {params.spec:q} --segments {input.segments:q}'
        " --split {input.split:q} --model {input.model:q}"
        ' --looks "$RESULTS/looks.jsonl" --out {output:q} 2>> {log:q}'


rule baseline:
    """What a network must beat: fitted on the same training part, asked of the same segments."""
    input:
        segments=lambda w: PLAN.segments(CONFIG.evaluations[w.entry].split),
        split=lambda w: PLAN.split(CONFIG.evaluations[w.entry].split),
        audit=f"{RESULTS}/audits/{{entry}}.json",
    output:
        f"{RESULTS}/predictions/{{entry}}/{{repeat}}.parquet",
    log:
        f"{RESULTS}/logs/baseline/{{entry}}/{{repeat}}.log",
    wildcard_constraints:
        entry=PLAN.baselines_evaluated(),
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        spec=spec("baseline"),
        code=code("baseline"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/baseline.py" --spec {params.spec:q} --segments {input.segments:q}'
        " --split {input.split:q} --repeat {wildcards.repeat}"
        ' --looks "$RESULTS/looks.jsonl" --out {output:q} 2>> {log:q}'


rule score:
    """Metrics from saved predictions: a new metric never touches a GPU."""
    input:
        lambda w: PLAN.predictions(w.entry, w.repeat),
    output:
        f"{RESULTS}/scores/{{entry}}/{{repeat}}.parquet",
    log:
        f"{RESULTS}/logs/score/{{entry}}/{{repeat}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        spec=spec("score"),
        code=code("score"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/score.py" --spec {params.spec:q} --predictions {input:q}'
        " --out {output:q} 2>> {log:q}"


rule cost:
    """What one segment costs each network of a study: multiplications, time with and without its view."""
    input:
        lambda w: STUDIES.measured(w.entry),
    output:
        f"{RESULTS}/costs/{{entry}}.json",
    log:
        f"{RESULTS}/logs/cost/{{entry}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        spec=spec("cost"),
        code=code("cost"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/cost.py" --models {input:q} --out {output:q} 2>> {log:q}'


rule tabulate:
    """Tables of a study: means, subject-bootstrap intervals, comparisons, inflation gaps."""
    input:
        predictions=lambda w: STUDIES.predictions(w.entry),
        scores=lambda w: STUDIES.scores(w.entry),
        cards=lambda w: STUDIES.cards(w.entry),
        costs=lambda w: STUDIES.costs(w.entry),
        histories=lambda w: STUDIES.histories(w.entry),
        segments=lambda w: STUDIES.shown(w.entry),
    output:
        directory(f"{RESULTS}/tables/{{entry}}"),
    log:
        f"{RESULTS}/logs/tabulate/{{entry}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        spec=spec("tabulate"),
        code=code("tabulate"),
    # A study's rows may be more than one argument can hold: they come by standard input.
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/tabulate.py" --spec - --predictions {input.predictions:q}'
        " --scores {input.scores:q} --cards {input.cards:q} --costs {input.costs:q}"
        " --segments {input.segments:q} --histories {input.histories:q}"
        " --out {output:q} 2>> {log:q} <<< {params.spec:q}"
