"""Plug-ins: metrics of saved predictions, from per-subject sums.

A metric is computed in two steps, so that an interval over subjects costs one matrix product: what
each subject adds, and the value that any weighted sum of that gives. Legend: S subjects, sorted by
name; D numbers a subject adds; B sums (of all subjects, or of a draw of them).

Imports: the shared modules of `evaluation` (`confusion`, `signal_errors`, `peak_matching`), ``_``
modules of this room, `signals` and the files at the package's root; no other metric.

The first line of a metric's module docstring defines it in one sentence; the docstring names the
source of its definition.

Constants
---------
TITLE : str
    How tables print it: ``"Balanced accuracy"``.
KINDS : tuple of str
    The kinds of predictions that it takes, of ``classes``, ``heads``, ``signal`` and
    ``values`` (`cardiograft.evaluation.predictions.Predictions`); others are refused.
PERCENT : bool
    Whether tables print it in per cent.
LOWER_IS_BETTER : bool
    Which way is better.

Functions
---------
additive(predictions: Predictions) -> float64, shape (S, D)
    What each subject adds, subjects sorted by name, whatever the order of segments. A subject's row
    does not depend on the others, but for what `laid_out` tells all of them.
values(sums_BD, labels: tuple of str, ...) -> dict of str to float64, shape (B,)
    The values of each row of sums, by class or channel, or under ``""`` where there is only one;
    NaN where it is not defined. Keyword-only arguments, typed and with defaults, are the metric's
    options in config. Raises `ValueError` if the classes are not those that it is defined for.
support(sums_SD, labels: tuple of str) -> dict of str to tuple of int
    How many segments, and how many subjects, each value rests on, under the same keys.

Optional
--------
NATURAL_ZERO : bool
    Whether zero is the least that it can be; true where it is left out. Of one that can be negative
    (a bias), a gain is given as a difference and never as a share.
laid_out(several: sequence of Predictions) -> list of Predictions
    It is given all predictions whose rows are added up, and returns them with what `additive` needs
    of all of them in ``about`` (levels that they are counted between).
"""
