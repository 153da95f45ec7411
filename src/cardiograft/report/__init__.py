"""The report: one self-contained page made of studies' tables and of every stage's own notes.

`page` fills `template` with what `sections` make of `inputs`; `wording` prints numbers,
`sentences` says what they show, and `run_names` names runs as readers do. `measured` and `readme`
make the published tables and the documents that quote them.

Imports: `tables`, `evaluation`, `training`, `checkpoints`, `splits`, `segments`, `specs` and the
files at the package's root; never a study.
"""
