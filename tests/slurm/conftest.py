"""A SLURM for all tests of this folder, and a study in it; where there is none, all skip."""

import os
from collections.abc import Iterator

import pytest
from slurm.cluster import Cluster, ClusterError, running
from slurm.study import Study


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A SLURM that `make test-slurm` asks for: other tests start none."""
    if not os.environ.get("CARDIOGRAFT_SLURM"):
        pytest.skip("a SLURM is installed and started by `make test-slurm` alone")
    pytest.importorskip("snakemake_executor_plugin_slurm", reason="needs cardiograft[slurm]")
    try:
        with running() as running_cluster:
            yield running_cluster
    except ClusterError as reason:
        pytest.skip(f"no SLURM: {reason}")


@pytest.fixture(scope="session")
def trainings(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """A study whose recordings are cut and split, with trainings of some seconds to do."""
    study = Study(tmp_path_factory.mktemp("trainings"))
    assert study.run("--cores=2", "results/splits/strict.parquet", profile="local") == 0, (
        study.log_text()
    )
    return study
