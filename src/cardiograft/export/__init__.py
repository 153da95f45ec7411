"""Trained networks as files for devices: ONNX, checked against torch, and timed without it.

`graphs` says what is in a file and writes it, `fourier` writes Fourier transforms as products,
`packing` leaves out zeros, `quantising` makes integers of eight bits of it; `network` reads what is
exported, `writing` puts the graphs together, `asking` runs and times a file, `measuring` compares
it with the network on segments, `card` says what it is, and `job` does all of it. The libraries
that this needs are the extra ``export`` of the installation: they are imported where they are
used, so that everything else runs without them.

Imports: `evaluation`, `training`, `models` (what views share), `checkpoints`, `splits`,
`segments`, `specs` and the files at the package's root.
"""
