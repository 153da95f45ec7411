"""A study's tables: scores with intervals over subjects, gaps, comparisons, gains, costs.

`study` puts them together; `runs` reduces saved predictions to sums per subject, `scores` makes
values and bootstrap draws of them, and `statistics` holds intervals and tests. What a paper prints
stands in `published` and `published_gains`; what is drawn comes from `shown_runs`.

Imports: `evaluation`, `training`, `checkpoints`, `splits`, `segments`, `signals`, `specs` and the
files at the package's root.
"""
