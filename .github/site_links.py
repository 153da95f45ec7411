"""Links of the docs that lead to files beside `docs/`: on a site of the docs alone they are paths.

A hook of mkdocs. The README is the site's first page; a link to a file that is not there is a
warning, by which a strict build fails.
"""

import logging
import os
import re
from pathlib import Path
from typing import Any

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<path>[^)#\s:]+)(?P<anchor>#[^)]*)?\)")
LOG = logging.getLogger("mkdocs.hooks.site_links")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    """Return a page whose links all lead to pages of the site."""
    docs = Path(config["docs_dir"]).resolve()
    here = docs / page.file.src_uri

    def put(found: re.Match[str]) -> str:
        place = Path(os.path.normpath(here.parent / found["path"]))
        if place.is_relative_to(docs) and not place.is_dir():
            return found[0]  # mkdocs checks it
        if not place.exists():
            LOG.warning("%s: no such file: %s", page.file.src_uri, found["path"])
            return found[0]
        if place == docs.parent / "README.md":
            return f"[{found['text']}]({os.path.relpath(docs / 'index.md', here.parent)})"
        path, text = place.relative_to(docs.parent).as_posix(), found["text"]
        return text if path in text.replace("`", "") else f"{text} (`{path}`)"

    return LINK.sub(put, markdown)
