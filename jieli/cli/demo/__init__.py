"""`jieli demo`: three days of a shop, played on the real stack with a moved clock."""

from __future__ import annotations

import shutil
import threading

import click
from filelock import FileLock, Timeout

from jieli.cli.demo.handover import HandoverStory
from jieli.cli.demo.review import ReviewStory
from jieli.cli.demo.seeds import MORNING, OLD, RECENT
from jieli.cli.demo.stage import PIN, Stage
from jieli.cli.up import AlreadyUp, Stack
from jieli.settings import Settings
from jieli.texts import text


@click.command()
@click.option("--stay/--leave", default=True, help="Stay up at the end, to look around.")
def demo(stay: bool) -> None:
    """Play three days of a shop: thirty cases, a bad review, a handover; then stay up."""
    own = Settings()
    settings = own.model_copy(update={"data_dir": own.data_dir / "demo", "database_url": None})
    own.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(own.data_dir / "demo.lock").acquire(timeout=0):
            # The same story each time: what an earlier one left is none of its customers.
            shutil.rmtree(settings.data_dir, ignore_errors=True)
            settings.data_dir.mkdir()
            _run(Stack(settings), settings, stay=stay)
    except Timeout as error:
        raise AlreadyUp(directory=settings.data_dir) from error


def _run(stack: Stack, settings: Settings, *, stay: bool) -> None:
    stack.stop_on_signals()
    watcher = threading.Thread(target=stack.watch, name="watch", daemon=True)
    try:
        stack.start()
        # From here on what dies is started again: the story kills something itself.
        watcher.start()
        play(Stage(settings, stack))
        if stay:
            stack.tell()
            click.echo(text("Everybody's PIN in the demo: {pin}", pin=PIN))
            watcher.join()
    finally:
        stack.end_watch()
        stack.stop()


def play(stage: Stage) -> None:
    """The three days: what is waiting, the review, the handover, and who has what at the end."""
    stage.until_local(9, 0)
    stage.begin(OLD)
    stage.say("Ten customers are waiting.")
    review = ReviewStory(stage)
    review.card()
    stage.say("No answer for 48 hours …")
    stage.until_local(9, 0, days=2)
    stage.begin(MORNING)
    stage.say("Ten more customers have written.")
    review.calls()
    handover = HandoverStory(stage, review.case_id)
    handover.take_up(RECENT)
    handover.play()
    review.promised_time()
    stage.tell_counts()
