# All results in one file; and the measured tables that docs quote.

from cardiograft.config.stages import stages


localrules:
    report,
    report_of_study,
    publish,
    docs,


rule report:
    """One self-contained page."""
    input:
        **STUDIES.reported(),
    output:
        f"{RESULTS}/report.html",
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        spec=spec("report"),
        code=code("report"),
        plan=lambda w: stages(PLAN, w.get("entry", "")),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/report.py" --spec {params.spec:q} --tables {input.tables:q}'
        " --manifests {input.manifests:q} --segments {input.segments:q}"
        " --splits {input.splits:q} --audits {input.audits:q} --cards {input.cards:q}"
        " --histories {input.histories:q} --ledgers {input.ledgers:q}"
        " --exports {input.exports:q}"
        ' --plan - --looks "$RESULTS/looks.jsonl" --logs "$RESULTS/logs"'
        ' --command "$COMMAND -- "{output:q} --out {output:q} 2>> {log:q} <<< {params.plan:q}'


use rule report as report_of_study with:
    input:
        unpack(lambda w: STUDIES.reported(w.entry)),
    output:
        f"{RESULTS}/studies/{{entry}}.html",
    log:
        f"{RESULTS}/logs/report/{{entry}}.log",


rule publish:
    """One study's measured table; its page and its row of the README are made of it."""
    input:
        tables=lambda w: STUDIES.tables(w.entry),
        segments=lambda w: STUDIES.cut(w.entry),
    output:
        "docs/results/{entry}.csv",
    log:
        f"{RESULTS}/logs/publish/{{entry}}.log",
    conda:
        CONDA
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        spec=spec("publish"),
        code=code("publish"),
    shell:
        "attempt {log:q};"
        ' python "$SCRIPTS/publish.py" --tables {input.tables:q} --segments {input.segments:q}'
        ' --study {wildcards.entry:q} --command "$COMMAND -- "{output:q} --pages docs/studies'
        " --readme README.md --out {output:q} 2>> {log:q}"


rule docs:
    """The measured tables that README and docs quote."""
    input:
        [f"docs/results/{study}.csv" for study in CONFIG.studies],
