"""The arguments of `studies latency` and `studies latency-model`. Light to import."""

from __future__ import annotations

import argparse
from pathlib import Path

from analysis.cli import add_format
from studies.commands import arguments


def add_latency(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--space", required=True, help=arguments.ANY_SPACE)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--architectures", type=arguments.count, help="how many, without replacement; or all")
    which.add_argument("--arch", action="append", metavar="ARCH", help="this architecture; may be repeated")
    parser.add_argument("--sample-seed", type=int, default=0, help="seed of the random sample (default: 0)")
    parser.add_argument("--mask", default="", help="operations that no architecture uses: OP,OP")
    parser.add_argument("--device", choices=arguments.DEVICES, default="cpu", help="default: cpu")
    parser.add_argument("--batch", default="1,256", metavar="N,N", help="images of a run (default: 1,256)")
    parser.add_argument(
        "--size",
        choices=("published", "embedded"),
        default="published",
        help="of the networks: the benchmark's, or the small ones of the embedded tables (default: published)",
    )
    parser.add_argument(
        "--runs", type=int, default=1000, help="timed runs of each, a multiple of 10 (default: 1000)"
    )
    parser.add_argument("--warmup", type=int, default=10, help="runs before them (default: 10)")
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch on the CPU (default: 1)")
    parser.add_argument(
        "--clock",
        choices=("wall", "process"),
        default="wall",
        help="process: processor time, where others share the machine; CPU with one thread (default: wall)",
    )
    parser.add_argument(
        "--repeats",
        type=int,
        default=1,
        help="measure all networks so often, one round after another (default: 1)",
    )
    parser.add_argument("--out", type=Path, help="Parquet file (default: runs/latency/SPACE-DEVICE.parquet)")
    add_format(parser)


def add_latency_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "table", help="of measured latencies: of `studies latency`, or any table with a column of them"
    )
    parser.add_argument("--column", help="the latency (default: every column latency_...)")
    parser.add_argument(
        "--fit",
        type=int,
        help="networks to fit (default: 200, at most four of five); the others judge the model",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of which are fitted (default: 0)")
    parser.add_argument(
        "--out", type=Path, help="Parquet file (default: runs/latency/NAME-predicted.parquet)"
    )
    add_format(parser)
