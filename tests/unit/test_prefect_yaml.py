"""prefect.yaml deploys exactly what is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from jieli.cli.check import read
from jieli.deploying import Wanted, wanted_of
from jieli.engine.loader import load
from jieli.prefect_yaml import as_yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shipped() -> Wanted:
    library = load(read((ROOT / "definitions",)))
    return wanted_of(library.processes.values(), library.context)


def test_the_file_is_what_deploy_writes(shipped: Wanted) -> None:
    """After a change of the definitions: `jieli deploy --yaml > prefect.yaml`."""
    assert (ROOT / "prefect.yaml").read_text(encoding="utf-8") == as_yaml(shipped)


def test_every_process_and_every_schedule_has_its_deployment(shipped: Wanted) -> None:
    deployed = {each["name"]: each for each in yaml.safe_load(as_yaml(shipped))["deployments"]}
    assert set(deployed) == {*shipped.titles, *shipped.calendars, "clock", "reports"}
    for process, lines in shipped.crons.items():
        calendar = deployed[f"{process}-calendar"]
        assert calendar["parameters"] == {"process": process}
        assert [each["cron"] for each in calendar["schedules"]] == lines
        assert {each["timezone"] for each in calendar["schedules"]} == {"Asia/Shanghai"}
    assert shipped.titles["handover"] == "交接班" and shipped.crons["handover"]
