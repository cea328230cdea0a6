"""The arguments of the commands: how a user names studies, and how a file spells architectures. Light to import."""

from __future__ import annotations

import argparse
from pathlib import Path

from analysis.cli import add_format, completed_by
from supernet.spaces import SPACES

FORMATS = "CSV, JSON, Parquet, NumPy or a plain pickle, packed or not"


def study(parser: argparse.ArgumentParser) -> None:
    """NAME, the study, and where it is."""
    name = parser.add_argument(
        "name", metavar="NAME", help="the study: the folder RUNS/NAME, or its file NAME.py"
    )
    completed_by(name, "results")
    add_runs(parser)


def table(parser: argparse.ArgumentParser) -> None:
    """NAME and --format."""
    study(parser)
    add_format(parser)


def scores(parser: argparse.ArgumentParser) -> None:
    """NAME, the form and where it goes."""
    study(parser)
    parser.add_argument(
        "--format",
        choices=("csv", "parquet", "jsonl"),
        help="jsonl: a JSON object a line (default: what the name of --out ends in, else csv)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="the file to write (default: standard output)"
    )


def studies(parser: argparse.ArgumentParser) -> None:
    """Several studies and --format."""
    names = parser.add_argument(
        "names", nargs="+", metavar="NAME", help="the studies, as `report` takes them"
    )
    completed_by(names, "results")
    add_runs(parser)
    add_format(parser)


def compare(parser: argparse.ArgumentParser) -> None:
    """Several studies, --format and a page."""
    studies(parser)
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a page of it as well")


def figure(parser: argparse.ArgumentParser) -> None:
    """A figure, what it is drawn from, and where to it is saved."""
    name = parser.add_argument(
        "figure", nargs="?", metavar="FIGURE", help="its name, for example paper-4 or blox-4"
    )
    completed_by(name, "figures", None)
    source = parser.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="the study, the folder RUNS/SOURCE or its file SOURCE.py; or a folder of `studies search`; or a table of"
        " ground truth, of any format that correlate reads; for blox-22 several, joined by commas",
    )
    completed_by(source, "results")
    add_runs(parser)
    parser.add_argument(
        "--column", help="of the table (default: its first test accuracy at the end of training)"
    )
    add_spelling(parser)
    parser.add_argument(
        "--format", default="pdf,svg,png", metavar="F,F,...", help="some of pdf, svg, png (all three)"
    )
    parser.add_argument(
        "--size", default="page", metavar="SIZE",
        help="page, column (3.3 inches wide) or slide (at most 12 inches wide, larger text); default: page",
    )  # fmt: skip
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where the figure goes (the study's folder figures/; for a table RUNS/figures/)",
    )


def front(parser: argparse.ArgumentParser) -> None:
    """A table of ground truth, costs and rankings."""
    table = parser.add_argument("table", metavar="TABLE", help=f"a table of ground truth: {FORMATS}")
    completed_by(table, "tables", ".parquet")
    parser.add_argument(
        "--column", help="of the table (default: its first test accuracy at the end of training)"
    )
    parser.add_argument("--cost", metavar="COST,...", help="params, macs, latency (those that are known)")
    parser.add_argument(
        "--latency", metavar="FILE[:COLUMN]", help="what latency is (default: the table's only column of it)"
    )
    parser.add_argument(
        "--by",
        action="append",
        metavar="RANKING",
        help="a column, params, macs or latency ('-' before it: the lower the better), FILE:COLUMN or"
        " STUDY:VARIANT[:MEASURE]; may be repeated",
    )
    add_runs(parser)
    add_spelling(parser)
    parser.add_argument(
        "--floor",
        type=float,
        metavar="TRUTH",
        help="truth from which hypervolume counts (the table's lowest)",
    )
    parser.add_argument("--draws", type=int, default=1000, help="random sets for each front (1000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random sets (0)")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="draw the fronts there as well")
    add_format(parser)


def two_phases(parser: argparse.ArgumentParser) -> None:
    """A folder of searches, tables, and where phases and comparisons are."""
    parser.add_argument(
        "folder", metavar="FOLDER", help="of `studies search` on a table of fine-tuned networks"
    )
    parser.add_argument(
        "tables",
        nargs="+",
        metavar="TABLE",
        help="the table that was searched, and others of the same networks, by which the best are trained anew; also"
        " folders of searches by the iterative teacher",
    )
    parser.add_argument(
        "--switch",
        type=float,
        metavar="COST",
        help="from which the best are trained anew (half of what was searched)",
    )
    parser.add_argument(
        "--at", type=float, metavar="COST", help="cost at which accuracies are compared (the last)"
    )
    parser.add_argument(
        "--target", type=float, metavar="TRUTH", help="accuracy to reach (the best of the table from scratch)"
    )
    parser.add_argument(
        "--conventional",
        action="append",
        metavar="FOLDER",
        help="searches of networks trained from scratch, to compare with; may be repeated",
    )
    add_format(parser)


def iterations(parser: argparse.ArgumentParser) -> None:
    """A folder of searches, a run, --format."""
    parser.add_argument("folder", metavar="FOLDER", help="of `studies search --method iterative-teacher:...`")
    parser.add_argument("--run", type=int, metavar="N", help="this search alone, from 0 (all)")
    add_format(parser)


def yardstick(parser: argparse.ArgumentParser) -> None:
    """A study, --format, and what is compared with what."""
    table(parser)
    parser.add_argument(
        "--table",
        choices=("bins", "rankings", "front", "amortised", "fear-1", "fear-2", "fear-3"),
        help="one table (all; for csv: bins); fear-1 to fear-3: as the FEAR paper prints them",
    )
    _add_missing(parser)
    parser.add_argument(
        "--front",
        metavar="KIND[:MEASURE]",
        help="kind of ranking that forms the Pareto front (default: short-training, where the study has it)",
    )
    parser.add_argument(
        "--cost", choices=("seconds", "steps", "macs"), default="seconds", help="cost of the front (seconds)"
    )
    parser.add_argument("--bins", metavar="X,X,...", help="the true top X %% (10,20,30,40,50,100)")


def leaderboard(parser: argparse.ArgumentParser) -> None:
    """A study, --format, by what it is judged, and what is written."""
    table(parser)
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="keep the rankings there in small files, of which this command makes the same again: leaderboard DIR",
    )
    parser.add_argument("--figures", type=Path, metavar="DIR", help="write the figures there as well")
    parser.add_argument(
        "--table", choices=("rankings", "pairs", "ceilings"), help="one table (all; for csv: rankings)"
    )
    parser.add_argument(
        "--truth",
        action="append",
        default=[],
        metavar="COLUMN",
        help="judge by this column of the truth table too; may be given several times (the same metric on the table's"
        " other images)",
    )
    parser.add_argument(
        "--labels",
        type=int,
        metavar="N",
        help="only rankings that are told at most N labels: what the others are told is then judged as well",
    )
    _add_missing(parser)


def _add_missing(parser: argparse.ArgumentParser) -> None:
    """--missing, what becomes of architectures without a score."""
    parser.add_argument(
        "--missing",
        choices=("common", "drop", "worst"),
        default="common",
        help="architectures that a ranking has no score for: left out for all rankings, for this one, or ranked worst"
        " (common)",
    )


def correlate(parser: argparse.ArgumentParser) -> None:
    """Two columns of files, what is computed of them, --format and a page."""
    parser.add_argument(
        "--truth", required=True, metavar="FILE:COLUMN", help=f"for example truth.csv:cifar10_test; {FORMATS}"
    )
    parser.add_argument(
        "--scores", required=True, metavar="FILE:COLUMN", help=f"for example scores.parquet:score; {FORMATS}"
    )
    _add_files(parser)
    parser.add_argument(
        "--top",
        default="10,25,50,150,250,500",
        metavar="N,N,...",
        help="sizes of the true and the predicted top: the K of P@K, BR@K, WR@K, nDCG@K and regret@K too",
    )
    parser.add_argument(
        "--delta",
        type=float,
        default=0.1,
        help="resolution of the sparse tau, in the units of the truth (0.1)",
    )
    parser.add_argument(
        "--missing",
        choices=("drop", "worst"),
        default="drop",
        help="architectures without a score: left out (the default), or ranked below all others",
    )
    parser.add_argument(
        "--part",
        choices=("sample", "top", "both"),
        help="of scores that hold a true top-N and a random sample, as a run's own file does: compare one of them, or"
        " both as one set (default: the whole by the sample, the true tops by the top)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of intervals, p-values and the breaking of ties (0)"
    )
    add_format(parser)
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="--format json")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a page of it as well")
    parser.add_argument("--title", help="title of that page (default: the names of the columns)")


def _add_files(parser: argparse.ArgumentParser) -> None:
    """How the files of the scores and of the truth are read."""
    add_spelling(parser)
    for side, of in (("", "of the scores"), ("truth-", "of the truth")):
        parser.add_argument(
            f"--{side}where",
            action="append",
            default=[],
            metavar="COLUMN=VALUE",
            help=f"use only these rows {of}: measure=batch; may be given several times",
        )
        parser.add_argument(
            f"--{side}lower-is-better",
            action="store_true",
            help=f"the column {of} is one in which lower is better: a loss, an error, a rank",
        )
    parser.add_argument(
        "--truth-dialect", metavar="NAME", help="dialect of the truth, if it differs from --dialect"
    )
    parser.add_argument(
        "--truth-arch-column",
        metavar="COLUMN",
        help="column of names of the truth, if it differs from --arch-column",
    )
    parser.add_argument(
        "--average", action="store_true", help="rows that name one architecture (seeds) become their mean"
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="accept two files that share fewer than half of the rows of the smaller one",
    )


def add_runs(parser: argparse.ArgumentParser) -> None:
    """--runs DIR, where studies are."""
    parser.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="DIR", help="folder of all results (runs)"
    )


def add_spelling(parser: argparse._ActionsContainer) -> None:
    """--space, --dialect and --arch-column: how a file of others names architectures."""
    parser.add_argument(
        "--space", help=f"{' or '.join(SPACES)} (default: the one that reads every row of a file)"
    )
    parser.add_argument(
        "--dialect",
        metavar="NAME",
        help="how architectures are spelled where several dialects fit: string, index, ints, naslib, nested or edges",
    )
    parser.add_argument(
        "--arch-column",
        metavar="COLUMN",
        help="the column that names the architectures (default: arch, arch_str, architecture or index, else a"
        " first column without a name)",
    )
