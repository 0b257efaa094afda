"""One fit by several hosts, each with a share of the rows; start it on every host with the same table.

python examples/several_hosts.py RUNS.csv OUT.nc --coordinator HOST:PORT --processes 2 --process 0
python examples/several_hosts.py RUNS.csv OUT.nc --coordinator HOST:PORT --processes 2 --process 1

Under SLURM, Open MPI and on TPU pods JAX finds the three out: srun python examples/several_hosts.py RUNS.csv OUT.nc
"""

import argparse

import bayescale as bs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs")
    parser.add_argument("out")
    parser.add_argument("--coordinator", metavar="HOST:PORT", help="of process 0")
    parser.add_argument("--processes", type=int)
    parser.add_argument("--process", type=int, help="number of this one, from 0")
    parser.add_argument("--law", default="chinchilla")
    parser.add_argument("--chains", type=int, default=4)
    parser.add_argument("--warmup", type=int)
    parser.add_argument("--draws", type=int)
    chosen = parser.parse_args()

    process = bs.join_hosts(chosen.coordinator, chosen.processes, chosen.process)
    sampling = {"chains": chosen.chains, "warmup": chosen.warmup, "draws": chosen.draws}
    runs = bs.read_runs(chosen.runs)
    # The instant engine is one process's own; what hosts share is NUTS.
    fit = bs.fit(chosen.law, runs, engine="nuts", devices="all", spread="rows", progress=process == 0, **sampling)
    if process == 0:
        fit.save(chosen.out)
        print(fit)


if __name__ == "__main__":
    main()
