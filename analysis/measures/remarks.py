"""What a reader of a study's rankings must know of those that rest on labels or on others."""

from __future__ import annotations

from analysis.measures.ceiling import CEILINGS
from analysis.measures.collect import Collected
from analysis.store.study import GROUP
from supernet.spaces import SPACES

ALMOST = 0.99  # |tau-b| that is called a leak where the truth has no ceiling


def remarks(collected: Collected) -> list[str]:
    """Sentences on labelled architectures and on members that seem to know the truth; mostly none."""
    return [*_labelled(collected), *leaks(collected)]


def _labelled(collected: Collected) -> list[str]:
    by_count: dict[tuple[str, int], list[str]] = {}
    for row in collected.primary[collected.primary["labelled"] > 0].to_dict("records"):
        by_count.setdefault((row["space"], int(row["labelled"])), []).append(f"“{row['variant']}”")
    return [
        f"{SPACES[space].title}: {count:,} of the sample {'was' if count == 1 else 'were'} labelled, in one seed "
        f"or another, for {', '.join(names)}: left out of these rankings' numbers and of every comparison with them"
        for (space, count), names in by_count.items()
    ]


def leaks(collected: Collected) -> list[str]:
    """Members that rank, up or down, above what the truth says of itself: tau-b between repeated measurements of it,
    the highest that there is (ceiling.py), of the same set; ALMOST without one."""
    members = {name for run in collected.study.runs for name in run.members}
    names = {(run.space.name, run.variant) for run in collected.study.runs if run.run_id in members}
    found = []
    ceilings = collected.references[collected.references["reference"].isin(list(CEILINGS))]
    for row in collected.primary.to_dict("records"):
        tau = row["tau_b"]
        if (row["space"], row["variant"]) not in names or tau is None or tau != tau:
            continue
        own = ceilings[(ceilings["space"] == row["space"]) & (ceilings["mask"] == row["mask"])]
        levels = own[own["set"] == row["set"]]["tau_b"].dropna()
        level = float(levels.max()) if len(levels) else ALMOST
        if abs(tau) > level:
            of = (
                "what one measurement of the truth says of another"
                if len(levels)
                else "what is called a leak"
            )
            key = ", ".join(f"{name} {row[name]}" for name in GROUP if name in ("variant", "measure"))
            found.append(
                f"warning: {key}, by which others rank, has a tau-b of {tau:.3f}, above {of} ({level:.3f}): does "
                "it know the truth?"
            )
    return found
