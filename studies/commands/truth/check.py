"""`studies truth check`: whether a table is what it says."""

from __future__ import annotations

import argparse

HELP = "check a table: checksum, architectures, ranges, means of seeds, known values"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("table", help="a Parquet file with its manifest, or a name that `truth list` has")


def main(args: argparse.Namespace) -> int:
    from studies.truth import check, table

    findings = check.check(table.load(table.resolve(args.table)))
    for finding in findings:
        print(f"{finding.level:<6} {finding.text}")
    return 1 if any(finding.level == "error" for finding in findings) else 0
