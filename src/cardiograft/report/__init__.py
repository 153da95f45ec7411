"""The report, one HTML page, and the tables that README and docs take from it.

`inputs` reads the tables of studies and what the stages left beside their outputs; `page` lays out
the plug-ins' tables in `sections` and `charts`; `wording` writes numbers and sentences; `measured`
and `readme` renew the published tables.

Imports: `tables`, `evaluation`, `training`, `splits`, `specs` and the files at the package's root;
never a study, whose facts come as ``study.json``.
"""
