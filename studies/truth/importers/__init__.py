"""Published ground truth, read into this project's own table.

An importer is a module with `read(source: Path, **options) -> Imported` (see `imported.py`); `IMPORTERS` names them.
They are not imported before one of them is used: the command line starts at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Importer:
    """module: of `read`. help: one line. source: what SOURCE is. options: flag -> arguments of add_argument; read()
    gets each by its name ('--fraction': fraction). named_by_source: whether the table has the name of SOURCE, not the
    importer's."""

    module: str
    help: str
    source: str
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    named_by_source: bool = False


IMPORTERS: dict[str, Importer] = {
    "nasbench201": Importer(
        module="studies.truth.importers.nasbench201.files",
        help="NAS-Bench-201: the NATS-Bench topology release (folder or single file) or the older .pth",
        source="NATS-tss-v1_0-3ffb9-simple, NATS-tss-v1_0-3ffb9.pickle.pbz2 or NAS-Bench-201-v1_1-096897.pth",
        options={
            "--curves": {
                "choices": ("mean", "seeds", "none"),
                "default": "mean",
                "help": "values of every epoch: means over seeds (the default), single seeds too, or none",
            }
        },
    ),
    "blox": Importer(
        module="studies.truth.importers.blox.files",
        help="Blox: base, ext, info, env and bench as .blox, .csv or .pickle",
        source="a folder of files named blox-*, or one file",
        options={
            "--drop-first-epoch": {
                "action": "store_true",
                "help": "leave out the first epoch's validation, which may hold the best epoch's",
            }
        },
    ),
    "csv": Importer(
        module="studies.truth.importers.csv",
        help="any table of one row an architecture: CSV, JSON, Parquet, NumPy or a plain pickle",
        source="a file with a column arch (or index: the space's official number) and columns of numbers",
        named_by_source=True,
        options={
            "--space": {"required": True, "help": "nasbench201 or blox"},
            "--columns": {
                "metavar": "OLD=NEW,...",
                "help": "the only columns to keep, and their names here (default: all with names of the form)",
            },
            "--data": {"help": "data set of columns whose names do not say it: cifar10 for 'test'"},
            "--title": {"help": "title of the table (default: the file's name)"},
            "--licence": {"help": "licence of the numbers"},
            "--fraction": {"action": "store_true", "help": "accuracies are between 0 and 1"},
            "--dialect": {
                "help": "how architectures are spelled, where several dialects fit: ints, naslib, ..."
            },
            "--arch-column": {
                "help": "what names the architectures, where it is not arch, arch_str, architecture or index"
            },
            "--where": {
                "action": "append",
                "default": [],
                "metavar": "COLUMN=VALUE",
                "help": "use only these rows",
            },
            "--average": {
                "action": "store_true",
                "help": "rows that name one architecture (seeds) become their mean",
            },
        },
    ),
}
