# From raw cardiac recordings to one report: see README.md.

import sys

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "src"))

from cardiograft.config.files import config_file, study_files


configfile: str(config_file(ROOT))


try:
    STUDY_FILES = study_files(config, ROOT)
except ValueError as error:
    sys.exit(f"config: {error}")

for file in STUDY_FILES:

    configfile: str(file)


include: "workflow/rules/common.smk"
include: "workflow/rules/interpreter.smk"
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
