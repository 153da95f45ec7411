"""The options of one job: one file a stage, each a pydantic model.

A stage's script receives its spec as JSON and nothing else of config. A spec of one job names its
plug-ins and their options, defaults written out, so that a job reruns exactly when its spec or its
code changes.

Imports: the files at the package's root, and no heavy library: the Snakefile reads specs while it
plans.
"""
