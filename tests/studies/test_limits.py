"""Files and arguments at fault end with one line: locks of the future, images, profiles, study files, pages."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import signal
import struct
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import torch

from analysis.report.page import page
from analysis.tables import Table, csv_text, write
from analysis.tables.html import element
from slurm.profile import Profile
from studies import catalog
from studies.__main__ import main
from studies.model.study import Run, Study
from studies.running import lock
from studies.running.lock import Holder, RunLocked, holder, lock_run
from studies.running.run import run_one
from supernet.data.folder import read_image
from supernet.network import NetworkConfig, Supernet
from supernet.spaces import Size, get_space

ROOT = Path(__file__).parents[2]


# Locks


def foreign_lock(folder: Path, ahead: float) -> Path:
    """A lock of another machine whose heartbeat is `ahead` seconds in the future."""
    there = replace(Holder.me("job 5"), machine="ffffffff")
    (folder / lock.LOCK).mkdir(parents=True)
    file = folder / lock.LOCK / there.name
    file.touch()
    os.utime(file, (time.time() + ahead,) * 2)
    return file


def test_a_clock_that_was_ahead_by_a_year_does_not_lock_for_a_year(tmp_path: Path) -> None:
    """Its holder is silent from now on, and is taken for dead after the usual time."""
    file = foreign_lock(tmp_path, 365 * 86400)
    with pytest.raises(RunLocked), lock_run(tmp_path, limit=0.5):
        pass
    assert abs(file.stat().st_mtime - time.time()) < 30
    time.sleep(1)
    with lock_run(tmp_path, limit=0.5) as mine:
        assert mine.holder.machine != "ffffffff"


def test_a_living_holder_whose_clock_is_ahead_keeps_its_run(tmp_path: Path) -> None:
    file = foreign_lock(tmp_path, 365 * 86400)
    for _ in range(3):
        assert holder(tmp_path, limit=0.5) is not None
        time.sleep(0.3)
        os.utime(file, (time.time() + 365 * 86400,) * 2)  # it beats
        with pytest.raises(RunLocked), lock_run(tmp_path, limit=0.5):
            pass


@pytest.mark.parametrize("since", ["9" * 30, "²", "999999999999"])
def test_a_lock_with_numbers_out_of_range_names_no_process(tmp_path: Path, since: str) -> None:
    words = Holder.me("").name.split(",")
    words[6] = since
    (tmp_path / lock.LOCK).mkdir()
    (tmp_path / lock.LOCK / ",".join(words)).touch()
    with pytest.raises(ValueError, match="which names no process; delete it"):
        holder(tmp_path)


# Importers


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and has no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000, 2_000_000_000])
def test_an_image_that_claims_too_many_pixels_is_refused_before_they_are_read(
    tmp_path: Path, side: int
) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png_of(side, side))
    with pytest.raises(ValueError, match=r"large\.png"):
        read_image(path, 8)


# Texts


def test_texts_that_a_spreadsheet_would_run_are_written_as_text() -> None:
    frame = pd.DataFrame({"name": ["=1+1", "+a", "-b", "@c", "d", None], "value": [-1.5, 2, 3, 4, 5, None]})
    rows = csv_text(frame).splitlines()
    assert rows == ["name,value", "'=1+1,-1.5", "'+a,2.0", "'-b,3.0", "'@c,4.0", "d,5.0", ","]


def test_markdown_has_no_markup_of_a_name() -> None:
    frame = pd.DataFrame({"name": ["<img src=x onerror=alert(1)> | a\nb"], "n": [1]})
    assert write(Table.of_frame(frame), "markdown").splitlines()[2] == (
        "| &lt;img src=x onerror=alert(1)&gt; \\| a b | 1 |"
    )


class Elements(HTMLParser):
    """The page's policy, and the content of its styles and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.policy, self.found, self.inside = "", {"style": [], "script": []}, ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""
        self.inside = tag if tag in self.found and named.get("type") != "application/json" else ""
        assert not [name for name in named if name == "style" or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.found[self.inside].append(data)
        self.inside = ""


def test_the_pages_policy_allows_its_own_scripts_and_styles_by_their_hashes_alone() -> None:
    seen = Elements(page("<script>alert(1)</script>", element("p", "<script>alert(2)</script>")))
    assert "unsafe-inline" not in seen.policy
    for tag, content in seen.found.items():
        (text,) = content
        allowed = re.search(rf"{tag}-src ([^;]+)", seen.policy)
        assert allowed
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert allowed[1] == f"'sha256-{digest}'"


# Settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"python": "python3\nrm -rf x"}, "python: .* has a line break"),
        ({"setup": ["a", "b\nc"]}, "setup: .* has a line break"),
        ({"options": {"comment": "a\n#SBATCH --x"}}, "options: comment is .* not one line of text"),
    ],
)
def test_a_line_break_in_a_profile_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Profile(time="01:00:00", **change)  # type: ignore[arg-type]


def test_what_scoring_refuses_is_refused_before_training(tiny: Study, tmp_path: Path) -> None:
    variant = tiny.variants[0]
    with pytest.raises(ValueError, match="bn_mode: 'frozen' is not one of"):
        variant.changed(bn_modes=("frozen",))
    for change in ({"evaluation_batch": 0}, {"evaluation_noise": float("nan")}, {"evaluation_noise": -1.0}):
        with pytest.raises(ValueError, match=next(iter(change))):
            variant.changed(**change)  # type: ignore[arg-type]
    run = Run(variant.changed(bn_modes=("recalibrate-999",)), 0, tmp_path / "run")
    result = run_one(run, [], "cpu", lambda *_: None)
    assert result["status"] == "failed"
    assert "bn_mode: 'recalibrate-999' needs" in result["reason"]
    assert not (run.folder / "checkpoint.pt").exists()


@pytest.mark.parametrize(
    ("space", "mask", "path"),
    [
        ("nasbench201", ("nor_conv_3x3",), (0, 1, 3, 0, 0, 0)),
        ("nasbench201", ("nor_conv_3x3@0-1",), (3, 1, 1, 0, 0, 0)),
        ("blox", ("conv",), (0, 0, 1, 1, 1) * 3),
    ],
)
def test_a_supernet_refuses_a_masked_operation_by_name(
    space: str, mask: tuple[str, ...], path: tuple[int, ...]
) -> None:
    size = Size(channels=4, stages=3, cells_per_stage=1, image_size=8)
    network = Supernet(NetworkConfig(space=get_space(space, mask), size=size))
    with pytest.raises(ValueError, match=f"uses what is masked: {mask[0]}"):
        network(torch.zeros(1, 3, 8, 8), path)


def test_a_broken_study_file_is_one_line_and_the_others_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken_one.py").write_text("def study():\n    return 1 / 0\n")
    (tmp_path / "broken_two.py").write_text("def study(:\n")
    (tmp_path / "broken_three.py").write_text("def study():\n    return 3\n")
    whole = catalog.names()
    monkeypatch.setattr(catalog, "__path__", [*catalog.__path__, str(tmp_path)])
    assert main(["list"]) == 2
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()[1:]] == whole
    errors = sorted(told.err.splitlines())
    assert [re.search(r"(broken_\w+)\.py", line)[1] for line in errors] == [  # type: ignore[index]
        "broken_one", "broken_three", "broken_two",
    ]  # fmt: skip
    assert "line 2: ZeroDivisionError" in errors[0]
    assert main(["show", "broken_one"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


# Processes


def semaphores() -> set[str]:
    """Those that no process uses: tests beside this one have others."""
    used = ""
    for path in Path("/proc").glob("[0-9]*/maps"):
        with suppress(OSError):
            used += path.read_text()
    return {path.name for path in Path("/dev/shm").glob("sem.*") if path.name not in used}


def started(folder: Path) -> subprocess.Popen[str]:
    """A study whose workers are at work."""
    words = [sys.executable, "-m", "studies", "run", "quickstart", "--smoke", "--runs", str(folder)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        words, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 120
    while not list(folder.glob("trainings/*/lock")) and time.monotonic() < deadline:
        time.sleep(0.05)
    return process


def children(pid: int) -> list[int]:
    """The processes that a process has started, in their order."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return sorted(found)


def test_a_study_whose_messages_nobody_takes_any_more_ends_with_one_line(tmp_path: Path) -> None:
    process = started(tmp_path)
    (first, *_) = (pid for child in children(process.pid) for pid in children(child))
    os.kill(first, signal.SIGKILL)  # workers are forked after it
    _, told = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "Traceback" not in told
    assert told.splitlines()[-1].startswith("error: a worker process died (killed, or out of memory)")


def test_a_terminated_study_leaves_no_semaphore_and_one_line(tmp_path: Path) -> None:
    before = semaphores()
    process = started(tmp_path)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.SIGTERM
    assert told.splitlines()[-1] == "terminated"
    assert "leaked" not in told
    assert "Traceback" not in told
    time.sleep(0.5)
    assert semaphores() <= before
