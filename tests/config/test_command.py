"""The command that a page shows is the one that makes it."""

import shlex

import pytest

from cardiograft.config.command import command

GIVEN = {
    "what decides on content": (
        "--cores 8 --workflow-profile workflow/profiles/local --configfile a.yaml b.yaml"
        " --config mirror=/data 'databases={mitdb: {records: 4}}' -- results/report.html",
        "snakemake --cores 8 --workflow-profile workflow/profiles/local --configfile a.yaml b.yaml"
        " --config mirror=/data 'databases={mitdb: {records: 4}}'",
    ),
    "the moment's own options": (
        "-p --forcerun report --rerun-incomplete --quiet rules -- results/report.html",
        "snakemake",
    ),
    "short names": (
        "-c4 -C seed=1 -s there/Snakefile",
        "snakemake --snakefile there/Snakefile --cores 4 --config seed=1",
    ),
    "all cores": ("--cores --configfile a.yaml", "snakemake --cores --configfile a.yaml"),
    "a cluster": (
        "--executor slurm --jobs 20 --profile ours --default-resources mem_mb=1000",
        "snakemake --jobs 20 --executor slurm --profile ours",
    ),
    "values with an equals sign": (
        "--configfile=a.yaml --cores=2",
        "snakemake --cores 2 --configfile a.yaml",
    ),
    "a target before options": (
        "results/report.html --configfile a.yaml",
        "snakemake --configfile a.yaml",
    ),
    "a login": (
        "--config mirror=https://me:secret@host/files",
        "snakemake --config mirror=https://host/files",
    ),
    "storage's settings": ("--storage-s3-secret-key abc --cores 2", "snakemake --cores 2"),
}


@pytest.mark.parametrize("what", GIVEN)
def test_command(what):
    given, expected = GIVEN[what]
    assert command(shlex.split(given)) == expected


@pytest.mark.parametrize("what", GIVEN)
def test_typed_again_it_is_the_same(what):
    _, expected = GIVEN[what]
    assert command(shlex.split(expected)[1:]) == expected
