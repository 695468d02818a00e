"""The figures of one stack: what is done, what is measured. Asserts nothing about speed."""

from __future__ import annotations

import os
import signal
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from bench import cases
from bench.agents import Browser, Desk, Posted, Task, of_cases
from bench.counting import CountingServer
from bench.stack import Stack, Watched, watching
from jieli.prefect_rest import PrefectRest
from jieli.settings import Settings
from jieli.store import outbox as messages
from jieli.store.database import Database
from jieli.store.tables import history, outbox, timers
from jieli.store.times import real_now

CLIENTS = 8


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    database: str
    letter: str
    what: str
    value: float | str
    unit: str = ""
    target: str = ""
    note: str = ""
    circumstances: str = ""


@dataclass
class Bench:
    """One running stack and what was measured on it."""

    name: str
    stack: Stack
    settings: Settings
    database: Database
    prefect: PrefectRest
    counting: CountingServer
    is_quick: bool
    tell: Callable[[str], None]
    figures: list[Figure] = field(default_factory=list)
    case_ids: list[str] = field(default_factory=list)

    def add(
        self, letter: str, what: str, value: float | str, unit: str = "", *, target: str = "",
        note: str = "", watched: Watched | None = None,
    ) -> None:  # fmt: skip
        """Write a figure down and tell it at once."""
        figure = Figure(
            self.name, letter, what, round(value, 3) if isinstance(value, float) else value, unit,
            target, note, str(watched) if watched else "",
        )  # fmt: skip
        self.figures.append(figure)
        self.tell(line(figure))

    def parked(self, count: int) -> None:
        """Have at least so many cases parked, each with its run."""
        more = count - len(self.case_ids)
        if more <= 0:
            return
        began = time.monotonic()
        made = cases.insert(self.database, "bench", more)
        cases.park(self.database, self.settings, self.prefect, "bench", made)
        self.case_ids += made
        self.tell(f"  {count} cases parked, each with its run ({time.monotonic() - began:.0f} s)")
        cases.quiesce(self.database)


def line(figure: Figure) -> str:
    """A figure as one line."""
    parts = [figure.database, f"({figure.letter})", figure.what, str(figure.value), figure.unit]
    wanted = f"[{figure.target}]" if figure.target else ""
    return " ".join(filter(None, [*parts, wanted, figure.note, figure.circumstances]))


def percentile(values: Sequence[float], percent: int) -> float:
    """The value below which so many percent lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(len(ordered) * percent / 100))]


# ---- (a) ------------------------------------------------------------------------------------


def submit(bench: Bench) -> None:
    """POST to durable and next step open: one client, then eight as fast as they can."""
    count = 600 if bench.is_quick else 2000
    bench.parked(count)
    tasks = of_cases(bench.database, "基准", count)
    browser = Browser(bench.settings)
    alone = tasks[:60]
    for task in alone[:10]:
        browser.answer(task)
    with watching(bench.stack) as watched:
        waited = []
        for task in alone[10:]:
            waited.append(browser.answer(task).seconds * 1000)
            time.sleep(0.1)
    bench.add("a", "submit p50, one client, 10/s", percentile(waited, 50), "ms")
    bench.add("a", "submit p95, one client, 10/s", percentile(waited, 95), "ms",
              target="< 50", watched=watched)  # fmt: skip
    with watching(bench.stack) as watched:
        rate, posted = burst(bench, tasks[60:])
    waited = [each.seconds * 1000 for each in posted]
    bench.add("a", "submits, 8 clients", rate, "/s", target="> 200",
              note=f"{len(posted)} submits")  # fmt: skip
    bench.add("a", "submit p50, 8 clients", percentile(waited, 50), "ms")
    bench.add("a", "submit p95, 8 clients", percentile(waited, 95), "ms", target="< 50",
              watched=watched)  # fmt: skip
    with watching(bench.stack) as watched:
        seconds = until(lambda: backlog(bench) == 0, 120)
    bench.add("a", "after it: backlog delivered in", seconds, "s", watched=watched,
              note=f"{cases.behind(bench.database)} cases not yet shown in Prefect")  # fmt: skip
    cases.quiesce(bench.database)


def burst(bench: Bench, tasks: Sequence[Task]) -> tuple[float, list[Posted]]:
    """Eight agents answer all tasks as fast as they can; per second, and each answer."""
    local = threading.local()

    def one(task: Task) -> Posted:
        if not hasattr(local, "browser"):
            local.browser = Browser(bench.settings)
        browser: Browser = local.browser
        return browser.answer(task)

    with ThreadPoolExecutor(CLIENTS) as pool:
        began = time.monotonic()
        posted = list(pool.map(one, tasks))
    return len(posted) / (time.monotonic() - began), posted


# ---- (b) and (c) ----------------------------------------------------------------------------


def quiet(bench: Bench, label: str = "quiet", count: int = 20) -> None:
    """One answer, its message, and the run parked again; then the next."""
    bench.parked(20)
    count = 6 if bench.is_quick else count
    desk, browser = Desk(bench.database), Browser(bench.settings)
    desk.look()
    browser.answer(desk.ready.popleft())  # the first pays for imports
    time.sleep(4)
    with watching(bench.stack) as idle:
        time.sleep(10 if bench.is_quick else 20)
    posted: list[Posted] = []
    with watching(bench.stack) as watched:
        for _ in range(count):
            desk.look()
            posted.append(browser.answer(desk.ready.popleft()))
            until(lambda: answered(desk, posted[-1]), 30, 0.05)
            time.sleep(1.5)
    done = [(each, at) for each in posted if (at := desk.delivered(each))]
    after = [at - each.returned for each, at in done]
    start = [at - each.began for each, at in done]
    lost = f"{len(done)} of {count} delivered"
    bench.add("b", f"answer → delivered p50, {label}", percentile(after, 50), "s",
              target="< 1", note=lost)  # fmt: skip
    bench.add("b", f"answer → delivered p95, {label}", percentile(after, 95), "s")
    bench.add("b", f"POST start → delivered p50, {label}", percentile(start, 50), "s")
    bench.add("b", f"POST start → delivered p95, {label}", percentile(start, 95), "s",
              watched=watched)  # fmt: skip
    resting = idle.cpu_total / idle.seconds
    each = (watched.cpu_total - resting * watched.seconds) / count
    parts = ", ".join(
        f"{kind} {(used - idle.cpu.get(kind, 0) / idle.seconds * watched.seconds) / count:.3f}"
        for kind, used in sorted(watched.cpu.items()) if kind != "bench"
    )  # fmt: skip
    bench.add("c", f"CPU per activation, all processes, {label}", each, "CPU-s", target="< 0.4",
              note=f"above {resting:.2f} CPU-s/s at rest; {parts}", watched=watched)  # fmt: skip


def answered(desk: Desk, posted: Posted) -> bool:
    """Whether the message that answers this POST has come."""
    desk.look()
    return desk.delivered(posted) is not None


def held(bench: Bench) -> None:
    """So many completions a second for a minute; held when the backlog does not grow."""
    bench.parked(600 if bench.is_quick else 1000)
    seconds = 15.0 if bench.is_quick else 60.0
    for rate in (60, 120):
        is_held = hold(bench, rate, seconds)
        cases.quiesce(bench.database)
        if not is_held:
            break


def hold(bench: Bench, rate: int, seconds: float) -> bool:
    """Offer answers at this rate; tell whether their messages kept up."""
    desk = Desk(bench.database)
    desk.look()
    posted: list[Posted] = []
    sizes: list[int] = []
    local = threading.local()

    def one(task: Task) -> None:
        if not hasattr(local, "browser"):
            local.browser = Browser(bench.settings)
        posted.append(local.browser.answer(task))

    missed = 0
    began = time.time()
    with watching(bench.stack) as watched, desk.looking(0.5), ThreadPoolExecutor(16) as pool:
        while (now := time.time()) < began + seconds:
            wanted = int((now - began) * rate) - len(posted) - pool._work_queue.qsize()
            for _ in range(max(wanted, 0)):
                if desk.ready:
                    pool.submit(one, desk.ready.popleft())
                else:
                    missed += 1
                    break
            if int(now - began) > len(sizes):
                sizes.append(backlog(bench))
            time.sleep(0.05)
        end = time.time()
    until(lambda: backlog(bench) == 0, 60)
    desk.look()
    late = [at - each.began for each in posted if (at := desk.delivered(each))]
    times = [at for each in posted if (at := desk.delivered(each))]
    warm = began + seconds / 6
    inside = sum(1 for at in times if warm < at <= end)
    half = len(sizes) // 2
    first, second = statistics.mean(sizes[:half]), statistics.mean(sizes[half:])
    done = inside / (end - warm)
    is_held = done > 0.95 * rate and second < first + rate
    words = f"backlog {first:.0f} then {second:.0f}, {'held' if is_held else 'NOT held'}"
    bench.add("b", f"completions at {rate}/s offered for {seconds:.0f} s", done, "/s",
              target="≥ 60 held", note=words)  # fmt: skip
    waited = [each.seconds * 1000 for each in posted]
    bench.add("b", f"  POST p95 at {rate}/s", percentile(waited, 95), "ms")
    bench.add("b", f"  POST start → delivered p50 at {rate}/s", percentile(late, 50), "s")
    bench.add("b", f"  POST start → delivered p95 at {rate}/s", percentile(late, 95), "s",
              note=f"{cases.behind(bench.database)} cases not yet shown in Prefect",
              watched=watched)  # fmt: skip
    return is_held


# ---- (d) ------------------------------------------------------------------------------------


def parked(bench: Bench) -> None:
    """What cases cost that only wait."""
    for count in (0, 1000) if bench.is_quick else (0, 1000, 10000):
        bench.parked(count)
        memory = bench.stack.memory_mb()
        bench.add("d", f"{count} parked, each with its run: processes",
                  len(bench.stack.processes()), target="no more")  # fmt: skip
        parts = ", ".join(f"{kind} {size:.0f}" for kind, size in sorted(memory.items()))
        with watching(bench.stack) as watched:
            time.sleep(10)
        bench.add("d", f"{count} parked: memory", sum(memory.values()), "MB", note=parts,
                  watched=watched)  # fmt: skip
        quiet(bench, f"{count} parked", 10)


# ---- (e) and (f) ----------------------------------------------------------------------------


def timers_at_once(bench: Bench) -> None:
    """A thousand timers due in one second: until the last has fired and was delivered."""
    due = prepare_timers(bench)
    with watching(bench.stack) as watched:
        time.sleep(max(due.timestamp() - time.time() - 1, 0))
        until(lambda: timers_left(bench, due) == 0 and backlog(bench) == 0, 120)
    fired, delivered, count = outcomes(bench, due)
    bench.add("e", f"{count} timers due in one second: last fired after", fired, "s",
              target="≤ 2")  # fmt: skip
    bench.add("e", f"{count} timers: last delivered after", delivered, "s", target="≤ 15",
              note=f"webhook; {bench.counting.twice} twice", watched=watched)  # fmt: skip
    cases.quiesce(bench.database)


def killed(bench: Bench) -> None:
    """The same, the worker killed once a part was delivered; `jieli up` starts it again."""
    due = prepare_timers(bench)
    time.sleep(max(due.timestamp() - time.time(), 0))
    until(lambda: len(bench.counting.seen) >= 150, 60, 0.01)
    os.kill(bench.stack.worker_pid(), signal.SIGKILL)
    killed_at, before = time.time(), len(bench.counting.seen)
    with bench.database.read() as conn:
        query = select(func.count()).where(
            outbox.c.status == "pending", outbox.c.claimed_until > real_now()
        )
        claimed = conn.execute(query).scalar_one()
    with watching(bench.stack) as watched:
        until(lambda: timers_left(bench, due) == 0 and backlog(bench) == 0, 240)
    _, delivered, count = outcomes(bench, due)
    bench.add("f", f"{count} timers, SIGKILL of the worker after {before}: sent twice",
              bench.counting.twice, target="≤ in flight", note=f"{claimed} claimed then")  # fmt: skip
    bench.add("f", "  all delivered after the SIGKILL in",
              delivered - (killed_at - due.timestamp()), "s",
              note=f"{len(bench.counting.seen)} of {count} came", watched=watched)  # fmt: skip
    cases.quiesce(bench.database)


def prepare_timers(bench: Bench) -> datetime:
    """Cases whose wait ends within one second, a while from now; returns that second's end."""
    count = 300 if bench.is_quick else 1000
    bench.counting.clear()
    lead = timedelta(seconds=count / 40 + 25)
    due = real_now() + lead
    began = due - timedelta(minutes=10)
    step = timedelta(seconds=1) / count
    made = cases.insert(bench.database, "bench_timer", count, lambda n: began - n % count * step)
    cases.park(bench.database, bench.settings, bench.prefect, "bench_timer", made)
    left = (due - real_now()).total_seconds()
    bench.tell(f"  {count} timers due in {left:.0f} s, each case with its parked run")
    return due


def timers_left(bench: Bench, due: datetime) -> int:
    """How many timers of that second are still armed."""
    with bench.database.read() as conn:
        query = select(func.count()).select_from(timers).where(timers.c.at <= due)
        return int(conn.execute(query).scalar_one())


def outcomes(bench: Bench, due: datetime) -> tuple[float, float, int]:
    """Seconds to the last fired and the last delivered; how many fired."""
    with bench.database.read() as conn:
        since = (history.c.kind == "timer_fired") & (
            history.c.recorded_at > due - timedelta(seconds=5)
        )
        last, count = conn.execute(
            select(func.max(history.c.recorded_at), func.count()).where(since)
        ).one()
    came = [min(times) for times in bench.counting.seen.values()]
    return (last - due).total_seconds(), max(came) - due.timestamp(), int(count)


# ---- parts ----------------------------------------------------------------------------------


def backlog(bench: Bench) -> int:
    """How many messages wait."""
    with bench.database.read() as conn:
        return messages.backlog(conn)


def until(is_so: Callable[[], bool], seconds: float, every: float = 0.1) -> float:
    """Wait until it is so; returns how long it took, or the limit."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        if is_so():
            break
        time.sleep(every)
    return time.monotonic() - began


FIGURES: dict[str, Callable[[Bench], None]] = {
    "b": quiet,
    "a": submit,
    "held": held,
    "e": timers_at_once,
    "f": killed,
    "d": parked,
}
