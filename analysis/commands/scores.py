"""`analysis scores STUDY`: every score of a study beside its truth, a tidy row each, for other programs.

A study of 610 runs of 15,625 architectures has ten million rows: they are written run by run, and one run is in memory.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow
import pyarrow.parquet

from analysis.measures.frames import SCORES, each_run, scores_of
from analysis.store.study import Study, load_study, study_folder, tell
from analysis.tables import csv_text
from analysis.tables.table import records
from supernet.files import write_atomic

NUMBERS = {"seed": pyarrow.int64(), **dict.fromkeys(("score", "loss", "truth"), pyarrow.float64())}
SCHEMA = pyarrow.schema(
    [(name, NUMBERS.get(name, pyarrow.dictionary(pyarrow.int32(), pyarrow.string()))) for name in SCORES]
)


def main(args: argparse.Namespace) -> int:
    """Write the scores; exit code 2 if runs have damaged files, whose scores are then not there."""
    study = load_study(study_folder(args.runs, args.name))
    form = args.format or _form_of(args.out)
    if args.out is None and form == "parquet" and sys.stdout.isatty():
        raise ValueError("--format: parquet is not for a terminal; say where it goes with --out FILE")
    code = tell(study)  # reads and checks every run, so that nothing is found out in the middle of the file

    def write(file: IO[bytes]) -> None:
        WRITERS[form](file, (scores_of(study, run) for run in each_run(study)))

    if args.out is None:
        write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        write_atomic(args.out, write)
        print(args.out, file=sys.stderr)
    if note := _without_scores(study):
        print(f"note: {study.name}: {note}", file=sys.stderr)
    return code


def _form_of(path: Path | None) -> str:
    """What the name of the file says; CSV without one. ValueError if it says nothing."""
    if path is None:
        return "csv"
    form = path.suffix.lower().removeprefix(".")
    if form not in WRITERS:
        raise ValueError(
            f"--out: the suffix of {str(path)!r} is not one of {', '.join(WRITERS)}; say which with --format"
        )
    return form


def _without_scores(study: Study) -> str:
    """How many runs have no rows, and why; '' if all have some."""
    own = [study.result(run)["status"] for run in study.runs if run.trained_as is None]
    left = Counter(status for status in own if status != "finished")
    counts = ", ".join(f"{count} {status}" for status, count in left.items())
    return f"{left.total()} of {len(own)} runs have no scores ({counts})" if left else ""


Frames = Iterator[pd.DataFrame]


def _csv(file: IO[bytes], frames: Frames) -> None:
    head = csv_text(pd.DataFrame(columns=SCORES))
    file.write(head.encode())
    for frame in frames:
        file.write(csv_text(frame).split("\n", 1)[1].encode())


def _json_lines(file: IO[bytes], frames: Frames) -> None:
    for frame in frames:
        lines = [json.dumps(row, allow_nan=False, ensure_ascii=False) for row in records(frame)]
        file.write("".join(f"{line}\n" for line in lines).encode())


def _parquet(file: IO[bytes], frames: Frames) -> None:
    """A row group a run."""
    with pyarrow.parquet.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        for frame in frames:
            writer.write_table(pyarrow.Table.from_pandas(frame, SCHEMA, preserve_index=False))


WRITERS: dict[str, Callable[[IO[bytes], Frames], Any]] = {
    "csv": _csv,
    "parquet": _parquet,
    "jsonl": _json_lines,
}
