"""`slurm demo-cluster start|stop`: a SLURM of one machine, to try things on."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

HELP = "start or stop a SLURM of one machine, for trying"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("start", "stop"))
    default = Path(tempfile.gettempdir()) / "demo-cluster"
    parser.add_argument(
        "--folder", type=Path, default=default, help=f"its files, not in a home folder (default: {default})"
    )


def main(args: argparse.Namespace) -> int:
    from slurm.demo import DemoCluster

    cluster = DemoCluster(args.folder)
    if args.action == "start":
        cluster.start()
        print(f"export SLURM_CONF={cluster.configuration}")
        return 0
    stopped = cluster.stop()
    if not stopped:
        raise ValueError(
            f"demo-cluster: nothing runs in {cluster.folder}; give the --folder it was started with"
        )
    print(f"stopped: {', '.join(stopped)}")
    return 0
