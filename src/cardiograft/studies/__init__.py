"""Plug-ins: the papers that are studied, their values, and tables of their own.

Imports: `tables`, and what is below it; never `report`. No other study.

A study's module docstring names the paper, and the tags that its runs carry.

Constants
---------
TITLE : str
    The study's heading in the report.
CITATION : str
    The paper.
SUMMARY : str
    What the paper does, in a sentence or two.
WRONG : tuple of str
    What its protocol gets wrong, a sentence each.
ASSUMED : tuple of str
    What it leaves open, and how this project settled it.
PUBLISHED : tuple of Published
    The paper's values, `cardiograft.tables.published.Published`; may be empty.
USUAL : dict of str to str
    Tag to the value of a run that does not set it: as the paper has it. A literal.
CAPTIONS : dict of str to str
    Name to caption of each table that `tables` returns.

Functions
---------
tables(scores: DataFrame, costs: DataFrame, ...) -> dict of str to OwnTable
    The study's own tables, made of its scores (rows of ``scores.csv``) and of what its models cost
    (rows of ``costs.csv``): numbers, and how a reader wants them printed
    (`cardiograft.tables.own_table.OwnTable`). May be empty.

Optional
--------
FIRST_SCREEN : Headline
    The run, the metric and the baseline that stand for the study on the report's first screen and
    in the README, `cardiograft.tables.headline.Headline`.
SECTIONS : dict of str to tuple of str
    Heading to the names of tables that stand below it; all others stand beside the published
    values. A literal.
PAPER : dict of str to dict of str to tuple
    What the paper tells of its trainings, by kind: ``recipe``, ``data``, ``size``. Of each kind an
    option (``training.schedule``, ``model.cnn.dropout``, ``split.scheme``; with a stage in front,
    of its trainings alone) to what it is called, the paper's value in words, and the values that
    are it. A run lists what it does otherwise, and stands beside published values only where it has
    the paper's recipe and, under the paper's protocol, the paper's data. A literal.
HEADLINE : tuple of str
    Metrics that stand first; the others are folded away.
WORDS : dict of str to str
    Tag to how its values are written out: ``{"init": "from {}"}``. A literal.
LEARNING_CURVE : str
    The metric whose course over the epochs, and learning curve index, are shown: one that the runs'
    task measures after each epoch, of which more is better. A literal.
LEARNING_INDEX : tuple of Published
    The paper's learning curve indices of that metric, `cardiograft.tables.published.Published`.
GAINS : Gains
    Improvements over a run that is otherwise alike, as a share of its value,
    `cardiograft.tables.published_gains.Gains`, where the paper reports such.
"""
