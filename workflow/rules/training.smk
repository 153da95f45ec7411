# Split -> pretrained -> pruned -> transferred networks, one job a repeat.


rule pretrain:
    """A network from random weights."""
    input:
        segments=lambda w: PLAN.segments(CONFIG.pretrain[w.entry].split),
        split=lambda w: PLAN.split(CONFIG.pretrain[w.entry].split),
    output:
        **PLAN.model("pretrain"),
    log:
        f"{RESULTS}/logs/pretrain/{{entry}}/{{repeat}}.log",
    conda:
        CONDA
    threads: spread("pretrain", "threads")
    resources:
        gpu=spread("pretrain", "processes"),
        processes=spread("pretrain", "processes"),
        nodes=spread("pretrain", "nodes"),
        tasks_per_node=spread("pretrain", "tasks_per_node"),
        tasks_per_gpu=spread("pretrain", "tasks_per_gpu"),
        mpi=spread("pretrain", "mpi"),
        mem_mb=growing_with("pretrain", 4000),
        runtime=growing(480),
    params:
        spec=spec("pretrain"),
        code=code("pretrain"),
    shell:
        "attempt {log:q};"
        ' trained_by {resources.processes} {resources.nodes} "$SCRIPTS/pretrain.py"'
        " --spec {params.spec:q} --segments {input.segments:q}"
        " --split {input.split:q} --repeat {wildcards.repeat}"
        ' --out "$RESULTS"/pretrain/{wildcards.entry:q}/{wildcards.repeat}'
        ' --state "$RESULTS"/.state/pretrain/{wildcards.entry:q}/{wildcards.repeat}'
        ' --save-every "$SAVE_EVERY_S" --looks "$RESULTS/looks.jsonl" 2>> {log:q}'


rule prune:
    """A checkpoint made sparse while it trains on."""
    input:
        segments=lambda w: PLAN.segments(CONFIG.prune[w.entry].split),
        split=lambda w: PLAN.split(CONFIG.prune[w.entry].split),
        source=lambda w: PLAN.sources(w.entry, w.repeat),
    output:
        **PLAN.model("prune"),
    log:
        f"{RESULTS}/logs/prune/{{entry}}/{{repeat}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(4000),
        runtime=growing(480),
    params:
        spec=spec("prune"),
        code=code("prune"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/prune.py" --spec {params.spec:q} --segments {input.segments:q}'
        " --split {input.split:q} --repeat {wildcards.repeat} --source {input.source:q}"
        ' --out "$RESULTS"/prune/{wildcards.entry:q}/{wildcards.repeat}'
        ' --state "$RESULTS"/.state/prune/{wildcards.entry:q}/{wildcards.repeat}'
        ' --save-every "$SAVE_EVERY_S" --looks "$RESULTS/looks.jsonl" 2>> {log:q}'


rule outside:
    """Weights that others have published, read once into a checkpoint."""
    input:
        file=lambda w: ancient(PLAN.outside(w.entry)),
    output:
        f"{RESULTS}/outside/{{entry}}.safetensors",
    log:
        f"{RESULTS}/logs/outside/{{entry}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        spec=spec("outside"),
        code=code("outside"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/outside.py" --spec {params.spec:q} --file {input.file:q}'
        " --out {output:q} 2>> {log:q}"


rule transfer:
    """Learned weights grafted into a network, a ledger of what took, and training on."""
    input:
        segments=lambda w: PLAN.segments(CONFIG.transfer[w.entry].split),
        split=lambda w: PLAN.split(CONFIG.transfer[w.entry].split),
        sources=lambda w: PLAN.sources(w.entry, w.repeat),
        domain_segments=lambda w: PLAN.domain_segments(w.entry),
        domain_split=lambda w: PLAN.domain_split(w.entry),
    output:
        **PLAN.model("transfer"),
    log:
        f"{RESULTS}/logs/transfer/{{entry}}/{{repeat}}.log",
    conda:
        CONDA
    threads: spread("transfer", "threads")
    resources:
        gpu=spread("transfer", "processes"),
        processes=spread("transfer", "processes"),
        nodes=spread("transfer", "nodes"),
        tasks_per_node=spread("transfer", "tasks_per_node"),
        tasks_per_gpu=spread("transfer", "tasks_per_gpu"),
        mpi=spread("transfer", "mpi"),
        mem_mb=growing_with("transfer", 4000),
        runtime=growing(480),
    params:
        spec=spec("transfer"),
        code=code("transfer"),
    shell:
        "attempt {log:q};"
        ' trained_by {resources.processes} {resources.nodes} "$SCRIPTS/transfer.py"'
        " --spec {params.spec:q} --segments {input.segments:q}"
        " --split {input.split:q} --repeat {wildcards.repeat} --sources {input.sources:q}"
        " --domain-segments {input.domain_segments:q} --domain-split {input.domain_split:q}"
        ' --out "$RESULTS"/transfer/{wildcards.entry:q}/{wildcards.repeat}'
        ' --state "$RESULTS"/.state/transfer/{wildcards.entry:q}/{wildcards.repeat}'
        ' --save-every "$SAVE_EVERY_S" --looks "$RESULTS/looks.jsonl" 2>> {log:q}'
