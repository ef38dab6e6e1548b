"""What browsers may say: every event of every component has a declared type; others are refused, and none is a fault."""

from __future__ import annotations

import random
import time
from types import NoneType, UnionType
from typing import Any, Literal, TypeAliasType, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
import solara

from letsdance.dashboards import app, compute, events, guard
from letsdance.dashboards.pages import map as basin_page

for _name in app.present():
    app.component(_name)
EVENTS = {(*key, name): data for key in events._components for name, data in events.declared(*key).items()}
#: Words that mean something somewhere, and some that do nowhere.
WORDS = ("k", "C0", "FRCS", "austerity", "wasteland", "lone_ranger", "telework", "co_creation", "explore", "map",
         "nl", "A", "B", "START", "parameter.k", "lever.FRCS", "shock.zz", "kind", "column.0", "column.x", "per",
         "by_town", "separator", "undo", "redo", "difference", "replay", "reset", "reference:keep", "reference:zz",
         "check", "picture", "all", "svg", "municipalities", "csv", "zip", "council.1", "citizen.99999", "small",
         "full", "1.5", "-", ".", "", "zz", "\u00e9" * 90)


def drawn(data: Any, luck: random.Random) -> Any:
    """Something of a type, as JSON has it."""
    if isinstance(data, TypeAliasType):
        return drawn(data.__value__, luck)
    if is_typeddict(data):
        return {name: drawn(hint, luck) for name, hint in get_type_hints(data).items()
                if name in data.__required_keys__ or luck.random() < 0.6}
    origin, inside = get_origin(data), get_args(data)
    if origin in (Union, UnionType):
        return drawn(luck.choice(inside), luck)
    if origin is Literal:
        return luck.choice(inside)
    if origin is tuple:
        return [drawn(one, luck) for one in inside]
    if origin is dict:
        return {drawn(inside[0], luck): drawn(inside[1], luck) for _ in range(luck.randint(0, 3))}
    return {str: lambda: luck.choice(WORDS), bool: lambda: luck.random() < 0.5, NoneType: lambda: None,
            int: lambda: luck.choice((0, 1, 2, 7, -1, -10**9, 10**18)),
            float: lambda: luck.choice((0, 1, 0.5, 20, 60, -1.5, 1e300, 10**30))}[data]()


#: What is of the declared type nowhere, or in few places: there it is none the less right.
ODD = (None, True, 7, -1, 1.5, float("nan"), float("inf"), "zz", "", [], [1], [1, 2, 3], [None, "x"], [[]], {}, {"do":
       1}, {"what": "zz"}, {"name": 1}, {"name": "k", "value": [], "done": True}, {"name": "k", "value": 1, "done":
       "yes"}, {"at": "0"}, {"kind": "lever", "at": 1.5, "use": None, "done": True}, {"name": "x", "size": "1",
       "text": ""}, "\ud800")


def test_every_event_declares_its_data():
    assert len(EVENTS) > 30
    assert not [key for key, data in EVENTS.items() if data in (Any, dict, list, object)]


@pytest.mark.parametrize("key", EVENTS, ids=lambda key: f"{key[1].rpartition('/')[2]} {key[2]}")
def test_data_of_another_type_is_refused_and_of_its_own_taken(key):
    luck = random.Random(1)
    for _ in range(30):
        assert not events.wrong(*key, drawn(EVENTS[key], luck))
    refused = [data for data in ODD if events.wrong(*key, data)]
    assert len(refused) >= len(ODD) - 6  # a text where a text is wanted
    mine = drawn(EVENTS[key], luck)
    if isinstance(mine, dict):
        assert events.wrong(*key, mine | {"more": 1})


def widgets(one):
    yield one
    for child in getattr(one, "children", None) or []:
        if not isinstance(child, str):
            yield from widgets(child)


@pytest.mark.parametrize("page", app.present())
def test_what_has_the_right_type_is_never_a_fault(page, monkeypatch, caplog):
    """Up to two hundred events as a stranger might send them: a page refuses in a sentence, or nothing happens."""
    for sizes, small in (("GRIDS", (3, 1)), ("TIPPINGS", (3, 1)), ("STAYS", 2)):
        monkeypatch.setattr(basin_page, sizes, (small,) * 3)
    luck, said, until = random.Random(page), set(), time.monotonic() + 2
    box, rc = solara.render(app.Shell(), handle_error=False)
    sent, slow = 0, until + 60
    while sent < 200:
        shown = [one for one in widgets(box) if guard._component(one) in events._components
                 and events.declared(*guard._component(one))]  # some only show
        bar = next(one for one in shown if "go" in events.declared(*guard._component(one)))
        if bar.page != page:  # an event led elsewhere, or the page is not there yet
            assert time.monotonic() < slow
            bar.vue_go(page)
            time.sleep(0.005)
            continue
        sent += 1
        one = luck.choice(shown)
        component = guard._component(one)
        name = luck.choice(list(events.declared(*component)))
        getattr(one, f"vue_{name}")(drawn(events.declared(*component)[name], luck))
        said.add((component[1], name))
        if time.monotonic() > until and len(said) > 3:
            break
        time.sleep(0.005)
    while (compute.QUICK.busy or compute.LONG.busy) and time.monotonic() < until + 2:
        time.sleep(0.05)
    rc.close()
    until = time.monotonic() + 60
    while (compute.QUICK.busy or compute.LONG.busy) and time.monotonic() < until:  # what nobody waits for any more ends
        time.sleep(0.05)
    assert len(said) > 3
    assert not [record for record in caplog.records if record.exc_info], caplog.text
