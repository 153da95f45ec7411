"""Plug-ins: networks, each an encoder and a head.

`layers` holds what several of them share; plug-ins of `views` make pictures of signals, for models
that take pictures.

Imports: `models.layers`, `specs` and the files at the package's root; no other model, except by
name through `cardiograft.plugins`. torch is the only library that they need.

A module docstring says what the network is made of, where it is from, and the legend of its axes.

Functions
---------
build(shape: Shape, ...) -> torch.nn.Module
    Return the network with random weights, drawn from torch's generator alone. `shape` is a
    `cardiograft.records.Shape`: the network is called with a signal of shape (B, channels, samples)
    and features of shape (B, features), both float32, and returns (B, K), or (B, K, samples), as
    ``outputs`` asks: ``(K,)`` numbers, or ``(K, samples)`` of a signal. Its two children are named
    ``encoder`` and ``head`` (`cardiograft.models.layers.network.Network`), and its output is the
    head on what the encoder returns: a transfer carries over an encoder. An encoder returns a code
    (B, W) or (B, W, steps) or (B, W, 1, steps), or a tuple that begins with one. A segment's
    output does not depend on the rest of its batch. Keyword-only arguments, typed and with
    defaults, are the options of an entry's ``model``. Raises `ValueError` for a shape or an option
    that it can't give.

Optional
--------
WIDTHS : dict of str to int
    For structured pruning: options that are numbers of channels (tuples of them), each with the
    number that they are pruned to a multiple of. A literal. Without it the model's channels can't
    be pruned.
TAKES : str
    ``pictures`` where the network is called with pictures (B, channels, rows, samples) in place of
    signals, values within 0 to 1, as a plug-in of `models.views` makes them; `shape.rows` is then
    their height and `shape.samples` their width. A literal. Such a model raises `ValueError` where
    ``rows`` is 0.
APART : tuple of str
    Those of ``WIDTHS`` in which neighbours that differ must still differ when pruned. A literal.
"""
