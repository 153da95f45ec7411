"""Studies of papers: what each printed, how a run is laid beside it, and tables of its own.

May import `tables` and all below. A study is a module:

``TITLE, CITATION, SUMMARY, WRONG, ASSUMED``
    Its name, its source, what it does in a sentence, what its protocol gets wrong, and what it
    leaves open that this project settled.
``PUBLISHED``
    The paper's values: `cardiograft.tables.published.Published`.
``USUAL``
    Tag to the value of a run that doesn't say: how the paper did it. A literal.
``CAPTIONS``
    Title of each table that `tables` returns.
``SECTIONS``, if it has any
    Heading to the names of tables that stand below it; the others stand beside the published
    values. A literal.
``HEADLINE``, if it has many metrics
    Those that stand first, by name; the others are folded away.
``WORDS``, if values of its tags don't speak for themselves
    Tag to the words for a value of it: ``{"init": "from {}"}``. A literal.
``GAINS``, if the paper reports any
    Improvements over a run that is otherwise alike, as a share of its value:
    `cardiograft.tables.published_gains.Gains`.
``tables(scores, costs, *, options) -> {name: OwnTable}``
    Tables of its own, made of the study's scores and of what its models cost (the frames of
    ``scores.csv`` and ``costs.csv``): numbers, and how a reader wants them printed
    (`cardiograft.tables.own_table.OwnTable`).
"""
