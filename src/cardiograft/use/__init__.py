"""What a user of trained networks asks for, outside the workflow: the command ``cardiograft``.

`command` has its subcommands. ``apply`` predicts recordings without labels (`apply`, `recordings`,
`pieces`, `one_recording`, `outputs`), by torch (`model`) or by onnxruntime (`onnx_model`), which
`loading` chooses; ``init`` begins a study of one's own recordings (`init`, `folder_look`);
``doctor`` looks at the machine, at the environment and at what a config needs (`doctor`, `needs`);
``explain`` says why jobs would run (`explain`); ``models`` lists networks that come along and
fetches others (`models`, `fetch`), which `ship` writes from the results of a run (`ship_lineage`,
`ship_fingerprints`, `ship_scores`, `ship_card`). No job of a study imports this room.

Imports: `checkpoints`, `config`, `datasets`, `evaluation`, `export`, `physionet`, `segments`,
`shipped`, `signals`, `specs`, `splits`, `tables`, `training` and the files at the package's root.
"""
