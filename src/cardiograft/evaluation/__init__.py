"""Predict with networks and baselines, corrupt inputs as negative controls, and score.

`predict` runs a network over parts of a split, `controls` corrupts its inputs; `baseline_inputs`
says what a plug-in of `baselines` receives; `predictions` saves both alike; `scoring` computes
plug-ins of `metrics` from saved predictions; the other modules are what several metrics share.

Imports: `training`, `models` by name, `checkpoints`, `splits`, `segments`, `signals`, `specs` and
the files at the package's root.
"""
