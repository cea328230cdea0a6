"""The section on where the numbers come from: truths, configurations, code, versions, and what is missing."""

from __future__ import annotations

import platform
from collections import Counter
from importlib.metadata import version

from analysis.figures import style
from analysis.measures.collect import Collected
from analysis.measures.configurations import configurations
from analysis.report.page import Html, element, table
from analysis.store.study import Study
from supernet.files import digest

VERSIONS = ("numpy", "scipy", "pandas", "matplotlib")
UNKNOWN = "not recorded"


def provenance_section(found: Collected) -> list[Html]:
    """Heading, the truth tables with their checksums, what the variants share, where they differ, the code."""
    return [
        element("h2", "Provenance"),
        _truths(found.study),
        element("p", _missing(found)),
        *_configurations(found.study),
        *_code(found.study),
    ]


def _truths(study: Study) -> Html:
    rows = []
    for name, truth in study.truths.items():
        checksum = digest(truth.path)[:16] if truth.path.is_file() else "absent"
        size = (
            f"{truth.size.channels} channels, {truth.size.cells_per_stage} cells a stage"
            if truth.size
            else "published"
        )
        cells = [
            style.TITLES.get(name, name),
            truth.title,
            element("code", truth.path.name),
            element("code", truth.column),
        ]
        rows.append([*cells, element("code", checksum), size])
    return table(["Space", "Truth", "File", "Column", "SHA-256, first 16", "Networks"], rows, words=6)


def _missing(found: Collected) -> str:
    """How many runs have no numbers, by what became of them."""
    own = found.runs[found.runs["primary"].astype(bool) & found.runs["trained_as"].isna()]
    states = own["state"].value_counts()
    words = {"diverged": "diverged", "failed": "failed", "missing": "not run yet"}
    left = [f"{int(states[state])} {text}" for state, text in words.items() if states.get(state)]
    if not left:
        return f"All {len(own)} runs have finished."
    finished = int(states.get("finished", 0))
    return f"{finished} of {len(own)} runs have finished ({', '.join(left)}); the others have no numbers anywhere."


def _configurations(study: Study) -> list[Html]:
    pieces = []
    for one in configurations(study):
        title = style.TITLES.get(one.space, one.space)
        keys = next(iter(one.differing.values()), {})
        if keys:
            rows = [[name, *(config[key] for key in keys)] for name, config in one.differing.items()]
            pieces += [
                element("h3", f"{title}: where the variants differ"),
                table(["Variant", *keys], rows, words=len(keys) + 1),
            ]
        if one.shared:
            what = "what all variants share" if len(one.differing) > 1 else "the configuration"
            values = [[element("code", key), value] for key, value in one.shared.items()]
            content = table(["Setting", "Value"], values, words=2)
            pieces.append(element("details", element("summary", f"{title}: {what}"), content))
        if one.unknown:
            text = f"{title}: no configuration yet, since no run has begun: {', '.join(one.unknown)}."
            pieces.append(element("p", text, class_="small"))
    return pieces


def _code(study: Study) -> list[Html]:
    """Command, commit and versions, as far as they were recorded."""
    known = study.provenance
    command = element("code", known["command"]) if known.get("command") else UNKNOWN
    commit = element("code", known["commit"]) if known.get("commit") else UNKNOWN
    ran = Counter(
        _listed(result["versions"]) if result.get("versions") else UNKNOWN
        for run in study.runs
        if run.trained_as is None and (result := study.result(run))["status"] == "finished"
    )
    versions = "; ".join(
        f"{text} ({count} runs)" if len(ran) > 1 else text for text, count in ran.most_common()
    )
    own = _listed({"python": platform.python_version()} | {name: version(name) for name in VERSIONS})
    rows = [
        ["Repeat with", command],
        ["Commit of the code when the study was last started", commit],
        ["Trained and scored with", versions or "no run has finished"],
        ["Analysed with", own],
    ]
    text = (
        "Each run's folder is named by the hash of its configuration and keeps it as config.json. The figures are also"
        " in figures/ as PNG, PDF and SVG, with their data as CSV. -dirty: the code was changed after that commit."
    )
    return [
        element("h3", "Code and versions"),
        table(["What", "Which"], rows, words=2),
        element("p", text, class_="small"),
    ]


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
