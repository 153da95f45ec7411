"""Trained networks that come along with the package, and those that were fetched: by name.

A folder each, ``<name>/``, written by `cardiograft.use.ship`:

``<name>.safetensors``
    The checkpoint. It bears its model's name because ledgers call weights by their file's name.
``<name>.onnx``
    The same network for onnxruntime, where the exporter can write it.
``card.json``
    What it takes and gives, its scores with intervals, the trainings behind it, and the SHA-256
    and size of every file.
``README.md``
    The same to read: data and licences, protocol, scores, what it was never shown, limits.
``lineage/``
    Whom it was trained on, a split's table for each training behind it, with segments that follow
    one another made one row: an audit reads it as it reads any split. In ``segments/<entry>/``
    what shards say of those recordings: ``summary.json`` with their rates and the noise added to
    them. The ``recordings.parquet`` beside it is there as it is beside shards, mostly without rows.

Beside the networks lie their recordings' fingerprints, ``_recordings/<digest>/``: each once, also
where several networks were trained on it. A card names those of its network (``shared``).

`catalogue` finds them. Nothing here needs torch: a config that names one is read without it.

Imports: the files at the package's root.
"""
