"""Fetch a database from a mirror, verify its files, and list its records in a manifest.

A mirror is a URL, a bucket or a directory in PhysioNet's layout. `collect` finds which files a
database's records need, `fetch` brings them (resumed, retried, verified), `manifest` judges which
records can be used.

Imports: `specs` and the files at the package's root.

What a database is like comes in as a module of `datasets`, which the script hands over.
"""
