"""Reading FILE:COLUMN and joining by architecture."""

import numpy as np
import pandas as pd
import pytest
from synthetic_study import texts

from analysis.tables import Table, join, read_table
from supernet.spaces import get_space


def table(rows, column="score", **more):
    frame = pd.DataFrame({"arch": [arch for arch, _ in rows], column: [value for _, value in rows], **more})
    return Table(frame=frame, column=column, source="here")


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "a:b.csv"])
def test_read(tmp_path, name):
    frame = pd.DataFrame({"arch": ["1", "2"], "acc": [1.5, np.nan]})
    if name.endswith("parquet"):
        frame.to_parquet(tmp_path / name)
    else:
        frame.to_csv(tmp_path / name, index=False)
    found = read_table(f"{tmp_path / name}:acc")
    assert found.texts == ["1", "2"]  # text, although it looks like numbers
    assert found.numbers[0] == 1.5
    assert np.isnan(found.numbers[1])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("t.csv", "is not FILE:COLUMN"),
        ("t.csv:", "is not FILE:COLUMN"),
        (":acc", "is not FILE:COLUMN"),
        ("t.csv:none", "no column 'none'; numeric columns: acc, loss"),
        ("t.csv:word", "column 'word' is not numeric; numeric columns: acc, loss"),
        ("t.txt:acc", "does not end in one of .csv, .csv.gz, .parquet"),
        ("bare.csv:x", "no column 'arch'"),
        ("twice.csv:acc", "arch 'b' is in more than one row"),
        ("empty.csv:acc", "not readable as csv"),
        ("header.csv:acc", "is not numeric|no rows"),
        ("hole.csv:acc", "arch is empty in row 2"),
        ("broken.parquet:acc", "not readable as parquet"),
    ],
)
def test_mistakes(tmp_path, spec, message):
    frame = pd.DataFrame({"arch": ["a", "b"], "acc": [1.0, 2.0], "loss": [1, 2], "word": ["x", "y"]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "t.txt").write_text("arch,acc\na,1\n")
    (tmp_path / "bare.csv").write_text("x\n1\n")
    (tmp_path / "twice.csv").write_text("arch,acc\na,1\nb,2\nb,2\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "header.csv").write_text("arch,acc\n")
    (tmp_path / "hole.csv").write_text("arch,acc\na,1\n,2\n")
    (tmp_path / "broken.parquet").write_text("no")
    with pytest.raises(ValueError, match=message):
        read_table(str(tmp_path / spec) if not spec.startswith(":") else spec)


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_table(f"{tmp_path}/nothing.csv:acc")
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(IsADirectoryError):
        read_table(f"{tmp_path}/folder.parquet:acc")


def test_where(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("arch,measure,score\na,batch,1\na,running,2\nb,batch,3\n")
    with pytest.raises(ValueError, match=r"arch 'a' is in more than one row; .* measure: choose one"):
        read_table(f"{path}:score")
    assert read_table(f"{path}:score", "measure=batch").numbers.tolist() == [1, 3]
    with pytest.raises(ValueError, match=r"no row of .* has measure 'x'; it has batch, running"):
        read_table(f"{path}:score", "measure=x")
    for bad in ("measure", "mode=x"):
        with pytest.raises(ValueError, match="is not COLUMN=VALUE"):
            read_table(f"{path}:score", bad)


def test_join_by_text_counts_what_is_missing():
    truth = table([("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", np.nan), ("f", 5.0)], "acc")
    scores = table(
        [("f", 50.0), ("b", np.nan), ("a", 10.0), ("c", np.inf), ("x", 1.0), ("e", 5.0)],
        status=["ok", "ok", "ok", "ok", "ok", "ok"],
    )
    found = join(truth, scores)
    assert found.frame["arch"].tolist() == ["a", "f"]  # the order of the truth
    assert found.frame["score"].tolist() == [10, 50]
    assert (found.missing, found.unknown, found.truth_missing, found.space) == (3, 1, 1, None)
    assert found.frame["place"].tolist() == [4, 0]


def test_worst_is_below_all_and_tied():
    truth = table([("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)], "acc")
    scores = table([("a", -5.0), ("b", 7.0)])
    found = join(truth, scores, "worst")
    score = found.frame["score"].to_numpy()
    assert found.missing == 2
    assert found.frame["scored"].tolist() == [True, True, False, False]
    assert score[2] == score[3] < -5


def test_only_status_ok_counts():
    truth = table([("a", 1.0), ("b", 2.0)], "acc")
    found = join(truth, table([("a", 1.0), ("b", 2.0)], status=["ok", "disconnected"]))
    assert found.frame["arch"].tolist() == ["a"]
    assert found.missing == 1


def test_nothing_in_common():
    with pytest.raises(ValueError, match="no architecture has both a score and a truth in here"):
        join(table([("a", 1.0)], "acc"), table([("b", 1.0)]))
    with pytest.raises(ValueError, match="missing: 'zero' is not one of drop, worst"):
        join(table([("a", 1.0)], "acc"), table([("a", 1.0)]), "zero")


def other_spelling(architecture):
    return " ".join(map(str, architecture))


@pytest.mark.parametrize("name", ["nasbench201", "blox"])
def test_spelling_does_not_matter(name):
    architectures, official = texts(name, 60)
    truth = table([(text, float(i)) for i, text in enumerate(official)], "acc")
    scores = table([(other_spelling(a), float(i)) for i, a in enumerate(architectures)][::-1])
    assert scores.texts != truth.texts[::-1]
    found = join(truth, scores)
    assert found.space.name == name
    assert found.missing == found.unknown == 0
    assert found.frame["score"].tolist() == found.frame["truth"].tolist()


def test_one_architecture_under_two_spellings_is_a_duplicate():
    architectures, official = texts("nasbench201", 3)
    rows = [(text, 1.0) for text in official] + [(other_spelling(architectures[0]), 2.0)]
    with pytest.raises(ValueError, match=r"also written .* is in more than one row"):
        join(table(rows, "acc"), table(rows, "acc"))


def test_nasbench201_keeps_apart_what_the_benchmark_lists_apart():
    """Two cells with the same function are two entries of the benchmark, each with its own accuracy."""
    space = get_space("nasbench201")
    groups: dict = {}
    for architecture in space.enumerate():
        groups.setdefault(space.canonical(architecture), []).append(space.text(architecture))
    same = next(group for group in groups.values() if len(group) > 2)
    rows = [(text, float(i)) for i, text in enumerate(same)]
    found = join(table(rows, "acc"), table(rows[::-1]))
    assert found.frame["score"].tolist() == found.frame["truth"].tolist()


def test_blox_merges_spellings_of_one_model():
    """A model and its canonical form are one entry of the benchmark."""
    space = get_space("blox")
    rest = (0, 0, 1, 0, 0) * 2
    one, other = (1, 0, 0, 1, 1, *rest), (0, 1, 0, 1, 1, *rest)  # O1(x) + O0(x): the order does not matter
    assert space.canonical(other) == space.canonical(one)
    found = join(table([(space.text(one), 1.0)], "acc"), table([(other_spelling(other), 2.0)]))
    assert found.frame["score"].tolist() == [2]
