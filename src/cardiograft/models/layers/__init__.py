"""Layers and networks that several models share; their names are part of checkpoints.

Imports: `cardiograft.records` and torch.
"""
