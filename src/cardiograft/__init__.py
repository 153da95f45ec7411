"""Pretrain, prune, transfer and fine-tune networks on cardiac recordings.

A study walks through the rooms in the order of a paper's method section:

- `physionet` fetches recordings; `datasets` reads them, or simulates others like them;
- `signals` filters, resamples, scales and finds beats; `segments` cuts recordings into windows;
- `splits` says which subjects train a network and which test it, and looks for leaks;
- `models` and `training` make a network, `checkpoints` keeps it;
- `evaluation` predicts and scores; `tables` gathers a study's scores with their intervals;
- `studies` knows the papers; `report` prints the page;
- `specs` holds the options of one job, `config` reads those of the whole workflow;
- `export` writes networks for devices; `shipped` are those that come along;
- `use` is the command ``cardiograft``: trained networks on new recordings, help with the workflow.

Beside the rooms stand nine files that every room may import: `records` (what a recording is),
`plugins` (modules found by their name), `locks` (which process is at a file, and whether it lives),
`files` (files that appear whole or not at all), `scratch` (folders that vanish with their use),
`parquet` (tables that tell of a changed byte), `look_ledger` (which networks were scored on a test
part), `fingerprint` (which code a job runs) and `cli` (a script's arguments).

A room imports only rooms on floors below its own; ``tests/test_layering.py`` has the floors. An
``__init__`` file holds a docstring and nothing else.
"""
