"""`jieli demo` on free ports: what it tells at the end is what the store holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jieli.store import queries
from jieli.store.database import Database
from jieli.store.open_steps import board_counts
from jieli.store.queries import CaseFilter
from jieli.store.times import business_now
from tests.acceptance.processes import ROOT
from tests.acceptance.stack import RunningStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

LONGEST = 240


def test_the_demo_is_told_to_its_end(tmp_path: Path) -> None:
    environment = RunningStack(tmp_path).environment
    told = subprocess.run(
        [sys.executable, "-m", "jieli", "demo", "--leave"], env=environment, cwd=ROOT,
        capture_output=True, text=True, timeout=LONGEST, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    assert "8 位客户从李娜转到王芳名下" in told.stdout
    assert "丢失 0 个，损坏 0 个" in told.stdout
    assert told.stdout.rstrip().endswith("无人负责：0")

    database = Database(f"sqlite:///{tmp_path / 'demo' / 'jieli.db'}")
    with database.read() as conn:
        seeded = [
            case
            for case in queries.case_list(conn, CaseFilter(status=None), limit=500)
            if case.process in ("after_sales", "bad_review")
        ]
        assert board_counts(conn, business_now(conn)).nobody == 0
    database.dispose()
    assert len(seeded) == 30
    assert sum(case.owner == "wang_fang" for case in seeded) == 8
    assert [case.result for case in seeded if case.status == "completed"] == ["changed"]
