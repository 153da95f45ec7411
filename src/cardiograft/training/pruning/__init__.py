"""Prune a network while it trains: single weights, or whole channels.

`schedule` says when sparsity rises and to what; `magnitude` sets the smallest weights to zero;
`structured` takes channels away, `coupling` finds which of them stand or fall together.

Imports: the other modules of `training`, and what they may import.
"""
