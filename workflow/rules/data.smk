# Mirror -> verified download -> segment shards (-> those of high quality) -> split and audit.


localrules:
    download,


rule download:
    """One database, fetched or simulated, every file checked."""
    output:
        f"{RESULTS}/manifests/{{entry}}.json",
    log:
        f"{RESULTS}/logs/download/{{entry}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(240),
    params:
        spec=spec("download"),
        code=code("download"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/download.py" --spec {params.spec:q} --mirror "$MIRROR"'
        ' --slowest "$SLOWEST" --data "$RECORDINGS" --out {output:q} 2> >(tee -a {log:q} >&2)'


rule segment:
    """Filtered, resampled, cut: Parquet shards by subject."""
    input:
        manifest=lambda w: PLAN.manifest(w.entry),
        noise=lambda w: PLAN.noise_manifest(w.entry),
    output:
        directory(f"{RESULTS}/segments/{{entry}}"),
    log:
        f"{RESULTS}/logs/segment/{{entry}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(120),
    params:
        spec=spec("segment"),
        code=code("segment"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/segment.py" --spec {params.spec:q} --manifest {input.manifest:q}'
        " --noise {input.noise:q} --out {output:q} 2>> {log:q}"


rule quality_gate:
    """The segments that a network of signal quality lets pass, in shards of their own."""
    input:
        segments=lambda w: PLAN.gated(w.entry),
        pieces=lambda w: PLAN.gate_pieces(w.entry),
        model=lambda w: PLAN.gate_model(w.entry),
    output:
        directory(f"{RESULTS}/quality_gates/{{entry}}"),
    log:
        f"{RESULTS}/logs/quality_gate/{{entry}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        spec=spec("quality_gate"),
        code=code("quality_gate"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/quality_gate.py" --spec {params.spec:q} --segments {input.segments:q}'
        " --pieces {input.pieces:q} --model {input.model:q} --out {output:q} 2>> {log:q}"


rule split:
    """Who is trained on and who is tested on; stops an honest run that leaks."""
    input:
        lambda w: PLAN.segments(w.entry),
    output:
        split=f"{RESULTS}/splits/{{entry}}.parquet",
        audit=f"{RESULTS}/splits/{{entry}}.audit.json",
    log:
        f"{RESULTS}/logs/split/{{entry}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        spec=spec("split"),
        code=code("split"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/split.py" --spec {params.spec:q} --segments {input:q}'
        " --out {output.split:q} --audit {output.audit:q} 2>> {log:q}"
