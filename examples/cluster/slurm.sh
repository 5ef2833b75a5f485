#!/bin/sh
# Train on several nodes of a Slurm cluster, one worker a node with all its GPUs:
#
#   sbatch --nodes=4 examples/cluster/slurm.sh --dataset=celeb_a --data_dir=/shared/tfds --workdir=/shared/runs/celeb_a
#
# When a worker is lost, the others end, the job is queued again, and goes on where it was. Wrong input (status 2) ends it.
#SBATCH --job-name=keras_vae
#SBATCH --ntasks-per-node=1
#SBATCH --requeue
#SBATCH --open-mode=append

WORKERS=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed 's/.*/"&:12345"/' | paste -sd, -)
export WORKERS
# shellcheck disable=SC2016  # each task expands what is quoted
srun --kill-on-bad-exit=1 sh -c '
  TF_CONFIG="{\"cluster\": {\"worker\": [$WORKERS]}, \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
  export TF_CONFIG
  exec python train.py --strategy=multi_worker "$@"
' train.py "$@"
status=$?
[ "$status" = 0 ] || [ "$status" = 2 ] || scontrol requeue "$SLURM_JOB_ID"
exit "$status"
