"""Files of others: every format holds the same table, and what cannot be read is said in one line."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.store.tables import Table
from analysis.user_tables import content
from analysis.user_tables.pair import Asked, read_table
from analysis.user_tables.table import read_cells

NETS = ["net a", "net b", "net c"]
SCORES = [1.5, -2.0, 3e-5]


def same(path: Path, column: str = "score") -> None:
    found = read_table(f"{path}:{column}")
    assert found.texts == NETS
    assert found.numbers.tolist() == SCORES


def csv_text(separator: str = ",", space: str = "") -> str:
    rows = [("arch", "score"), *zip(NETS, map(str, SCORES), strict=True)]
    return "".join(f"{one}{separator}{space}{other}\n" for one, other in rows)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_separators_and_encodings(tmp_path: Path, separator: str, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(csv_text(separator, " ").replace("\n", "\r\n").encode(encoding))
    same(path)


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("named", [True, False])  # also where the name does not say that it is packed
def test_packed(tmp_path: Path, kind: str, named: bool) -> None:
    path, data = tmp_path / f"t.csv{f'.{kind}' * named}", csv_text().encode()
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("folder/t.csv", data)
            archive.writestr("__MACOSX/folder/._t.csv", b"x")
    else:
        path.write_bytes({"gz": gzip, "bz2": bz2, "xz": lzma}[kind].compress(data))
    same(path)
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(ValueError, match=r"t\.csv.*: damaged or cut short"):
        read_cells(path)


def test_expanded_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "LARGEST", 1 << 21)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"0" * (1 << 22)))
    with pytest.raises(ValueError, match=r"bomb\.csv\.gz: holds more than 2 MiB"):
        read_cells(path)


FRAME = pd.DataFrame({"arch": NETS, "score": SCORES})
OBJECTS = {
    "object": dict(zip(NETS, SCORES, strict=True)),
    "records": FRAME.to_dict("records"),
    "by_arch": {net: {"score": score, "time": 1} for net, score in zip(NETS, SCORES, strict=True)},
    "columns": FRAME.to_dict("list"),
    "pandas": FRAME.to_dict(),
}


@pytest.mark.parametrize("shape", OBJECTS)
@pytest.mark.parametrize("kind", ["json", "pickle"])
def test_json_and_plain_pickles(tmp_path: Path, shape: str, kind: str) -> None:
    path = tmp_path / f"t.{kind}"
    data = json.dumps(OBJECTS[shape]).encode() if kind == "json" else pickle.dumps(OBJECTS[shape])
    path.write_bytes(data)
    same(path)


def test_parquet(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "t.parquet")
    same(tmp_path / "t.parquet")
    FRAME.set_index("arch")["score"].rename_axis(None).to_frame().to_parquet(tmp_path / "index.parquet")
    same(tmp_path / "index.parquet")


def test_first_column_without_name(tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "rows.csv")  # 0, 1, 2 before the names
    same(tmp_path / "rows.csv")
    FRAME.set_index("arch").rename_axis(None).to_csv(tmp_path / "names.csv")
    same(tmp_path / "names.csv")


@pytest.mark.parametrize("kind", ["npy", "npz", "json", "pkl", "structured", "array.pkl"])
def test_arrays_are_in_the_order_of_the_index(tmp_path: Path, kind: str) -> None:
    path, values = (
        tmp_path / f"t.{kind if kind != 'structured' else 'npy'}",
        np.random.default_rng(0).random(15625),
    )
    if kind == "npy":
        np.save(path, values)
    elif kind == "npz":
        np.savez(path, score=values, time=values)
    elif kind == "structured":
        np.save(path, np.array([(value, 1) for value in values], dtype=[("score", float), ("time", int)]))
    elif kind == "json":
        path.write_text(json.dumps(values.tolist()))
    else:
        path.write_bytes(pickle.dumps(values if kind == "array.pkl" else values.tolist()))
    found = read_table(f"{path}:score", space="nasbench201")
    assert found.numbers.tolist() == values.tolist()
    assert found.keys == list(range(15625))


def test_a_shorter_array_has_no_order(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.arange(12.0))
    with pytest.raises(ValueError, match="12 values without names are not in the order of NAS-Bench-201's"):
        read_table(f"{tmp_path}/t.npy:score", space="nasbench201")


def test_nothing_in_a_pickle_is_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "run",))

    (tmp_path / "t.pkl").write_bytes(pickle.dumps({"a": Evil()}))
    with pytest.raises(ValueError, match=r"t\.pkl: not a pickle of plain values"):
        read_cells(tmp_path / "t.pkl")
    assert not (tmp_path / "run").exists()


def test_naslibs_form(tmp_path: Path) -> None:
    archs = {"(4, 3, 3, 0, 0, 0)": 1.0, "(2, 2, 0, 4, 2, 0)": 2.0}
    entries = {
        data: {
            arch: {"id": 1, "val_accuracy": factor * value, "synflow": {"score": -value, "time": 0.1}}
            for arch, value in archs.items()
        }
        for data, factor in (("cifar10", 1), ("cifar100", 10))
    }
    path = tmp_path / "zc.json"
    path.write_text(json.dumps(entries))
    asked = {"spec": f"{path}:synflow", "dialect": "naslib"}
    found = read_table(Asked(**asked, where=["dataset=cifar100"]))
    assert found.numbers.tolist() == [-1, -2]
    assert found.frame["val_accuracy"].tolist() == [10, 20]
    assert found.frame["synflow.time"].tolist() == [0.1, 0.1]
    with pytest.raises(ValueError, match=r"one for each dataset: choose one \(--where dataset=cifar10\)"):
        read_table(Asked(**asked))
    path.write_text(json.dumps({data: dict.fromkeys(archs, 1.5) for data in entries}))
    assert len(read_table(Asked(**asked | {"spec": f"{path}:score"}, where=["dataset=cifar10"])).texts) == 2


def test_names_keep_their_zeros_and_files_may_hold_a_colon(tmp_path: Path) -> None:
    path = tmp_path / "a:b.csv"
    path.write_text("arch,acc\n0001,1\n1,\n")
    found = read_table(f"{path}:acc")
    assert found.texts == ["0001", "1"]
    assert found.numbers[0] == 1
    assert np.isnan(found.numbers[1])


def test_tabs_before_a_first_column_without_name(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text(
        "\n\tscore\n" + "".join(f"{net}\t{score}\n" for net, score in zip(NETS, SCORES, strict=True))
    )
    same(path)


def test_cells_with_separators_and_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('arch,score,words\n"a,b",1,"two\nlines"\nc,x,"x"\n')
    with pytest.raises(ValueError, match=r"t\.csv: line 4: score is 'x', which is not a number"):
        read_table(f"{path}:score")


BAD = {
    "t.csv": "arch,acc,word\na,1,x\nb,2,y\n",
    "t.dat": "arch,acc\na,1\n",
    "bare.csv": "x,y\n1,2\n",
    "twice.csv": "arch,acc\na,1\nb,2\nb,2\n",
    "empty.csv": "",
    "one.csv": "arch\na,b\n",
    "header.csv": "arch,acc\n",
    "hole.csv": "arch,acc\na,1\n,2\n",
    "ragged.csv": "arch,acc\na,1\nb,2,3\n",
    "short.csv": "arch,acc,more\na,1,1\nb,2\n",
    "columns.csv": "arch,acc,acc\na,1,1\n",
    "unnamed.csv": "arch,,acc\na,1,1\n",
    "either.csv": "arch,ar;ch\na,a;1\n",
    "two.csv": "arch,arch_str,acc\na,a,1\n",
    "keys.json": '{"a": {"x": 1, "x": 2}}',
    "same.json": '{"a": 1, "a": 2}',
    "cut.json": '{"a": 1',
    "deep.json": "[" * 100_000,
    "kinds.json": '{"a": 1, "b": [1]}',
    "word.json": '"word"',
    "true.json": '{"a": true}',
    "broken.parquet": "no",
    "broken.npy": "no",
    "broken.npz": "no",
    "zeros.csv": "a\0b\n",
}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("t.csv", "is not FILE:COLUMN"),
        ("t.csv:", "is not FILE:COLUMN"),
        ("t.csv:none", "no column 'none'; numeric columns: acc"),
        ("t.csv:word", "t.csv: line 2: word is 'x', which is not a number"),
        ("t.dat:acc", "does not end in one of .csv, .tsv"),
        ("bare.csv:y", "no column 'arch', .* or 'index'; it has x, y; say which .* --arch-column"),
        ("twice.csv:acc", r"arch 'b' is in more than one row \(line 3 and line 4\); --average"),
        ("empty.csv:acc", "not readable as csv: it is empty"),
        ("one.csv:acc", "line 2 has 2 cells and the head 1"),
        ("header.csv:acc", "no rows"),
        ("hole.csv:acc", "line 3: arch is empty"),
        ("ragged.csv:acc", "line 3 has 3 cells and the head 2"),
        ("short.csv:acc", "line 3 has 2 cells and the head 3"),
        ("columns.csv:acc", "two columns 'acc'"),
        ("unnamed.csv:acc", "column 2 has no name"),
        ("either.csv:acc", "its separator may be comma and semicolon"),
        ("two.csv:acc", "arch and arch_str may name the architectures; choose one"),
        ("keys.json:x", "the key 'x' is twice|entry 1 has one key twice"),
        ("same.json:x", "arch 'a' is in more than one row"),
        ("cut.json:x", "not readable as json"),
        ("deep.json:x", "not readable as json"),
        ("kinds.json:x", "several kinds of values"),
        ("word.json:x", "holds str, no table"),
        ("true.json:x", "'true', which is not a number"),
        ("broken.parquet:x", "not readable as parquet"),
        ("broken.npy:x", "not readable as an array"),
        ("broken.npz:x", "damaged or cut short"),
        ("zeros.csv:x", "holds zero bytes|UTF-8"),
    ],
)
def test_mistakes_name_file_and_place(tmp_path: Path, spec: str, message: str) -> None:
    for name, text in BAD.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        read_table(f"{tmp_path}/{spec}")
    assert spec.split(":")[0] in str(error.value)


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_table(f"{tmp_path}/nothing.csv:acc")
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(IsADirectoryError):
        read_table(f"{tmp_path}/folder.parquet:acc")


def test_where(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("arch,measure,epoch,score\na,batch,10,1\na,running,10,2\nb,batch,10.0,3\nc,batch,,4\n")

    def read(*where: str) -> Table:
        return read_table(Asked(spec=f"{path}:score", where=where))

    with pytest.raises(ValueError, match=r"in more than one row .* one for each measure: choose one"):
        read()
    assert read("measure=batch").numbers.tolist() == [1, 3, 4]
    assert read("measure=batch", "epoch=10").numbers.tolist() == [1, 3]
    with pytest.raises(ValueError, match=r"no row of .* has measure 'x'; it has batch, running"):
        read("measure=x")
    with pytest.raises(ValueError, match=r"no row of .* has epoch '11'; it has \(empty\), 10"):
        read("epoch=11")
    for bad in ("measure", "mode=x"):
        with pytest.raises(ValueError, match="is not COLUMN=VALUE"):
            read(bad)


def test_rows_of_seeds_are_averaged_when_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("arch,seed,score,data\nb,0,1,x\na,0,2,x\nb,1,4,x\na,1,,x\n")
    found = read_table(f"{path}:score", average=True)
    assert found.texts == ["b", "a"]
    assert found.numbers.tolist() == [2.5, 2]
    assert found.frame["data"].tolist() == ["x", "x"]


def test_status_is_ours_only_in_our_files(tmp_path: Path) -> None:
    rows = {"arch": ["a", "b"], "score": [1.0, 2.0], "status": ["ok", "nan"]}
    pd.DataFrame(rows).to_csv(tmp_path / "theirs.csv", index=False)
    assert read_table(f"{tmp_path}/theirs.csv:score").numbers.tolist() == [1, 2]
    pd.DataFrame({**rows, "measure": "batch", "seconds": 1.0}).to_parquet(tmp_path / "scores.parquet")
    ours = read_table(f"{tmp_path}/scores.parquet:score").numbers
    assert ours[0] == 1
    assert np.isnan(ours[1])


def test_figure_takes_the_same_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    records = {str(i): {"a_test": rng.uniform(50, 90), "b_test": rng.uniform(50, 90)} for i in range(200)}
    (tmp_path / "t.json").write_text(json.dumps(records))
    words = ["figure", "paper-10", f"{tmp_path}/t.json", "--out", str(tmp_path), "--format", "svg"]
    assert main([*words, "--space", "nasbench201"]) == 0
    assert main(words) == 2  # numbers alone are not taken for an index of some space
    assert "no known search space reads" in capsys.readouterr().err
