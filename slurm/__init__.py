"""Studies on a cluster. A study is cut into arrays of jobs, and each array is one folder under RUNS/STUDY/slurm/.

`Profile` (profile.py): what to ask the cluster for, a TOML file. `Submitter` (submitter.py): finds which runs are left
and packs them into jobs and arrays. `Submission` (records.py): the record of one array, written before it is sent; with
the queue and the runs' own files it says how far each run is (`State`). arrays.py: from a record to a batch script and
into the queue, through submitit. `Job` (job.py): what submitit pickles, the words of a study and the ids of runs;
worker.py: what it does on the node. queue.py: SLURM's commands. commands.py, doctor.py: the command line; probe.py: the
job of the doctor. demo.py: a SLURM of one machine.

    plan = plan_from_args(args)                                      # studies/commands/plan.py
    Submitter(plan, words_from_args(args), profile.read(path)).submit()

What can be imported from here is public, nothing else; each name is imported from its module when it is first used.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
