"""Holds the gateway and its emulator against recorded exchanges with Amazon Bedrock; see `run`."""

import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "sdk"))

from checks import answers, emulator, errors, requests, streams  # noqa: E402
from harness.bench import bench  # noqa: E402
from harness.exchange import load  # noqa: E402
from harness.report import Report  # noqa: E402

CHECKS = (answers, streams, errors, requests, emulator)


def main(folder: Path) -> int:
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    exchanges = load(folder)
    report = Report()
    with bench() as programs:
        for check in CHECKS:
            start = time.monotonic()
            check.run(exchanges, programs, report)
            print(f"{check.__name__}: {time.monotonic() - start:.1f} s", file=sys.stderr)
    report.print()
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
