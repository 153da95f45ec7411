"""Whose work the page rests on: data sets and software, with licences and how to cite them."""

import ast
import re

from cardiograft import plugins
from cardiograft.report import wording
from cardiograft.report.cells import Cell, Line, Table, mark, once
from cardiograft.report.inputs import Content, ReportInputs

LICENCE = re.compile(r" \(((?:ODC-By|CC)[^()]*)\)")
BEGINS = "Source: "
OWN = "as whoever recorded them allows"
UNSAID = "not stated by its plug-in"
# Of the libraries that make the numbers: licence, and what to cite.
SOFTWARE = {
    "python": ("PSF-2.0", "Python Software Foundation; https://www.python.org"),
    "numpy": ("BSD-3-Clause", "Harris et al., Nature 2020;585:357-362"),
    "scipy": ("BSD-3-Clause", "Virtanen et al., Nat Methods 2020;17:261-272"),
    "pandas": ("BSD-3-Clause", "McKinney, Proc Python in Science Conf 2010:56-61"),
    "scikit-learn": ("BSD-3-Clause", "Pedregosa et al., J Mach Learn Res 2011;12:2825-2830"),
    "torch": ("BSD-3-Clause", "Paszke et al., NeurIPS 2019, arXiv:1912.01703"),
    "accelerate": ("Apache-2.0", "https://github.com/huggingface/accelerate"),
    "safetensors": ("Apache-2.0", "https://github.com/huggingface/safetensors"),
    "pyarrow": ("Apache-2.0", "Apache Arrow; https://arrow.apache.org"),
    "wfdb": ("MIT", "WFDB for Python, PhysioNet, doi:10.13026/9njx-6322"),
    "snakemake": ("MIT", "Mölder et al., F1000Research 2021;10:33"),
    "cardiograft": ("MIT", "this project, and above all the papers that its studies repeat"),
}


def section(inputs: ReportInputs) -> list[Table]:
    """Return a table of data sets and one of software."""
    return [_data(inputs), _software(inputs)]


def source(dataset: str) -> str:
    """Return the paragraph of a data set's plug-in that says where it comes from, or nothing."""
    try:
        text = plugins.path("datasets", dataset).read_text("utf-8")
    except (ValueError, OSError):  # a plug-in that is no longer there
        return ""
    docstring = ast.get_docstring(ast.parse(text)) or ""
    paragraph = next((p for p in docstring.split("\n\n") if p.startswith(BEGINS)), "")
    return " ".join(paragraph.removeprefix(BEGINS).split())


def _data(inputs: ReportInputs) -> Table:
    rows: list[Line] = [
        [Cell(name, small=str(manifest["version"]), mark=mark(manifest)), *_terms(manifest)]
        for name, manifest in inputs.manifests.items()
    ]
    return Table(
        caption="Data sets: under which licence, and what to cite",
        head=("Database", "Licence", "Source"),
        rows=rows,
        words=frozenset({1, 2}),
        note=(
            "Simulated recordings imitate the data set whose name they have; none of its samples"
            " are among them."
            if any(m.get("simulated") for m in inputs.manifests.values())
            else ""
        ),
    )


def _terms(manifest: Content) -> tuple[str, str]:
    """Return a database's licence and source."""
    if manifest.get("folder"):
        return OWN, wording.DASH
    about = source(str(manifest["dataset"]))
    licence = LICENCE.search(about)
    return (licence[1] if licence else UNSAID), LICENCE.sub("", about, count=1) or wording.DASH


def _software(inputs: ReportInputs) -> Table:
    versions: dict[str, list[str]] = {}
    for card in inputs.cards.values():
        for library, version in card.get("versions", {}).items():
            versions.setdefault(library, []).append(str(version))
    rows: list[Line] = [
        [
            library,
            ", ".join(sorted(once(versions.get(library, [])))) or "not recorded",
            licence,
            cited,
        ]
        for library, (licence, cited) in SOFTWARE.items()
    ]
    return Table(
        caption="Software: under which licence, and what to cite",
        head=("Library", "Version behind the models", "Licence", "Source"),
        rows=rows,
        words=frozenset({1, 2, 3}),
    )
