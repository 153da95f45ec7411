"""Train a network: one loop for every task, the same bytes for the same seed.

`loop` is the training loop; `task` the interface between it and a plug-in of `tasks`; `build` makes
the task and the network that an entry names; `job` runs one training from shards to a published
model folder; `transfer` starts a network with other networks' weights; `pruning` makes it sparse or
narrow while it trains; `domain`, with a plug-in of `adaptations`, aligns it with a second domain.

Imports: `models` by name, `splits`, `segments`, `checkpoints`, `signals`, `specs` and the files at
the package's root.
"""
