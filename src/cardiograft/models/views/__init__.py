"""Plug-ins: pictures that a network is shown in place of a signal.

A view is the first layer of the network of an entry that names one (`view`). It is computed in
batches on the device that trains or predicts, and never saved. `_picture` has what views share.

Imports: `_` modules of this room and the files at the package's root; no other view. torch and
numpy are the only libraries that they need.

A module docstring says what the picture shows, which end is up, and the legend of its axes.

Functions
---------
make(shape: Shape, rate_hz: float, ...) -> torch.nn.Module
    Return the layer. `shape` is the `cardiograft.records.Shape` of the network as the shards feed
    it: the layer is called with a signal of shape (B, channels, samples), float32, sampled at
    `rate_hz`, and returns pictures (B, K, H, W), float32, within 0 to 1. Each lead has the same
    number of the K channels, in a row, in the leads' order, and they hang on nothing but that lead
    of that segment. They are finite for any finite signal; others never come here, for shards and
    `apply` refuse what is not. Its attribute ``picture`` is the `Shape` that the network behind it
    takes: ``channels`` K, ``rows`` H, ``samples`` W. It has no weights and nothing to save.
    Keyword-only arguments, typed and with defaults, are the options of an entry's ``view``. Raises
    `ValueError` for a shape, a rate or an option that it can't give.

Optional
--------
OF : str
    ``pictures`` of a view that shows stored pictures in place of signals, whose values it takes as
    they are. A literal.
"""
