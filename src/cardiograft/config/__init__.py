"""The whole of config.yaml: its schema, its sweeps, what must agree, and the plan of jobs.

Only the Snakefile and its rules import this room. `sweeps` expands short config, `schema` types it,
`checks` refuses entries that contradict each other, `plan` says which job reads which files.

Imports: `signals`, `specs`, `checkpoints`, `physionet.mirrors`, `shipped` and the files at the
package's root, and no heavy library.
"""
