#!/bin/bash

# Parameters
#SBATCH --account=project
#SBATCH --array=0-3%3
#SBATCH --cpus-per-task=4
#SBATCH --exclusive
#SBATCH --gpus-per-node=1
#SBATCH --job-name=NAME
#SBATCH --mem=7680M
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --open-mode=append
#SBATCH --output=FOLDER/%A_%a_0_log.out
#SBATCH --partition=gpu
#SBATCH --qos=normal
#SBATCH --requeue
#SBATCH --signal=USR2@90
#SBATCH --time=2160

# setup
module load cuda
source '/opt/my venv/activate'
export SRUN_CPUS_PER_TASK=4
export OMP_NUM_THREADS=1
export PYTHONPATH="REPOSITORY${PYTHONPATH:+:$PYTHONPATH}"

# command
export SUBMITIT_EXECUTOR=slurm
srun --unbuffered --output FOLDER/%A_%a_%t_log.out python3 -u -m submitit.core._submit FOLDER
