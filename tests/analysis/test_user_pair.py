"""Two files of others compared: joins that lose rows, columns where lower is better, cells that floats cannot hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
from scipy.stats import kendalltau

import analysis
from analysis.__main__ import main
from analysis.user_tables.pair import Asked, pair_frames, read_pair, read_table
from supernet.spaces import get_space

NB = get_space("nasbench201")
CELLS = NB.sample(12, seed=1)
Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def correlate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Writes truth and scores (texts, CSV) and runs the command: exit code, JSON, standard error."""

    def run(truth: str, scores: str, *more: str, column: str = "score") -> tuple[int, dict[str, Any], str]:
        (tmp_path / "truth.csv").write_text(truth)
        (tmp_path / "scores.csv").write_text(scores)
        files = ["--truth", f"{tmp_path}/truth.csv:acc", "--scores", f"{tmp_path}/scores.csv:{column}"]
        code = main(["correlate", *files, "--json", *more])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else {}, err

    return run


def nets(numbers: range | list[int], column: str = "score", sign: int = 1) -> str:
    return f"arch,{column}\n" + "".join(f"net{i},{sign * i}\n" for i in numbers)


TRUTH = nets(range(12), "acc")


def test_lost_rows_are_counted_and_shown(correlate: Run) -> None:
    code, found, err = correlate(TRUTH, nets([*range(8), 20, 21, 22, 23]))
    assert (code, found["n"], found["tau_b"]["value"]) == (0, 8, 1)
    assert "truth: 4 of 12 rows are not in the scores, for example line 10 ('net8')" in found["notes"][0]
    assert "scores: 4 of 12 rows are not in the truth, for example line 10 ('net20')" in found["notes"][1]
    assert all(f"note: {note}" in err for note in found["notes"])


def test_fewer_than_half_is_an_error_unless_allowed(correlate: Run) -> None:
    scores = nets([*range(5), *range(30, 37)])
    code, _, err = correlate(TRUTH, scores)
    assert code == 2
    assert "only 5 architectures are in both" in err
    assert "say --partial" in err
    code, found, _ = correlate(TRUTH, scores, "--partial")
    assert (code, found["n"]) == (0, 5)
    code, found, _ = correlate(TRUTH, nets([1, 5, 7]))  # a sample of the truth is no loss of the scores
    assert (code, found["n"]) == (0, 3)


def test_lower_is_better(correlate: Run) -> None:
    scores = nets(range(12), "valid_loss", -1)
    _, found, _ = correlate(TRUTH, scores, column="valid_loss")
    assert found["tau_b"]["value"] == -1
    assert "'valid_loss', in which lower may be better" in found["notes"][0]
    _, found, _ = correlate(TRUTH, scores, "--lower-is-better", column="valid_loss")
    assert (found["tau_b"]["value"], found["regret"]["1"]) == (1, 0)
    assert "its sign is turned" in found["notes"][0]
    _, found, _ = correlate(TRUTH, nets(range(12)), "--truth-lower-is-better")
    assert found["tau_b"]["value"] == -1


@pytest.mark.parametrize(
    ("column", "noted"),
    [("loss", True), ("topError", True), ("latency_ms", True), ("ranks", True), ("errors", True), ("gloss", False),
     ("accuracy", False), ("frank", False)],
)  # fmt: skip
def test_columns_in_which_lower_may_be_better(correlate: Run, column: str, noted: bool) -> None:
    _, found, _ = correlate(TRUTH, nets(range(12), column), column=column)
    assert bool(found["notes"]) == noted


def test_where_of_both_files(correlate: Run) -> None:
    rows = [(i, epoch, i * sign) for i in range(5) for epoch, sign in ((12, -1), (200, 1))]
    truth = "arch,epoch,acc\n" + "".join(f"net{i},{epoch},{acc}\n" for i, epoch, acc in rows)
    scores = "arch,bn,score\n" + "".join(f"net{i},{bn},{i}\n" for i in range(5) for bn in ("a", "b"))
    code, _, err = correlate(truth, scores)
    assert code == 2
    assert "one for each epoch: choose one (--where epoch=12)" in err
    for epoch, tau in ((200, 1), (12, -1)):
        _, found, _ = correlate(truth, scores, "--truth-where", f"epoch={epoch}", "--where", "bn=b")
        assert found["tau_b"]["value"] == tau
    _, found, _ = correlate(truth, scores, "--truth-where", "epoch=200", "--average")
    assert (found["n"], found["tau_b"]["value"]) == (5, 1)


def test_each_file_in_its_own_dialect(tmp_path: Path) -> None:
    strings = pd.DataFrame({"arch": [NB.text(cell) for cell in CELLS], "acc": range(12)})
    ints = pd.DataFrame({"net": [" ".join(map(str, cell)) for cell in CELLS], "score": range(12)})
    indices = pd.DataFrame({"index": [NB.index(cell) for cell in CELLS], "score": range(12)})
    for name, frame in (("strings", strings), ("ints", ints), ("indices", indices)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    truth = Asked(spec=f"{tmp_path}/strings.csv:acc", dialect="ints", arch_column_if_there="net")
    for name, more in (("ints", {"dialect": "ints", "arch_column": "net"}), ("indices", {})):
        scores = Asked(spec=f"{tmp_path}/{name}.csv:score", **more)
        found = read_pair(truth if more else Asked(spec=truth.spec), scores)
        assert found.scores.texts == strings["arch"].tolist()
        assert any("are read as in" in note for note in found.notes)
    with pytest.raises(ValueError, match="dialect: 'naslib': no file is spelled in it; they are in index"):
        read_pair(Asked(spec=truth.spec), Asked(spec=f"{tmp_path}/indices.csv:score", dialect="naslib"))


def test_two_spaces_have_nothing_in_common(tmp_path: Path) -> None:
    blox = get_space("blox")
    pd.DataFrame({"arch": [NB.text(cell) for cell in CELLS], "acc": 1.0}).to_csv(tmp_path / "t.csv")
    pd.DataFrame({"arch": list(map(blox.text, blox.sample(5, 0))), "score": 1.0}).to_csv(tmp_path / "s.csv")
    with pytest.raises(ValueError, match=r"t\.csv of NAS-Bench-201 and those of .*s\.csv of Blox have"):
        read_pair(Asked(spec=f"{tmp_path}/t.csv:acc"), Asked(spec=f"{tmp_path}/s.csv:score"))


NOT_KEPT = [
    ("9007199254740993", "9007199254740992"),
    ("0.1234567890123456789", "0.1234567890123456788"),
    ("1e-400", "0"),
    ("2.5e-324", "3e-324"),
]


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("pair", NOT_KEPT)
def test_different_numbers_that_are_one_float_are_refused(
    tmp_path: Path, pair: tuple[str, str], kind: str
) -> None:
    path = tmp_path / f"t.{kind}"
    if kind == "csv":
        path.write_text(f"arch,score\na,1\nb,{pair[0]}\nc,{pair[1]}\n")
    else:
        path.write_text(f'{{"a": 1, "b": {pair[0]}, "c": {pair[1]}}}')
    with pytest.raises(ValueError, match=r"(line 4|entry 3).* equal in double precision"):
        read_table(f"{path}:score")


@pytest.mark.parametrize("last", [1, None])
def test_large_integers_of_parquet_are_not_rounded(tmp_path: Path, last: int | None) -> None:
    """With a gap pandas would make floats of them before anybody could look."""
    integers = [2**53 + 1, 2**53, last]
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"arch": ["a", "b", "c"], "score": integers}), path)
    with pytest.raises(ValueError, match=r"row [12]: score is .* equal in double precision"):
        read_table(f"{path}:score")


def test_the_order_of_long_numbers_is_kept(tmp_path: Path) -> None:
    texts = ["9007199254740992", "9007199254740994", "123456789012345678901", "1e299"]
    texts.insert(3, "0.100000000000000005551")
    path = tmp_path / "t.csv"
    path.write_text("arch,score\n" + "".join(f"n{i},{text}\n" for i, text in enumerate(texts)))
    assert read_table(f"{path}:score").numbers.tolist() == [float(text) for text in texts]


@pytest.mark.parametrize("text", ["1e301", "-1.7e308", "1e400"])
def test_numbers_whose_sums_overflow_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(f"arch,score\na,1\nb,{text}\n")
    with pytest.raises(ValueError, match=r"line 3: score is .*, beyond 1e\+300"):
        read_table(f"{tmp_path}/t.csv:score")


def test_missing_scores_are_worst_at_any_size(correlate: Run) -> None:
    scores = "arch,score\n" + "".join(f"net{i},{'' if i < 3 else f'{i}e17'}\n" for i in range(12))
    _, found, _ = correlate(TRUTH, scores, "--missing", "worst")
    assert found["n"] == 12
    assert found["tau_b"]["value"] == pytest.approx(63 / np.sqrt(66 * 63))  # 3 pairs tied in the score alone


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["93,45", "94,5", "95"], [93.45, 94.5, 95]),
        (["0,123", "0,456", "-1,5e-3"], [0.123, 0.456, -1.5e-3]),
        (["93,456", "93,45", ""], [93.456, 93.45, np.nan]),
        (["1.234", "1.5", "NaN"], [1.234, 1.5, np.nan]),
    ],
)
def test_decimal_commas(tmp_path: Path, cells: list[str], values: list[float]) -> None:
    (tmp_path / "t.csv").write_text(
        "arch;score\n" + "".join(f"n{i};{cell}\n" for i, cell in enumerate(cells))
    )
    np.testing.assert_array_equal(read_table(f"{tmp_path}/t.csv:score").numbers, values)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["93,456", "94,567"], "line 2: score is '93,456', where the separator may be that of decimals or"),
        (["93,45", "94.5"], "line 3: score is '94.5', which is not a number"),
        (["1_000", "1"], "line 2: score is '1_000', which is not a number"),
        (["93.4%", "1"], "line 2: score is '93.4%', which is not a number"),
        (["1.234,5", "1"], "line 2: score is '1.234,5', which is not a number"),
        (["1", "\u0663"], "line 3: score is '\u0663', which is not a number"),
    ],
)
def test_what_is_no_plain_number(tmp_path: Path, cells: list[str], message: str) -> None:
    (tmp_path / "t.csv").write_text(
        "arch;score\n" + "".join(f"n{i};{cell}\n" for i, cell in enumerate(cells))
    )
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        read_table(f"{tmp_path}/t.csv:score")


def test_a_point_before_thousands_beside_decimal_commas(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("arch;params;score\na;1.234;0,5\nb;2.345;0,75\n")
    assert read_table(f"{tmp_path}/t.csv:score").numbers.tolist() == [0.5, 0.75]
    with pytest.raises(ValueError, match=r"line 2: params is '1\.234', .* other columns have a decimal"):
        read_table(f"{tmp_path}/t.csv:params")


def test_fractions_and_percentages_of_an_accuracy(correlate: Run) -> None:
    mixed = "arch,acc\n" + "".join(f"net{i},{0.9 + i / 1000 if i < 6 else 90 + i / 10}\n" for i in range(12))
    code, _, err = correlate(mixed, nets(range(12)))
    assert code == 2
    assert "acc holds fractions and percentages: 0.9 in line 2 and 90.6 in line 8" in err
    chance = "arch,acc\n" + "".join(f"net{i},{0.83 if i < 6 else 40 + i / 10}\n" for i in range(12))
    assert correlate(chance, nets(range(12)))[0] == 0  # ImageNet16-120 at chance level
    assert correlate(TRUTH, mixed.replace("acc", "score"))[0] == 0  # a score may be of any unit


def test_two_frames_are_the_two_files_that_they_would_be(tmp_path: Path) -> None:
    """In spellings of their own, one with its architectures as the index."""
    space = get_space("nasbench201")
    rng = np.random.default_rng(0)
    architectures = space.sample(40, 0)
    truth = pd.DataFrame({"arch": [space.text(one) for one in architectures], "acc": rng.normal(70, 5, 40)})
    scores = pd.DataFrame(
        {"score": rng.normal(size=40)}, index=[str(space.index(one)) for one in architectures]
    )
    truth.to_csv(tmp_path / "truth.csv", index=False)
    scores[::-1].to_parquet(tmp_path / "scores.parquet")
    pair = pair_frames(truth, scores[::-1], "acc", "score")
    files = read_pair(Asked(spec=f"{tmp_path}/truth.csv:acc"), Asked(spec=f"{tmp_path}/scores.parquet:score"))
    for one, other in ((pair.truth, files.truth), (pair.scores, files.scores)):
        pd.testing.assert_frame_equal(one.frame, other.frame)
    assert analysis.correlate(pair.truth, pair.scores)["tau_b"]["value"] == pytest.approx(
        kendalltau(truth["acc"], scores["score"]).statistic
    )
    with pytest.raises(ValueError, match="scores:loss: no column 'loss'; numeric columns: score"):
        pair_frames(truth, scores, "acc", "loss")
    with pytest.raises(ValueError, match="truth: row 41"):
        pair_frames(pd.concat([truth, pd.DataFrame({"arch": ["x"], "acc": [1.0]})]), scores, "acc", "score")
