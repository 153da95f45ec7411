# From raw cardiac recordings to one report: see README.md.

import sys

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "src"))

from cardiograft.config.files import check_files, config_file, located, study_files

ON_TOP = list(map(Path, workflow.configfiles))
CONFIG_FILES = [config_file(ROOT), *ON_TOP]

try:
    check_files(CONFIG_FILES, ROOT)
except (ValueError, FileNotFoundError) as error:
    sys.exit(f"config: {error}")


configfile: str(CONFIG_FILES[0])


try:
    STUDY_FILES = study_files(config, ROOT)
    check_files(STUDY_FILES, ROOT)
except (ValueError, FileNotFoundError) as error:
    sys.exit(located(error, config, CONFIG_FILES, ROOT))

CONFIG_FILES[1:1] = STUDY_FILES

for file in STUDY_FILES:

    configfile: str(file)


include: "workflow/rules/common.smk"
include: "workflow/rules/cluster.smk"
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
