"""The sections on runs: how rankings come about while they train, what they cost and which of them finished, and where
the numbers come from."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from analysis.figures import learning, style
from analysis.measures.collect import Collected
from analysis.measures.configurations import configurations
from analysis.report.page import picture
from analysis.report.sections.choices import SPACE
from analysis.store.run import NOT_RUN
from analysis.store.study import Study
from analysis.tables.cells import Row, fixed, with_std
from analysis.tables.html import Html, element, html_table
from analysis.tables.table import Column, Table
from supernet.files import digest
from supernet.spaces import get_space

VERSIONS = ("numpy", "scipy", "pandas", "matplotlib")
UNKNOWN = "not recorded"
WORDS = {"diverged": "diverged", "failed": "failed", "missing": NOT_RUN}  # states without numbers
LEARNING = (
    "tau-b of the scores at the milestones of each training and at its end, on the same architectures of the"
    " sample, against the number of updates: by validation accuracy and by loss. Thick: mean over seeds; bands: mean ±"
    " standard deviation."
)


def learning_section(collected: Collected, folder: Path) -> list[Html]:
    """Heading and figure; nothing where no run has milestones of enough architectures."""
    pieces = []
    for drawn in learning.learning_of_study(collected):
        paths = style.save(drawn.figure, drawn.frame, folder, "learning")
        pieces.append(picture(paths[0], f"{LEARNING} {collected.study.note}", f"Figure: {LEARNING}"))
    return [element("h2", "During training"), *pieces] if pieces else []


def runs_section(collected: Collected) -> list[Html]:
    """Heading, costs and states by variant, and every run."""
    variants = collected.primary[collected.primary["trained_as"].isna()]
    return [
        element("h2", "Runs"),
        html_table(Table(COSTS, variants.to_dict("records"))),
        html_table(Table(RUNS, _once(collected).to_dict("records"))),
    ]


def _once(collected: Collected) -> pd.DataFrame:
    """Each run once: in the measure that it is about, as it was trained."""
    return collected.runs[collected.runs["primary"].astype(bool) & collected.runs["trained_as"].isna()]


def _state(row: Row, key: str) -> str:
    return row[key].replace("missing", NOT_RUN)


def _reason(row: Row, key: str) -> str:
    return "" if pd.isna(row[key]) or row[key] == NOT_RUN else row[key]


COSTS = [
    SPACE,
    Column("variant", "Variant", words=True),
    Column("mask", "Mask", words=True),
    *(Column(key, format=fixed(0)) for key in ("finished", "diverged", "failed")),
    Column("runs_missing", NOT_RUN, format=fixed(0)),
    Column("mean_score", "mean score", format=partial(with_std, digits=2)),
    Column("epochs", format=fixed(0)),
    Column("updates", format=fixed(0)),
    Column("train_seconds", "training", unit="s", format=fixed(1)),
    Column("score_seconds", "scoring", unit="s", format=fixed(1)),
]
RUNS = [
    Column("variant", "Variant", words=True),
    SPACE,
    Column("seed", "Seed", words=True),
    Column("run_id", "Run", words=True, format=lambda row, key: element("code", row[key])),
    Column("state", "State", words=True, format=_state),
    Column("reason", "Reason", words=True, format=_reason),
    Column("tau_b", "tau-b", format=fixed()),
    Column("n", format=fixed(0)),
    Column("missing", format=fixed(0)),
]


def provenance_section(collected: Collected) -> list[Html]:
    """Heading, the truth tables with their checksums, what the variants share, where they differ, the code."""
    return [
        element("h2", "Provenance"),
        _truths(collected.study),
        element("p", _finished(collected)),
        *_configurations(collected.study),
        *_code(collected.study),
    ]


def checksum(path: Path) -> str:
    """The first 16 digits of a file's SHA-256; 'absent' for none."""
    return digest(path)[:16] if path.is_file() else "absent"


def analysed_with() -> str:
    """The versions of what the page is made with."""
    return _listed({"python": platform.python_version()} | {name: version(name) for name in VERSIONS})


def _truths(study: Study) -> Html:
    rows = []
    for name, truth in study.truths.items():
        size = truth.size
        networks = (
            f"{size.channels} channels, {get_space(name).cells_a_stage(size)} cells a stage"
            if size
            else "published"
        )
        codes = [element("code", text) for text in (truth.path.name, truth.column, checksum(truth.path))]
        rows.append([style.TITLES.get(name, name), truth.title, *codes, networks])
    head = ["Space", "Truth", "File", "Column", "SHA-256, first 16", "Networks"]
    return html_table(Table.of_cells(head, rows, words=6))


def _finished(collected: Collected) -> str:
    """How many runs have no numbers, by their state."""
    states = _once(collected)["state"].value_counts()
    total = int(states.sum())
    without = [f"{int(states[state])} {text}" for state, text in WORDS.items() if states.get(state)]
    if not without:
        return f"All {total} runs have finished."
    finished = int(states.get("finished", 0))
    return f"{finished} of {total} runs have finished ({', '.join(without)}); the others have no numbers in this page."


def _configurations(study: Study) -> list[Html]:
    pieces = []
    for one in configurations(study):
        title = style.TITLES.get(one.space, one.space)
        keys = next(iter(one.differing.values()), {})
        if keys:
            rows = [[name, *(config[key] for key in keys)] for name, config in one.differing.items()]
            table = Table.of_cells(["Variant", *keys], rows, words=len(keys) + 1)
            pieces += [element("h3", f"{title}: where the variants differ"), html_table(table)]
        if one.shared:
            what = "what all variants share" if len(one.differing) > 1 else "the configuration"
            values = [[element("code", key), value] for key, value in one.shared.items()]
            content = html_table(Table.of_cells(["Setting", "Value"], values, words=2))
            pieces.append(element("details", element("summary", f"{title}: {what}"), content))
        if one.unknown:
            text = f"{title}: no configuration yet, since no run has begun: {', '.join(one.unknown)}."
            pieces.append(element("p", text, class_="small"))
    return pieces


def _code(study: Study) -> list[Html]:
    """Command, commit and versions, as far as they were recorded."""
    known = study.provenance
    command, commit = (
        element("code", known[key]) if known.get(key) else UNKNOWN for key in ("command", "commit")
    )
    ran = Counter(
        _listed(result["versions"]) if result.get("versions") else UNKNOWN
        for run in study.runs
        if run.trained_as is None and (result := study.result(run))["status"] == "finished"
    )
    versions = "; ".join(
        f"{text} ({count} runs)" if len(ran) > 1 else text for text, count in ran.most_common()
    )
    rows = [
        ["Repeat with", command],
        *_user_file(known.get("file")),
        ["Commit of the code when the study was last started", commit],
        ["Trained and scored with", versions or "no run has finished"],
        ["Analysed with", analysed_with()],
    ]
    text = (
        "Each run's folder is named by the hash of its configuration and keeps it as config.json. The figures are also"
        " in figures/ as PNG, PDF and SVG, with their data as CSV. -dirty: the code was changed after that commit."
    )
    return [
        element("h3", "Code and versions"),
        html_table(Table.of_cells(["What", "Which"], rows, words=2)),
        element("p", text, class_="small"),
    ]


def _user_file(file: Mapping[str, str] | None) -> list[list[str]]:
    """A user's file that says the study; nothing for one of the catalogue."""
    if file is None:
        return []
    return [["Study file", f"{file['path']}, SHA-256 {file['sha256'][:16]}..., kept as {file['kept']}"]]


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
