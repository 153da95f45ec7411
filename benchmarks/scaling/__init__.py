"""What `scale.py` measures: made-up inputs of growing size, and each stage that reads them.

`processes` runs a stage as its own process, `beats` makes segments up, `recordings` makes WFDB
files up and serves them, `weights` makes files of weights up and `studies` evaluations; `table`
prints costs, exponents and what they come to at a stated size.
"""
