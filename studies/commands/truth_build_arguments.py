"""The arguments of `python -m studies truth build`."""

from __future__ import annotations

import argparse
from pathlib import Path

from studies.commands.arguments import ANY_SPACE, DEVICES, TABLE, WORKERS, add_data_root, count

# `truth build`: what may differ from the default of images and networks of one's own.
ASKED: dict[str, tuple[type, str]] = {
    "recipe": (str, f"{ANY_SPACE}: how networks are trained (default: the space's own)"),
    "split": (str, "which images train, which validate (default: the recipe's, else the data set's)"),
    "subset": (int, "this many training images, balanced over the classes (default: all)"),
    "valid-subset": (int, "this many validation images (default: all)"),
    "image-size": (int, "pixels a side (default: the images' own; needed for a folder)"),
    "epochs": (int, "epochs of each training (default: the recipe's 200)"),
    "batch-size": (int, "images of a mini-batch (default: the recipe's 256)"),
    "channels": (int, "of the first stage (default: the benchmark's)"),
    "cells": (int, "searchable cells a stage (default: the benchmark's)"),
}


def add_truth_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--space", required=True, help=ANY_SPACE)
    parser.add_argument(
        "--data",
        default="digits",
        help="digits (default), synthetic, synthetic4; cifar10, cifar100, imagenet16 or folder:NAME, with the "
        "benchmark's networks and recipe",
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--architectures", type=count, help="how many, without replacement; or all")
    which.add_argument("--arch", action="append", metavar="ARCH", help="this architecture; may be repeated")
    parser.add_argument("--seeds", type=int, required=True, help="trainings of each architecture")
    parser.add_argument("--sample-seed", type=int, default=0, help="seed of the random sample (default: 0)")
    parser.add_argument("--mask", default="", help="operations that no architecture uses: OP,OP")
    parser.add_argument(
        "--curves", action="store_true", help="also keep the validation accuracy after every epoch"
    )
    for name, (kind, text) in ASKED.items():
        parser.add_argument(f"--{name}", type=kind, help=text)
    tuned = parser.add_argument_group(
        "networks of distilled blocks, fine-tuned, instead of trained from scratch"
    )
    tuned.add_argument(
        "--finetune-from",
        metavar="TEACHER",
        help="an architecture, or the best, median or worst of --teacher-table by validation accuracy",
    )
    tuned.add_argument("--teacher-table", metavar="TABLE", help=f"{TABLE} (default: SPACE-DATA)")
    tuned.add_argument("--distil-epochs", type=int, help="of each block (default: the paper's 10; digits: 4)")
    tuned.add_argument(
        "--finetune-epochs", type=int, help="of each network (default: the paper's 10; digits: 4)"
    )
    tuned.add_argument(
        "--finetune-lr", type=float, help="first learning rate (default: the paper's 5e-5; digits: 1e-3)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="Parquet file (default: runs/truth/SPACE-DATA.parquet; of fine-tuned networks "
        "SPACE-DATA-fine-tuned.parquet)",
    )
    add_data_root(parser)
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="default: cpu")
    parser.add_argument("--workers", type=int, help=WORKERS)
    parser.add_argument(
        "--export",
        action="store_true",
        help="train nothing; write the table from the networks trained so far",
    )
