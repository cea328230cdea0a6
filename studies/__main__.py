"""`python -m studies COMMAND`: what is asked, and the ground truth."""

from __future__ import annotations

import sys

from analysis import cli
from analysis.cli import Command
from studies.commands import arguments

DATA = {
    "list": Command(
        "names, classes, image sizes, splits, and where they were found",
        "studies.commands.data:list_data",
        arguments.add_data_list,
    ),
    "get": Command("download or generate a data set", "studies.commands.data:get", arguments.add_data_name),
    "check": Command(
        "verify every checksum; counts, mean and deviation, balance and splits",
        "studies.commands.data:check",
        arguments.add_data_check,
    ),
}
TRUTH = {
    "list": Command(
        "the tables that there are: embedded ones and those in runs/truth",
        "studies.commands.truth:list_tables",
        arguments.add_truth_list,
    ),
    "show": Command(
        "what a table is, and its noise ceilings", "studies.commands.truth:show", arguments.add_truth_show
    ),
    "check": Command(
        "check a table: checksum, architectures, ranges, means of seeds, known values",
        "studies.commands.truth:check",
        arguments.add_truth_check,
    ),
    "import": Command(
        "read a published benchmark's files into a table",
        "studies.commands.truth:import_",
        arguments.add_truth_import,
    ),
    "build": Command(
        "train stand-alone networks and append to a table; resumable",
        "studies.commands.truth_build:build",
        arguments.add_truth_build,
    ),
}
COMMANDS = {
    "list": Command("the studies that there are", "studies.commands.list:list_studies", cli.add_format),
    "new": Command(
        "write a study file of one's own to start from, which runs as it is",
        "studies.commands.new:new",
        arguments.add_new,
    ),
    "show": Command(
        "a study's grid: variants, seeds, what is done, running, failed or left, expected time",
        "studies.commands.show:show",
        arguments.add_show,
    ),
    "run": Command(
        "train, score and report; skips what is finished, resumes what is not",
        "studies.commands.run:run",
        arguments.add_run,
    ),
    "search": Command(
        "random search by FEAR, with and without its cut-off, and by short training: what each finds for its budget",
        "studies.commands.search:search",
        arguments.add_search,
    ),
    "export": Command(
        "write the weights of a run's supernet, or of a sub-network of it, and print the lines that load them",
        "studies.commands.export:export",
        arguments.add_export,
    ),
    "tensorboard": Command(
        "write the TensorBoard logs that a study lacks, from its runs' files, and say how to open them",
        "studies.commands.run:tensorboard",
        arguments.add_study,
    ),
    "space": Command(
        "counts, range of costs and an example of a search space under a mask; operations of the best by a table",
        "studies.commands.space:space",
        arguments.add_space,
    ),
    "describe": Command(
        "validity, canonical form, index, hash, parameters, MACs and FLOPs of architectures; a drawing",
        "studies.commands.space:describe",
        arguments.add_describe,
    ),
    "truth": Command(
        "ground truth: import what is published, build one's own, say what a table is and how noisy",
        commands=TRUTH,
    ),
    "data": Command("list, get and check data sets", commands=DATA),
}

PROGRAM = cli.Program("studies", __doc__, COMMANDS)
parser, main = PROGRAM.parser, PROGRAM.main

if __name__ == "__main__":
    sys.exit(main())
