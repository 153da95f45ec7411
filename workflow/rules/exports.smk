# Trained networks as files: HDF5 for other programs, ONNX for devices; and in use.


localrules:
    hdf5,
    exports,
    onnx,
    applied,


rule hdf5:
    """One network as one file, which loads back to the same outputs."""
    input:
        lambda w: PLAN.checkpoint(w.entry, w.repeat),
    output:
        f"{RESULTS}/exports/{{entry}}/{{repeat}}.h5",
    log:
        f"{RESULTS}/logs/hdf5/{{entry}}/{{repeat}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        spec=spec("hdf5"),
        code=code("hdf5"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/hdf5.py" --model {input:q} --out {output:q} 2>> {log:q}'


rule exports:
    """Every network that config names under `exports`."""
    input:
        PLAN.exported(),


rule export:
    """One network as a file for devices, checked against itself on segments, and its card."""
    input:
        model=lambda w: PLAN.export_source(w.entry),
        segments=lambda w: PLAN.segments(PLAN.export_split(w.entry)),
        split=lambda w: PLAN.split(PLAN.export_split(w.entry)),
    output:
        model=f"{RESULTS}/export/{{entry}}/model.onnx",
        card=f"{RESULTS}/export/{{entry}}/card.json",
    log:
        f"{RESULTS}/logs/export/{{entry}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        spec=spec("export"),
        code=code("export"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/export.py" --spec {params.spec:q} --segments {input.segments:q}'
        " --split {input.split:q} --model {input.model:q}"
        ' --out "$RESULTS"/export/{wildcards.entry:q} 2>> {log:q}'


rule onnx:
    """Every entry of `export`."""
    input:
        PLAN.all_exports(),


rule apply:
    """What a network predicts of a folder of recordings without labels."""
    input:
        model=lambda w: PLAN.applied_model(w.entry),
    output:
        directory(f"{RESULTS}/apply/{{entry}}"),
    log:
        f"{RESULTS}/logs/apply/{{entry}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        spec=spec("apply"),
        code=code("apply"),
        content=lambda w: PLAN.applied_content(w.entry),
        arguments=lambda w: CONFIG.apply[w.entry].words(),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/apply.py" {input.model:q} {params.arguments:q} --out {output:q}'
        " 2>> {log:q}"


rule applied:
    """Every entry of `apply`."""
    input:
        PLAN.all_applied(),
