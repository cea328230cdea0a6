"""What reads tables of ground truth into this project's own: of each space its authors' files, and any table.

An importer is described in plain Python and imported when it is used: the command line starts at once.
"""

from __future__ import annotations

from supernet.spaces import SPACES
from supernet.spaces.space import Importer

IMPORTERS: dict[str, Importer] = {
    **{name: space.importer for name, space in SPACES.items() if space.importer is not None},
    "nats-size": Importer(
        module="studies.truth.importers.nats_size",
        help="NATS-Bench's size space, a table to compare with: the official files, or a CSV",
        source="NATS-sss-v1_0-50262-simple/, its .pickle.pbz2, or a CSV with arch, accuracies, params and macs",
    ),
    "csv": Importer(
        module="studies.truth.importers.csv",
        help="any table of one row an architecture: CSV, JSON, Parquet, NumPy or a plain pickle",
        source="a file with a column arch (or index: the space's official number) and columns of numbers",
        named_by_source=True,
        options={
            "--space": {"required": True, "help": " or ".join(SPACES)},
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
