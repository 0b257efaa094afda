#!/usr/bin/env bash
# A study as an array of jobs that know nothing of each other: sbatch slurm_shards.sh study.toml results
#SBATCH --job-name=bayescale
#SBATCH --array=1-8
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=02:00:00
#SBATCH --requeue
set -euo pipefail
study=$1 results=$2
# Compiled models are shared by all jobs of a user; a folder that all nodes see saves most of the compiling.
export BAYESCALE_COMPILE_CACHE=${BAYESCALE_COMPILE_CACHE:-$results/.compiled}
# Exit code 1 says that some fits are not ok, which is no failure of the job.
bayescale batch "$study" --out "$results" --processes "$SLURM_CPUS_PER_TASK" \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" || [ $? -eq 1 ]
# When all jobs have ended: bayescale batch study.toml --out results --merge
