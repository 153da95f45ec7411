"""Recordings cut into segments of one size, and the Parquet shards that hold them.

`prepare` chooses leads, bridges gaps, filters and resamples a recording; a plug-in of `cuts` cuts
it; one of `labels` says what it shows; `write` publishes `shards`; `shard_format` says which
columns they have; `source` reads recordings as a manifest says. A segment's id is
``<dataset>/<record>/<lead>/<start>``.

Imports: `signals`, `specs` and the files at the package's root.
"""
