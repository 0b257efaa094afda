"""A study on Dask workers that SLURM starts: python slurm_dask.py study.toml results

Needs pip install 'bayescale[cluster]' dask-jobqueue. With --script it prints the job that it would submit.
"""

from __future__ import annotations

import sys

from dask_jobqueue import SLURMCluster

import bayescale as bs


def cluster() -> SLURMCluster:
    """Jobs of four workers with one thread each."""
    return SLURMCluster(
        cores=4,
        processes=4,
        memory="8GB",
        walltime="02:00:00",
        death_timeout=120,
        # Workers end on their own before SLURM ends them, and their chunks go to others.
        worker_extra_args=["--lifetime", "110m", "--lifetime-stagger", "4m"],
    )


if __name__ == "__main__":
    with cluster() as made:
        if "--script" in sys.argv:
            print(made.job_script())
        else:
            made.adapt(minimum_jobs=1, maximum_jobs=8)
            print(bs.run_study(sys.argv[1], sys.argv[2], scheduler=made.scheduler_address))
