"""A report says which command made it; calling in another way reruns nothing."""

import html
import re
import shlex

import pytest

pytestmark = pytest.mark.xdist_group("workflow")


def shown(page):
    (text,) = re.findall(r"<pre><code>(.*?)</code></pre>", page.read_text("utf-8"), re.DOTALL)
    return html.unescape(text)


def test_the_usual_one(finished):
    command = "snakemake --cores 1 -- results/report.html"
    assert shown(finished.root / "results/report.html") == command


def test_an_overlays_report_is_made_by_what_it_shows(house):
    (house.root / "overlay.yaml").write_text("title: On top\n")
    given = ["--cores", "2", "--workflow-profile", "workflow/profiles/local"]
    given += ["--configfile", "overlay.yaml", "--config", "mirror=simulated"]
    house.snakemake(*given, "--", "results/report.html")
    page = house.root / "results/report.html"
    first = page.read_bytes()
    assert b"On top" in first
    program, *words = shlex.split(shown(page))
    assert (program, words) == ("snakemake", [*given, "--", "results/report.html"])
    page.unlink()
    house.snakemake(*words)
    assert page.read_bytes() == first


def test_calling_in_another_way_reruns_nothing(house):
    (house.root / "overlay.yaml").write_text("seed: 0\n")
    calls = ["--configfile", "overlay.yaml", "--config", "data=data", "--"]
    assert house.plan("--cores", "3", *calls, "results/report.html") == set()
