"""A study's tables: scores with intervals over subjects, comparisons, gaps, gains, costs.

`runs` reduces saved predictions to the per-subject sums that metrics need, `statistics` draws
subjects, `scores`, `comparisons`, `gains`, `costs` and `pruning` make tables of them, `published`
puts a paper's values beside ours; `example_windows` and `heart_rates` are for signals.

Imports: `evaluation`, `training`, `splits`, `segments`, `signals`, `specs` and the files at the
package's root.
"""
