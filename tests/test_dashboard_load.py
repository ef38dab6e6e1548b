"""A room at the dashboard: nobody's question stalls the others, equal questions are computed once, nothing piles up."""

from __future__ import annotations

import gc
import statistics
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import solara
from benchmarks.people import Person, room
from browser import serving

from letsdance.dashboards import app, compute
from letsdance.dashboards.pages import explore, town
from letsdance.dashboards.pages import map as basin_page
from letsdance.dashboards.state import View
from letsdance.params import Refused
from letsdance.scenarios.policy import Policy
from letsdance.simulation.run import Result, simulate
from letsdance.words import Text

TOWNS = "name,citizens\n" + "".join(f"Town {k},3000000\n" for k in range(5))
HUGE = View(policy=Policy.of(quarters=400), runs=300, places=TOWNS)


# ---------------------------------------------------------------- one limit of work

def large(runs=20, quarters=60, citizens=100_000, towns=5):
    rows = "".join(f"Town {k},{citizens}\n" for k in range(towns))
    return View(policy=Policy.of(quarters=quarters), runs=runs, places=f"name,citizens\n{rows}")


@pytest.mark.parametrize("view", [HUGE, replace(HUGE, runs=20), replace(HUGE, policy=Policy.of()), large(300),
                                  large(20, 400), large(20, 8, 500_000)])
def test_what_is_too_much_is_refused_before_it_starts_with_what_would_fit(view):
    began = time.monotonic()
    with pytest.raises(Refused, match="would fit") as said:
        compute.simulated(view.policy, view.seed, view.runs, compute.Token(), view.places)
    assert time.monotonic() < began + 5
    assert "past wel" in Text("nl").refused(said.value)
    number = int(str(said.value).partition("; ")[2].split(" ")[0].replace(",", ""))
    if "runs would fit" in str(said.value):  # what would fit does, and one more does not
        compute.check_work(view.policy, number, view.places)
        over = view.policy, number + 1, view.places
    else:
        compute.check_work(view.policy, view.runs, f"name,citizens\nA,{number // 2}\nB,{number - number // 2}\n")
        over = view.policy, view.runs, f"name,citizens\nA,{number // 2}\nB,{number - number // 2 + 1}\n"
    with pytest.raises(Refused):
        compute.check_work(*over)


def test_usual_questions_are_within_the_limit():
    for start in ("lone_ranger", "lets_dance", "dead_horse", "wasteland"):
        compute.check_work(Policy.of(start, quarters=400), 300)


def test_pages_that_run_in_their_own_way_have_the_same_limit():
    with pytest.raises(Refused, match="would fit"):
        next(town.Run.of(HUGE, "full", compute.Token()).quarters())
    many = Policy.of(quarters=400).with_parameter("citizens", 2000).with_parameter("municipalities", 100)
    asked = basin_page.Asked.of(View(policy=many), compute.Token())
    for ask in (lambda: basin_page.basin_map(asked, 21, 20), lambda: basin_page.stays(asked, 300),
                lambda: basin_page.tipping_diagram(asked, "k", "C", 41, 20)):
        with pytest.raises(Refused, match="would fit"):
            ask()


def test_a_big_run_stops_within_a_slice():
    """50 s of work: it ends soon after nobody wants it, in the middle of its first run."""
    view, token, ended = large(20, 200, 100_000), compute.Token(), []
    compute.check_work(view.policy, view.runs, view.places)

    def work():
        try:
            compute.simulated(view.policy, 1, view.runs, token, view.places)
        except compute.Stopped:
            ended.append(time.monotonic())

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(3.0)
    assert thread.is_alive()
    stopped = time.monotonic()
    token.stop()
    thread.join(30)
    assert ended
    assert ended[0] - stopped < 5.0


def test_runs_cut_by_quarters_have_the_same_numbers():
    asked = []
    whole = simulate("lone_ranger", runs=3, quarters=20, seed=5)
    cut = simulate("lone_ranger", runs=3, quarters=20, seed=5, between=lambda: asked.append(1))
    assert len(asked) == 3 * 21
    for name in ("rows", "stage", "depth", "regime", "category"):
        assert getattr(whole, name).tobytes() == getattr(cut, name).tobytes(), name


# ---------------------------------------------------------------- a fair queue

def finished(queue, seconds=20):
    until = time.monotonic() + seconds
    while queue.busy and time.monotonic() < until:
        time.sleep(0.005)
    assert not queue.busy


def test_one_who_asks_ten_things_does_not_delay_the_others():
    queue, order, go = compute.Queue("test", 1), [], threading.Event()
    queue.submit("first", lambda: go.wait(20))
    for k in range(10):
        queue.submit("greedy", lambda k=k: order.append(f"greedy {k}"))
    for name in ("ann", "bea"):
        queue.submit(name, lambda name=name: order.append(name))
    go.set()
    finished(queue)
    assert order[:3] == ["greedy 0", "ann", "bea"]
    assert order[3:] == [f"greedy {k}" for k in range(1, 10)]


def test_long_work_lets_others_in_at_each_slice_and_never_more_than_there_are_places():
    queue, order, inside, most = compute.Queue("test", 2), [], [0], [0]
    lock = threading.Lock()

    def enter(way):
        with lock:
            inside[0] += way
            most[0] = max(most[0], inside[0])

    def long(name):
        for k in range(20):
            enter(1)
            order.append((name, k))
            time.sleep(0.005)
            enter(-1)
            queue.pause()

    for name in ("a", "b", "c"):
        queue.submit(name, lambda name=name: long(name))
    time.sleep(0.02)
    queue.submit("late", lambda: order.append(("late", 0)))
    finished(queue)
    assert most[0] == 2
    assert order.index(("late", 0)) < 30  # of 61: it did not wait for the long ones
    assert sorted(order) == sorted([("late", 0), *((name, k) for name in "abc" for k in range(20))])


def test_first_answers_come_before_finer_ones_which_are_not_forgotten():
    queue, order, go = compute.Queue("test", 1), [], threading.Event()
    queue.submit("ann", lambda: go.wait(20))
    assert not queue.crowded
    for k in range(3):
        queue.submit(f"seen {k}", lambda k=k: order.append(f"finer {k}"), finer=True)
    assert not queue.crowded  # nobody waits for a first answer
    for k in range(20):
        queue.submit(f"new {k}", lambda k=k: order.append(f"first {k}"))
    assert queue.crowded
    go.set()
    finished(queue)
    assert [one for one in order if "first" in one] == [f"first {k}" for k in range(20)]
    assert [one for one in order if "finer" in one] == [f"finer {k}" for k in range(3)]
    assert order.index("finer 0") in range(4, 9)  # one turn in eight
    assert order.index("finer 1") > order.index("first 10")


def test_where_many_wait_an_answer_begins_with_few_runs_and_ends_with_the_same(monkeypatch):
    view = View(policy=Policy.of().with_parameter("k", 1.23))
    quiet = [pair.result for pair in compute.pairs(replace(view, seed=71), compute.Token())]
    monkeypatch.setattr(compute.Queue, "crowded", True)
    full = [pair.result for pair in compute.pairs(replace(view, seed=72), compute.Token())]
    assert [one.runs for one in quiet] == [20]
    assert [one.runs for one in full] == [5, 20]
    whole = simulate(view.policy.scenario(), runs=20, seed=72)
    assert full[-1].rows.tobytes() == whole.rows.tobytes()
    assert compute.stages(5) == (5,)
    assert compute.stages(3) == (3,)
    assert compute.stages(300) == (5, 20, 40, 80, 160, 300)


def test_many_askers_have_few_threads():
    queue, go = compute.Queue("test", 3), threading.Event()
    for person in range(200):
        for _ in range(3):
            queue.submit(person, lambda: (queue.pause(), go.wait(20)))
    time.sleep(0.3)
    assert sum(thread.name.startswith("test") for thread in threading.enumerate()) <= compute._THREADS
    go.set()
    finished(queue)


def test_a_failing_piece_of_work_gives_its_place_back():
    queue, done = compute.Queue("test", 1), threading.Event()

    def fails():
        raise ValueError("meant")

    queue.submit("a", fails)
    queue.submit("a", done.set)
    assert done.wait(10)


# ---------------------------------------------------------------- once for all who ask

def test_equal_questions_are_computed_once_also_while_under_way(monkeypatch):
    calls, real = [], compute.simulate
    monkeypatch.setattr(compute, "simulate", lambda *a, **k: (calls.append(1), time.sleep(0.2), real(*a, **k))[2])
    policy, found = Policy.of().with_parameter("k", 1.2345), []
    threads = [threading.Thread(target=lambda: found.append(compute.simulated(policy, 77, 20, compute.Token())))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 8
    assert len({id(one) for one in found}) == 1
    assert sum(calls) == 1


def test_where_the_first_gives_up_the_second_goes_on(monkeypatch):
    began, real, first = threading.Event(), compute.simulate, compute.Token()

    def slow(*a, **k):
        if not began.is_set():
            began.set()
            while not first.stopped:
                time.sleep(0.01)
            raise compute.Stopped
        return real(*a, **k)

    monkeypatch.setattr(compute, "simulate", slow)
    policy, found = Policy.of().with_parameter("k", 1.2346), []

    def ask(token):
        try:
            found.append(compute.simulated(policy, 78, 20, token))
        except compute.Stopped:
            found.append(None)

    one, other = threading.Thread(target=ask, args=(first,)), threading.Thread(target=ask, args=(compute.Token(),))
    one.start()
    assert began.wait(20)
    other.start()
    time.sleep(0.1)
    first.stop()
    one.join(20)
    other.join(60)
    assert sum(result is None for result in found) == 1
    assert sum(result is not None for result in found) == 1


# ---------------------------------------------------------------- what a session holds

@pytest.mark.parametrize("page", app.present())
def test_an_open_page_holds_no_results(page, monkeypatch):
    """Runs are kept once for all, up to a size; behind two hundred open pages they would be megabytes each."""
    kept = compute.Kept(compute._KEPT, lambda result: result.stage.size), compute.Kept(compute._DRAWN, lambda _: 1)
    monkeypatch.setattr(compute, "_kept", kept[0])
    monkeypatch.setattr(compute, "_drawn", kept[1])
    for sizes, small in (("GRIDS", (3, 1)), ("TIPPINGS", (3, 1)), ("STAYS", 2)):
        monkeypatch.setattr(basin_page, sizes, (small,) * 3)
    before = {id(one) for one in gc.get_objects() if type(one) is Result}
    box, rc = solara.render(app.Shell(), handle_error=False)
    next(w for w in box.children[0].children if "pages" in w.trait_names()).vue_go(page)
    until = time.monotonic() + 60
    while (compute.QUICK.busy or compute.LONG.busy) and time.monotonic() < until:
        time.sleep(0.05)
    for one in kept:
        one._found.clear()
    gc.collect()
    assert not [one for one in gc.get_objects() if type(one) is Result and id(one) not in before]
    rc.close()


# ---------------------------------------------------------------- a room

@pytest.fixture(scope="module")
def server(tmp_path_factory):
    yield from serving(tmp_path_factory.mktemp("room") / "log.txt")


def status(server, field):
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(field + ":")))


def test_a_room_gets_its_own_answers(server):
    """Twelve people: each sees what that person set, and loses nothing."""
    seen = room(server.url, people=12, moves=3, pause=1.0)
    assert not seen.faults
    assert len(seen.seconds) == 36
    assert max(seen.sent) < 60_000  # bytes of a move that moves the reference's curves too: fewer runs where many wait


def test_a_move_sends_what_it_moved(server):
    """The median in bytes; with every series at each move, as JSON writes numbers, it was 36,000."""
    seen = room(server.url, people=1, moves=5, pause=0.2)
    assert not seen.faults
    assert statistics.median(seen.sent) < 25_000


def test_what_is_told_move_by_move_comes_to_the_whole_chart(server):
    person = Person(server.url)
    person.wait(person.stamp)
    for value in (0.6, 0.62, 1.9):
        person.slide("k", value)
    view = View(policy=Policy.of().with_parameter("k", 1.9))
    pair = next(compute.pairs(view, compute.Token()))
    drawn = explore.draw(pair, view.reference_policy(), Text("en"), False, "q").charts
    assert person.series == {chart.name: chart.packed for chart in drawn}
    person.leave()


def test_a_stranger_with_a_huge_link_is_refused_and_nobody_waits(server):
    from letsdance.dashboards.state import to_link

    person, stranger = Person(server.url), Person(server.url, f"/explore?{to_link(HUGE)}")
    person.wait(person.stamp)
    assert person.slide("k", 0.71) < 20
    stranger.drain()
    assert "would fit" in str(stranger.widgets)
    for one in (person, stranger):
        one.leave()


def test_pages_left_open_hold_little_each_and_what_is_closed_gives_all_back(server):
    """As many as a quick test allows; benchmarks/soak.py leaves 200 open for ten minutes."""
    def opened(n):
        people = [Person(server.url) for _ in range(n)]
        for person in people:
            person.wait(person.stamp)
        return people

    few, seen = opened(5), []
    time.sleep(5)  # the other pages are loaded
    for n in (8, 8, 20):
        threads = status(server, "Threads")
        many = opened(n)
        seen.append(status(server, "VmRSS") / 1000)
        assert status(server, "Threads") <= threads + n + 4
        for person in many:
            person.leave()
    assert seen[1] < seen[0] + 15  # MB: the second ones take the place of the first
    assert seen[2] < seen[1] + 12 * 1.5 + 15
    for person in few:
        person.leave()
    until = time.monotonic() + 40
    while status(server, "Threads") > 30 + compute._THREADS and time.monotonic() < until:  # nobody asks meanwhile
        time.sleep(0.5)
    assert status(server, "Threads") <= 30 + compute._THREADS
