"""`python -m studies COMMAND`: what is asked, and the ground truth."""

from __future__ import annotations

import sys

from analysis import cli
from analysis.cli import Command
from studies.commands import arguments, latency_arguments, truth_build_arguments

DATA = {
    "list": Command(
        "list data sets: classes, image sizes, splits, folders",
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
        "list the tables: the embedded ones and those in runs/truth",
        "studies.commands.truth:list_tables",
        arguments.add_truth_list,
    ),
    "show": Command(
        "describe a table: columns, provenance, noise ceilings",
        "studies.commands.truth:show",
        arguments.add_truth_show,
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
        truth_build_arguments.add_truth_build,
    ),
}
COMMANDS = {
    "list": Command("list the studies", "studies.commands.list:list_studies", cli.add_format),
    "new": Command(
        "write a commented study file to start from; it runs as it is",
        "studies.commands.new:new",
        arguments.add_new,
    ),
    "show": Command(
        "show a study's variants and seeds: finished, running, failed or to do, and the expected time",
        "studies.commands.show:show",
        arguments.add_show,
    ),
    "run": Command(
        "train, score and report; skips what is finished, resumes what is not",
        "studies.commands.run:run",
        arguments.add_run,
    ),
    "search": Command(
        "search a table of ground truth: random search, evolution, Hyperband and others, any ranking, or searches that "
        "train (FEAR, short training); what each finds for its budget",
        "studies.commands.search:search",
        arguments.add_search,
    ),
    "latency": Command(
        "measure the latency of stand-alone networks on this machine; resumable",
        "studies.commands.latency:measure",
        latency_arguments.add_latency,
    ),
    "latency-model": Command(
        "fit a sum over places to measured latencies, judge it by others, predict every architecture of the space",
        "studies.commands.latency:model",
        latency_arguments.add_latency_model,
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
        "describe a search space under a mask: counts, range of costs, an example; operations of the best by a table",
        "studies.commands.space:space",
        arguments.add_space,
    ),
    "describe": Command(
        "describe architectures: validity, canonical form, index, hash, parameters, MACs, FLOPs; a drawing",
        "studies.commands.space:describe",
        arguments.add_describe,
    ),
    "truth": Command(
        "ground truth: import published tables, train new ones, describe and check them",
        commands=TRUTH,
    ),
    "data": Command("list, get and check data sets", commands=DATA),
}

PROGRAM = cli.Program("studies", __doc__, COMMANDS)
parser, main = PROGRAM.parser, PROGRAM.main

if __name__ == "__main__":
    sys.exit(main())
