"""The sections of a study's report, one a module.

Imports: the other modules of `report`, and what they may import.
"""
