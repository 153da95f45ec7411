# From raw cardiac recordings to one report: see README.md.


configfile: "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/exports.smk"


rule all:
    """The report, and all that it tells of."""
    default_target: True
    input:
        f"{RESULTS}/report.html",
