"""Plug-ins: losses that draw an encoder's codes of two domains together.

Imports: torch and `models.layers`; no other adaptation.

Functions
---------
make(width: int, ...) -> torch.nn.Module
    Return the loss for codes of `width` numbers. It is called as ``loss(code_BW, domain_DW,
    through=share)``, with codes of the training batch and of the domain's (batches may differ in
    size), and the share of training that is over, in 0...1; it returns a float32 scalar that is
    finite, and so is its gradient, for any codes. The order within a batch changes nothing. Its
    own weights, if any, are drawn from torch's generator and trained with the network.
    Keyword-only arguments, typed and with defaults, are the options of an entry's ``adaptation``.
"""
