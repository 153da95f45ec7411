# Trained networks as HDF5 files, for other programs: `snakemake -- exports`.


localrules:
    export,
    exports,


rule export:
    """One network as one file, which loads back to the same outputs."""
    input:
        lambda w: PLAN.checkpoint(w.entry, w.repeat),
    output:
        f"{RESULTS}/exports/{{entry}}/{{repeat}}.h5",
    log:
        f"{RESULTS}/logs/export/{{entry}}/{{repeat}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        spec=spec("export"),
        code=code("export"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/export.py" --model {input:q} --out {output:q} 2>> {log:q}'


rule exports:
    """Every network that config names under `exports`."""
    input:
        PLAN.exported(),
