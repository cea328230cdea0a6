"""A comparison of studies as text, Markdown, CSV, LaTeX or JSON."""

from __future__ import annotations

from typing import Any

from analysis.figures.style import TITLES
from analysis.measures.compare import Compared
from analysis.measures.differences import verdict
from analysis.report.page import ONE_SEED
from analysis.report.tables import latex
from analysis.report.tables.pair import as_json, frame_text, records
from analysis.store.study import FULL

SHORT = [
    "space",
    "variant",
    "studies",
    "mask",
    "seeds",
    "n",
    "set",
    "tau_b",
    "tau_b_std",
    "tau_b_low",
    "tau_b_high",
    "updates",
]
PAIRS = [
    "space",
    "leader",
    "other",
    "is",
    "difference",
    "low",
    "high",
    "n",
    "p_architectures",
    "p_seeds",
    "p_holm",
]


def compare_text(compared: Compared, form: str) -> str:
    """The variants, the pairs and the notes. csv: the variants alone, since a file of two tables is none; json has
    both, with every digit."""
    variants = compared.variants
    pairs = compared.differences.assign(
        **{"is": [verdict(row) for _, row in compared.differences.iterrows()]}
    )[PAIRS]
    if form == "csv":
        return frame_text(variants, form)
    if form == "json":
        studies = [
            {"study": study.name, "title": study.title, "note": study.note} for study in compared.studies
        ]
        content = {"studies": studies, "variants": records(variants), "pairs": records(pairs)}
        return as_json(content | {"notes": list(compared.notes)})
    if form == "latex":
        return _latex(compared, records(variants), records(pairs))
    unmasked = (variants["mask"] == FULL).all()
    shown = variants[[name for name in SHORT if not (unmasked and name == "mask")]]
    parts = [frame_text(shown, form), frame_text(pairs, form)] if len(pairs) else [frame_text(shown, form)]
    return "\n\n".join([*parts, *(f"note: {note}." for note in compared.notes)])


def _latex(compared: Compared, variants: list[dict[str, Any]], pairs: list[dict[str, Any]]) -> str:
    names = ", ".join(study.name for study in compared.studies)
    of_variants: dict[str, list[list[str]]] = {}
    for row in variants:
        cells = [
            latex.escape(row["variant"]),
            latex.escape(row["studies"]),
            latex.with_std(row["tau_b"], row["tau_b_std"]),
            latex.interval_of(row, "tau_b"),
            latex.with_std(row["spearman"], row["spearman_std"]),
            *(latex.number(row[name], 0) for name in ("seeds", "n", "updates")),
        ]
        of_variants.setdefault(TITLES.get(row["space"], row["space"]), []).append(cells)
    of_pairs: dict[str, list[list[str]]] = {}
    for row in pairs:
        cells = [
            *(latex.escape(row[name]) for name in ("leader", "other", "is")),
            latex.number(row["difference"], 3, "+"),
            latex.interval(row["low"], row["high"], 3, "+"),
            *(latex.number(row[name]) for name in ("p_architectures", "p_seeds", "p_holm")),
        ]
        of_pairs.setdefault(TITLES.get(row["space"], row["space"]), []).append(cells)
    head = ["Variant", "Study", r"$\tau_b$", r"95\,\%", r"Spearman $\rho$", "Seeds", "$n$", "Updates"]
    caption = (
        f"Variants of {names}, on the architectures that all of them scored. Mean ± standard deviation over seeds;"
        f" 95 %: over architectures and trainings; {ONE_SEED}: of one seed, over architectures alone."
    )
    tables = [
        latex.latex_table(head, list(of_variants.items()), caption=caption, label="tab:variants", words=2)
    ]
    if of_pairs:
        head = ["Variant", "Against", "is", r"$\Delta\tau_b$", r"95\,\%"]
        head += ["$p$ architectures", "$p$ seeds", "$p$ Holm"]
        caption = (
            "Paired differences; p: over architectures, over seeds (Welch), the larger corrected after Holm."
        )
        tables.append(
            latex.latex_table(head, list(of_pairs.items()), caption=caption, label="tab:pairs", words=3)
        )
    return "\n\n".join(tables)
