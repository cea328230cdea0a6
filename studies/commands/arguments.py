"""The arguments of every command of `python -m studies`. What they mean: plan.py; what is done: the other modules,
which are imported once the command is known."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from analysis.cli import add_format, completed_by
from analysis.commands.arguments import add_spelling
from studies.search.units import LOOKED_UP, UNITS
from studies.truth.importers import IMPORTERS
from supernet.spaces import SPACES

IMPORTS = "--imports"  # of a job's words: the folder that a study file imports from
DATA_ROOT = "DATA_ROOT"  # the environment's variable
DEVICES = ("auto", "cpu", "cuda")
ALL = "all"
ANY_SPACE = " or ".join(SPACES)
WORKERS = "processes of one thread (default: one a core; one on a GPU)"
TABLE = "a Parquet file with its manifest, or a name that `truth list` has"


def add_study(parser: argparse.ArgumentParser) -> None:
    """Which study, and which part of it."""
    name = parser.add_argument(
        "name", help="a study of `python -m studies list`, or a study file: my_study.py"
    )
    completed_by(name, "studies")
    parser.add_argument("--seeds", help="only these seeds: 0,1")
    parser.add_argument(
        "--only", action="append", metavar="VARIANT", help="only this variant; may be repeated"
    )
    parser.add_argument(
        "--smoke", action="store_true", help="use the same grid at a tiny size, to check that it works"
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="score every architecture of the ground truth, where the study scores a part of them",
    )
    parser.add_argument(
        "--truth",
        action="append",
        metavar="TABLE:COLUMN",
        help="another ground truth than the study's for the table's space; may be repeated",
    )
    parser.add_argument(
        "--set",
        action="append",
        metavar="SETTING=VALUE",
        help="change a setting of every variant, for example training.epochs=5 or sampling.kind=fair; makes a "
        "study of its own, with the folder RUNS/NAME+SETTING=VALUE; may be repeated",
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), help="folder of all results (default: runs)"
    )


def add_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the file to write: my_study.py")
    parser.add_argument("--space", choices=SPACES, default="nasbench201", help="search space (nasbench201)")
    parser.add_argument(
        "--data",
        default="digits",
        metavar="NAME",
        help="data set of `studies data list`, or folder:NAME (digits)",
    )
    parser.add_argument("--image-size", type=int, metavar="N", help="pixels a side; needed for a folder")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    add_data_root(parser)


def add_show(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    add_format(parser)


def add_data_root(parser: argparse._ActionsContainer, name: str = "--data-root") -> None:
    """`name` DIR: of all images; default: the environment's DATA_ROOT, else ./datasets."""
    parser.add_argument(
        name,
        type=Path,
        metavar="DIR",
        default=Path(os.environ.get(DATA_ROOT) or "datasets"),
        help=f"folder of all images (default: ${DATA_ROOT}, else datasets)",
    )


def add_work(parser: argparse.ArgumentParser) -> None:
    """A study whose runs are to be done: here (`run`) or on a cluster (`python -m slurm submit`)."""
    add_study(parser)
    parser.add_argument("--no-tensorboard", action="store_true", help="write nothing for TensorBoard")
    parser.add_argument(
        "--milestones",
        metavar="PERCENT,...",
        help="percent of the epochs after which a small part of the score sets is ranked for TensorBoard, or 'none' "
        "(default: 25,50,75)",
    )
    parser.add_argument(
        "--milestone-share",
        type=float,
        metavar="SHARE",
        help="upper bound of what all milestones of a training cost, as a share of the training's own forward passes"
        " (default: 0.05; a learning curve worth printing takes more)",
    )
    add_data_root(parser)


def add_run(parser: argparse.ArgumentParser) -> None:
    add_work(parser)
    parser.add_argument("--device", choices=DEVICES, default="auto", help="default: cuda if there is one")
    parser.add_argument("--workers", type=int, help=WORKERS)


def add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run", metavar="RUN", help="id of a finished run, as `show STUDY --wide` prints it, or its folder"
    )
    parser.add_argument("--arch", help="the sub-network of this architecture (default: the whole supernet)")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="a new file; an existing one is not overwritten",
    )
    parser.add_argument(
        "--format",
        choices=("pt", "pt2", "onnx"),
        help="pt: weights and configuration; pt2 (torch.export), onnx: of a sub-network (default: what FILE ends in)",
    )
    parser.add_argument(
        "--recalibrate",
        type=int,
        default=0,
        metavar="K",
        help="recompute the BN statistics of the sub-network on K training batches, as BN mode reset-recalibrate-K "
        "does (default: those of the training, which all paths share)",
    )
    parser.add_argument(
        "--averaged",
        action="store_true",
        help="export the averaged weights that the training kept (training.ema)",
    )
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), help="folder of all results (default: runs)"
    )
    add_data_root(parser)


def add_search(parser: argparse.ArgumentParser) -> None:
    table = parser.add_argument(
        "table", help=f"{TABLE}; for searches that train nothing any table of architectures"
    )
    completed_by(table, "tables", ".parquet")
    parser.add_argument(
        "--method",
        action="append",
        metavar="NAME,...",
        help="fear, short-training: train networks (the default); random, evolution, local-search, hyperband, "
        "q-learning, reinforce, predictor-evolution, brp-nas: look trainings up; all: these but brp-nas, hyperband "
        "where the table has values per epoch; ranking:COLUMN, ranking:FILE:COLUMN, ranking:STUDY:VARIANT[:MEASURE] "
        "('-' before it: the lower the better): the best of a ranking in turn; ilp:...: the same for a score that is a "
        "sum over places; one-shot:...: evolution on the scores; darts-pt:STUDY:VARIANT: perturbation of a trained "
        "supernet; donna:STUDY:VARIANT[:MEASURE]: evolution on a predictor of distilled blocks; "
        "iterative-teacher:TEACHER: distils blocks and fine-tunes networks, really, from the best, median, "
        "worst or a named network of the table, then from better ones; may be repeated",
    )
    parser.add_argument(
        "--column", help="column of the truth (default: DATA_test, where the table is of one data set)"
    )
    parser.add_argument(
        "--budget", type=float, help="budget of each search, in --unit (default: 100 trainings; 2000 steps)"
    )
    parser.add_argument(
        "--unit",
        choices=tuple(dict.fromkeys((*LOOKED_UP, *UNITS))),
        help="unit of the budget: trainings, epochs, macs, seconds; of searches that train: steps, seconds, macs "
        "(default: trainings; steps)",
    )
    parser.add_argument("--runs", type=int, help="searches by each method (default: 200; 10 that train)")
    parser.add_argument("--out", type=Path, help="folder (default: runs/search/TABLE)")
    parser.add_argument("--workers", type=int, help="processes of one thread (default: one a core)")
    looked_up = parser.add_argument_group("searches that look trainings up")
    looked_up.add_argument(
        "--set",
        action="append",
        metavar="METHOD.SETTING=VALUE",
        help="another value of a method's setting: evolution.sample=8; may be repeated",
    )
    looked_up.add_argument(
        "--encodings",
        choices=("raw", "unique"),
        help="raw: encodings are drawn, a network that comes again is trained again; unique: networks are drawn, each "
        "is trained once in a search (default: raw)",
    )
    looked_up.add_argument(
        "--objective",
        help="columns that searches see, a run one of them: A,B (default: validation accuracies of single seeds)",
    )
    looked_up.add_argument(
        "--mask", metavar="NAMES", help="what the table leaves out (default: its manifest's)"
    )
    looked_up.add_argument(
        "--missing",
        choices=("error", "invalid"),
        help="models of the space that the table lacks: an error, or treated as invalid, at no cost (default: error)",
    )
    looked_up.add_argument(
        "--limit",
        action="append",
        metavar="params=N",
        help="networks of more params, macs or latency are treated as invalid; may be repeated",
    )
    looked_up.add_argument(
        "--latency",
        metavar="FILE[:COLUMN]",
        help="what `latency` is in --limit and --method ranking:-latency: of `studies latency-model`, of any file, or "
        "a column of the table (default: its only one)",
    )
    looked_up.add_argument(
        "--price",
        action="append",
        metavar="METHOD=N",
        help="what the ranking of a method cost, in --unit, where no file says it (0: not counted); may be repeated",
    )
    looked_up.add_argument("--seconds", metavar="COLUMN", help="column with the seconds of a whole training")
    looked_up.add_argument(
        "--at", metavar="COST,...", help="costs to compare at (default: 10, 30 and 100 %% of the budget)"
    )
    looked_up.add_argument("--studies", metavar="RUNS", help="folder of studies (runs)")
    add_spelling(looked_up)
    trained = parser.add_argument_group("searches that train")
    trained.add_argument(
        "--ratio", type=float, help="cut-off, as a multiple of the shortest stage 1 (default: 4)"
    )
    trained.add_argument(
        "--threshold",
        type=float,
        help="threshold of FEAR, training accuracy in percent (default: found by a HoG learner)",
    )
    trained.add_argument(
        "--epochs", type=int, help="epochs of the short training (default: 4 on the embedded data, else 50)"
    )
    add_data_root(trained)
    add_format(parser)


def add_space(parser: argparse.ArgumentParser) -> None:
    masks = [f"{space.title}: {space.masks_also}" for space in SPACES.values() if space.masks_also]
    parser.add_argument("space", choices=SPACES, help="search space")
    parser.add_argument(
        "--mask",
        default="",
        metavar="NAME,NAME",
        help=f"operations that no architecture may use ({'; '.join(masks)})",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the example (default 0)")
    parser.add_argument("--draw", type=Path, metavar="FILE", help="save a drawing of the example")
    parser.add_argument(
        "--truth",
        metavar="TABLE",
        help="a table of ground truth: operations of its true top-N, agreement of its data sets",
    )
    parser.add_argument("--column", help="of the table (default: test accuracy on its first data set)")
    parser.add_argument(
        "--figures",
        type=Path,
        metavar="FOLDER",
        help="draw these figures into a folder: PNG, PDF, SVG and CSV",
    )
    add_format(parser)


def add_describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("space", choices=SPACES, help="search space")
    parser.add_argument(
        "architectures",
        nargs="+",
        metavar="ARCH",
        help="official text or plain integers; '-' reads one architecture a line from standard input",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--draw", type=Path, metavar="FILE", help="save a drawing (.png, .pdf or .svg)")


def add_data_list(parser: argparse.ArgumentParser) -> None:
    add_data_root(parser, "--root")
    add_format(parser)


def add_data_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="a data set of `python -m studies data list`")
    add_data_root(parser, "--root")


def add_data_check(parser: argparse.ArgumentParser) -> None:
    add_data_name(parser)
    parser.add_argument(
        "--image-size",
        type=int,
        help="for a folder of images of any size: side in pixels to which they are resized",
    )
    add_format(parser)


def add_table(parser: argparse.ArgumentParser) -> None:
    """A table of ground truth."""
    table = parser.add_argument("table", help=TABLE)
    completed_by(table, "tables", ".parquet")


def add_truth_list(parser: argparse.ArgumentParser) -> None:
    _add_format_or_json(parser)


def add_truth_check(parser: argparse.ArgumentParser) -> None:
    add_table(parser)


def add_truth_show(parser: argparse.ArgumentParser) -> None:
    add_table(parser)
    parser.add_argument("--all", action="store_true", help="show every column of a table")
    _add_format_or_json(parser)


def add_truth_import(parser: argparse.ArgumentParser) -> None:
    names = parser.add_subparsers(dest="importer", required=True, metavar="|".join(IMPORTERS))
    for name, importer in IMPORTERS.items():
        sub = names.add_parser(name, help=importer.help, description=importer.help)
        default = "NAME OF SOURCE" if importer.named_by_source else name
        sub.add_argument("source", type=Path, metavar="SOURCE", help=importer.source)
        sub.add_argument("--out", type=Path, help=f"Parquet file (default: runs/truth/{default}.parquet)")
        for flag, arguments in importer.options.items():
            sub.add_argument(flag, **arguments)


def _add_format_or_json(parser: argparse.ArgumentParser) -> None:
    add_format(parser)
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="--format json")


def count(text: str) -> int | str:
    """A number of architectures, or 'all'."""
    if text == ALL:
        return text
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor 'all'")
    return int(text)
