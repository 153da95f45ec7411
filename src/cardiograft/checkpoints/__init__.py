"""A network's tensors in a file: weights, masks of pruned weights, and what they are.

safetensors inside the workflow (nothing is ever unpickled), HDF5 for other programs.

Imports: `cardiograft.plugins`, `cardiograft.files` and `cardiograft.records`. It knows nothing of
training.
"""
