"""Charts as inline SVG.

Imports: the files at the package's root and the report's own style.
"""
