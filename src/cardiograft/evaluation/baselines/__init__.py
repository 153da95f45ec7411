"""Plug-ins: simple predictors that a network must beat.

A baseline is fitted and asked in one call. It receives the truth of the training part alone, with
the segments of all parts (`cardiograft.evaluation.baseline_inputs`). Legend: N segments, W of them
requested, K classes, C channels of a target, T samples.

Imports: `evaluation.baseline_inputs`, `segments`, `signals` and the files at the package's root; no
other baseline.

Constants
---------
COLUMNS : tuple of str
    Columns of the shards that it reads, beside label or target: ``("signal",)``, ``()``. With
    classes also ``at``, where a segment begins, in samples of the segments' rate.

Functions
---------
predict(examples, ...) -> float32, shape (W, K) or (W, C, T)
    Predict the segments that ``examples.wanted_N`` marks, in their order: probabilities that sum
    to 1 (kind ``classes``), or signals. ``examples`` holds ``columns``, ``id_N``, ``subject_N``,
    ``part_N``, ``wanted_N``, ``seed`` and ``rate_hz``; with classes ``labels`` and ``target_N`` (-1
    outside the training part), with signals ``target_NCT`` (NaN outside the training part).
    Random numbers follow from the seed: the same seed gives the same bytes. Keyword-only
    arguments, typed and with defaults, are the options of an entry's ``baseline``.

Optional
--------
KIND : str
    ``classes``, which it is without the constant, or ``signal``. A literal.
TARGET : str
    Of a signal's baseline: ``signal`` where it predicts the input itself, as a reconstruction does.
    Without the constant it predicts the target, or the input of shards that have none. A literal.
ORACLES : dict of str to value
    Of a signal's baseline: option to the value with which it is an oracle, a ceiling and no rival.
    It then also receives the true signals of the segments that it predicts. No default is one.
    A literal.
"""
