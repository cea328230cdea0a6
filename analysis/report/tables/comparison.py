"""A comparison of studies in every format: the variants, the pairs and the notes."""

from __future__ import annotations

from analysis.measures.compare import Compared
from analysis.measures.differences import verdict
from analysis.report.tables.study import facts_of, space_title
from analysis.store.study import FULL
from analysis.tables.cells import ONE_SEED, Row, fixed, interval, interval_of, with_std
from analysis.tables.table import Column, Table
from analysis.tables.writers import FOR_READERS, as_json, write

SHORT = [
    "space", "variant", "studies", "mask", "seeds", "n", "set", "tau_b", "tau_b_std", "tau_b_low", "tau_b_high",
    "updates",
]  # fmt: skip
PAIRS = [
    "space", "leader", "other", "is", "difference", "low", "high", "n", "p_architectures", "p_seeds", "p_holm",
]  # fmt: skip

RANKS = {"variant": 9, "leader": 9, "other": 9, "is": 8, "tau_b": 8, "difference": 8, "low": 7, "high": 7} | {
    "tau_b_low": 7, "tau_b_high": 7, "p_holm": 6, "seeds": 5, "n": 4, "mask": 3, "p_seeds": 2,
}  # fmt: skip


def compare_text(compared: Compared, form: str) -> str:
    """The variants, the pairs and the notes. csv: the variants alone; json has both, with every digit."""
    variants = compared.variants
    pairs = compared.differences.assign(
        **{"is": [verdict(row) for _, row in compared.differences.iterrows()]}
    )[PAIRS]
    tables = [Table.of_frame(variants, name="variants"), Table.of_frame(pairs, name="pairs")]
    if form == "latex":
        names = ", ".join(study.name for study in compared.studies)
        captions = CAPTIONS[0].format(names=names), CAPTIONS[1]
        in_latex = [column for column in VARIANTS if column.latex]
        tables = [
            Table(columns, table.rows, table.name, caption=caption, group=space_title)
            for columns, table, caption in zip((in_latex, DIFFERENCES), tables, captions, strict=True)
        ]
    elif form in (*FOR_READERS, "html"):
        unmasked = (variants["mask"] == FULL).all()
        tables[0] = tables[0].select(key for key in SHORT if not (unmasked and key == "mask")).ranked(RANKS)
        tables[1] = tables[1].ranked(RANKS)
        tables = tables if len(pairs) else tables[:1]
    elif form == "json":
        content = {"studies": [facts_of(study) for study in compared.studies]}
        content |= {table.name: table.values() for table in tables}
        return as_json(content | {"notes": list(compared.notes)})
    return write(tables, form, after="\n\n".join(f"note: {note}." for note in compared.notes))


def _difference_interval(row: Row, key: str) -> object:
    return interval(row["low"], row["high"], 3, "+")


CAPTIONS = (
    "Variants of {names}, on the architectures that all of them scored. Mean ± standard deviation over seeds;"
    f" 95 %: over architectures and trainings; {ONE_SEED}: of one seed, over architectures alone.",
    "Paired differences; p: over architectures, over seeds (Welch), the larger corrected after Holm.",
)
VARIANTS = [  # of the page; of LaTeX those that have a title in it
    Column("variant", "Variant", words=True, latex="Variant"),
    Column("studies", "Studies", words=True, latex="Study"),
    Column("mask", "Mask", words=True),
    Column("tau_b", "tau-b", format=with_std, latex=r"$\tau_b$"),
    Column("tau_b_low", "95 %", format=interval_of, latex=r"95\,\%"),
    Column("spearman", "Spearman", format=with_std, latex=r"Spearman $\rho$"),
    Column("seeds", format=fixed(0), latex="Seeds"),
    Column("n", format=fixed(0), latex="$n$"),
    Column("epochs", format=fixed(0)),
    Column("updates", format=fixed(0), latex="Updates"),
]
DIFFERENCES = [
    Column("leader", "Variant", words=True),
    Column("other", "Against", words=True),
    Column("is", words=True),
    Column("difference", latex=r"$\Delta\tau_b$", format=fixed(3, "+")),
    Column("low", latex=r"95\,\%", format=_difference_interval),
    Column("p_architectures", latex="$p$ architectures", format=fixed()),
    Column("p_seeds", latex="$p$ seeds", format=fixed()),
    Column("p_holm", latex="$p$ Holm", format=fixed()),
]
