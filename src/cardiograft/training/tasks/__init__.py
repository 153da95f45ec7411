"""Plug-ins: what a network is trained to do.

Imports: `training.task` and ``_`` modules of this room, and whatever `training` may import; no
other task.

Functions
---------
make(meta: Meta, ...) -> Task
    Return the task for shards with this `cardiograft.segments.shard_format.Meta` (their channels,
    length, rate, features). Keyword-only arguments, typed and with defaults, are the options of an
    entry's ``task``. Raises `ValueError` if the shards lack what the task needs.

A task implements the protocol `cardiograft.training.task.Task`, whose docstrings say what each
member takes and returns:

- before training, ``facts`` names the columns that ``learn`` reads from the training part (labels,
  means, class weights); ``remember`` returns what it found as JSON for the checkpoint, ``recall``
  takes it back;
- ``columns``, ``samples``, ``features``, ``outputs``, ``kind``, ``labels`` and ``versions`` say
  what goes into the network and what comes out;
- ``encode`` turns columns into tensors, once; ``batch`` makes inputs and targets of some rows, at
  every step, with random numbers from its generator alone, and leaves the rows as they were;
- ``loss`` is what training lowers; ``tally`` gives sums over a batch that add up over batches, and
  the values of ``monitors`` are computed from them;
- ``masses``, which a task may leave out, gives what each item of a batch counts in the mean that is
  ``loss``, shape (B,), where they do not all count alike: processes that share a batch weigh their
  losses by it;
- ``scores`` and ``targets`` are what saved predictions hold.
"""
