"""Which subjects a network is trained on and which it is tested on, and what leaks between them.

`assign` gives each segment a part (train, validation, test), `table` writes and reads it;
`leakage`, `near_duplicates` and `overlaps` search a split for what the training part already knows
of the test part, `lineage` everything that led to a model.

Imports: `segments`, `datasets` by name (for splits of their own), `signals`, `specs` and the files
at the package's root.
"""
