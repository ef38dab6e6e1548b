"""Charts and tables of Compare: several policies on the same luck, and one in the wind tunnel. No widgets in here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from letsdance.dashboards.charts import Chart, Curve, lines, plane, whole
from letsdance.dashboards.compute import Token, simulated
from letsdance.dashboards.numbers import Cell, Head, Row
from letsdance.dashboards.sentences import priced, what_changed
from letsdance.dashboards.state import View
from letsdance.experiments import cards
from letsdance.experiments.compare import Comparison, Effect
from letsdance.experiments.outcomes import parse
from letsdance.experiments.paired import Interval, interval
from letsdance.experiments.windtunnel import less_is_better
from letsdance.params import Refused, within
from letsdance.report.outcomes import per_cent, writing
from letsdance.report.style import capital, finite_mean, spread
from letsdance.report.words import still_leads
from letsdance.scenarios import SHOCKS, STARTS, parse_uses
from letsdance.scenarios.policy import Policy
from letsdance.simulation.rules.regimes import REGIMES
from letsdance.simulation.run import Result
from letsdance.words import Text

LETTERS = "ABCD"
#: What policies are compared on, in this order.
OUTCOMES = ("lets_dance", "C", "G", "services", "on", "uses", "T", "representativeness", "late_adopter_gap")
#: What stands for the start as it stands, where that is the reference.
START = "start"
#: The difference from which on a cell of the wind tunnel has its full shade: of shares, and of other numbers.
_DEEP, _DEEP_NUMBER = 0.2, 1.0
#: In the wind tunnel: the column without a shock, and the quarter in which each shock comes.
CALM, AT = "none", 12


# ---------------------------------------------------------------- which policies

def lineup(view: View) -> tuple[tuple[Policy, ...], int]:
    """The policies A-D, and which of them is the view's own (the one that can be changed and that other pages show)."""
    others = view.others[:len(LETTERS) - 1]
    at = within(view.get("policies.at"), 0, len(others)) or 0
    return (*others[:at], view.policy, *others[at:]), at


def arranged(view: View, policies: tuple[Policy, ...], at: int) -> View:
    """The view with these policies, of which number `at` is its own."""
    kept = view.put(**{"policies.at": at or None})
    return replace(kept, policy=policies[at], others=(*policies[:at], *policies[at + 1:]))


def against(view: View) -> str:
    """What the policies are held against: a letter, or START."""
    said = view.get("policies.against", START)
    return said if said in LETTERS[:len(lineup(view)[0])] and said else START


def outcome_of(view: View) -> str:
    """The outcome that is looked at."""
    said = view.get("policies.outcome", "lets_dance")
    return said if said in OUTCOMES else "lets_dance"


def name_of(policy: Policy, text: Text) -> str:
    """A policy's own name, or what it changes about its start."""
    return policy.title or what_changed(policy, replace(policy.bare(), context=()), text, brief=True) or text(
        "compare.as_it_stands", start=text.title("start", policy.start))


# ---------------------------------------------------------------- what they come to

@dataclass(frozen=True, eq=False)
class Beside:
    """Policies by letter (and START, where that is the reference), their runs on equal luck, and who is the reference."""

    policies: Mapping[str, Policy]
    found: Comparison
    wanted: int
    _effects: dict[tuple[str, str], Effect] = field(default_factory=dict)

    def effect(self, name: str, outcome: str) -> Effect:
        """The paired difference from the reference at the end, computed once."""
        if (name, outcome) not in self._effects:
            self._effects[name, outcome] = self.found.effect(name, outcome)
        return self._effects[name, outcome]

    @property
    def reference(self) -> str:
        """The reference's letter, or START."""
        return self.found.reference

    @property
    def tried(self) -> tuple[str, ...]:
        """Letters of the policies that are not the reference itself, nor the same as it."""
        return tuple(name for name in self.found.others if not self.same(name))

    def same(self, name: str) -> bool:
        """Whether a policy is the reference, by letter or because nothing differs."""
        return self.found.results[name] is self.found.results[self.reference]


def compared(view: View) -> dict[str, Policy]:
    """What is compared, by letter, over the same quarters; and START, where that is the reference."""
    own, _ = lineup(view)
    policies = {letter: replace(policy, quarters=view.policy.quarters) for letter, policy in zip(LETTERS, own)}
    if against(view) == START:
        return {START: _settled(policies["A"].bare(), policies["A"]), **policies}
    return policies


def beside(view: View, runs: int, token: Token) -> Beside:
    """The view's policies on the same seeds. Raises `Refused`, `Stopped`."""
    policies = compared(view)
    results: dict[str, Result] = {}
    asked: dict[Policy, Result] = {}
    for name, policy in policies.items():
        bare = replace(policy, title="")
        if bare not in asked:
            asked[bare] = simulated(policy, view.seed, runs, token, view.places)
        results[name] = asked[bare]
    if len({result.places.citizens.tobytes() for result in results.values()}) > 1:
        raise Refused(Text(view.language)("compare.other_citizens"))
    return Beside(policies, Comparison(results, against(view)), view.runs)


def _settled(bare: Policy, like: Policy) -> Policy:
    """A start with as many municipalities and citizens as a policy, so that both meet the same luck."""
    kept = {name: value for name, value in like.parameters if name in ("municipalities", "citizens")}
    return replace(bare, parameters=tuple(kept.items()))


def named(name: str, policies: Mapping[str, Policy], text: Text) -> str:
    """'B Free-range civil servants', or the start as it stands."""
    if name == START:
        return text("compare.as_it_stands", start=text.title("start", policies[START].start))
    return f"{name} {name_of(policies[name], text)}"


def level(value: float, outcome: str, text: Text) -> str:
    """A value of an outcome as it is written: '12 %', '3.4', a gap in points."""
    return writing(outcome).level(value, text)


def in_people(value: float, outcome: str, text: Text) -> str:
    """The same in words that people use, where it is a share of municipalities: '7 of 10'."""
    return text.of_ten(value, "_short") if outcome in ("lets_dance", "on") else level(value, outcome, text)


def gained(value: float, outcome: str, text: Text, unit: bool = False) -> str:
    """A difference with its sign: '+12', in points for shares; unit: '+12 points'."""
    return writing(outcome).difference(value, text, unit)


def reach(effect: Interval, outcome: str, text: Text) -> str:
    """Its interval: '9–15', '−3 to 2'."""
    return writing(outcome).band(effect.low, effect.high, text)


def sure(effect: Interval, outcome: str) -> bool:
    """Whether a difference is clear: its interval leaves 0 out, and as it is written it is not 0."""
    write = writing(outcome)
    return effect.clear and write.factor * abs(effect.mean) >= 0.5 * 10.0 ** -write.digits


def best(shown: Beside, outcome: str) -> tuple[str, str | None] | None:
    """The policy that does clearly better than the reference and best of all, and another that is not clearly worse."""
    sign = -1.0 if less_is_better(parse(outcome)) else 1.0
    effects = {name: shown.effect(name, outcome).difference for name in shown.tried}
    better = [name for name, e in effects.items() if sure(e, outcome) and sign * e.mean > 0]
    if not better:
        return None
    first = max(better, key=lambda name: sign * effects[name].mean)
    top = parse(outcome).of(shown.found.results[first])
    for name in sorted((n for n in better if n != first), key=lambda n: -sign * effects[n].mean):
        if not sure(interval(top - parse(outcome).of(shown.found.results[name])), outcome):
            return first, name
        break
    return first, None


def headline(shown: Beside, outcome: str, text: Text, limit: int = 0) -> tuple[str, list[str]]:
    """Which policy does best on the outcome, for how many points of the limit (0: any), and how sure that is."""
    found = shown.found
    notes = [text("headline.how_sure", runs=found.runs)]
    notes += [text("headline.refining", n=found.runs, runs=shown.wanted)] if found.runs < shown.wanted else []
    apart = [name for name in shown.tried if shown.policies[name].start != shown.policies[shown.reference].start]
    notes = [*([text("compare.other_start", names=text.listed(apart))] if apart else []), *notes]
    of = text(f"compare.outcome_{outcome}")
    if not shown.tried:
        return text("compare.nothing"), [text("compare.nothing_more")]
    first = best(shown, outcome)
    if first is None:
        return text("compare.none_better", of=of, reference=named(shown.reference, shown.policies, text),
                    quarter=text.quarter(found.quarters, "_beside")), notes
    name, rival = first
    top = parse(outcome).of(found.results[name])
    twins = [one for one in shown.tried if np.array_equal(parse(outcome).of(found.results[one]), top, equal_nan=True)]
    if len(twins) > 1:  # nobody of them does better than the others
        e = shown.effect(name, outcome)
        return text("compare.best_same", names=text.listed(twins), of=of, quarter=text.quarter(found.quarters, "_beside"),
                    value=in_people(e.after, outcome, text), reference=named(shown.reference, shown.policies, text),
                    gained=gained(e.difference.mean, outcome, text, True), band=reach(e.difference, outcome, text)), notes
    e = shown.effect(name, outcome)
    better = e.lower if less_is_better(parse(outcome)) else e.higher
    done = named(name, shown.policies, text) + priced(found.results[name], limit, text)
    said = text("compare.best", name=done, of=of, quarter=text.quarter(found.quarters, "_beside"),
                value=in_people(e.after, outcome, text), reference=named(shown.reference, shown.policies, text),
                gained=gained(e.difference.mean, outcome, text, True), band=reach(e.difference, outcome, text),
                runs=text.in_runs(better, e.runs))
    close = [text("compare.close", first=name, second=named(rival, shown.policies, text))] if rival else []
    return " ".join([said, *still_leads(found.results[name], text)]), [*close, *notes]


def summary_of(name: str, shown: Beside, outcome: str, text: Text) -> str:
    """The card's sentence: what a policy does to the outcome, against the reference."""
    of = text(f"compare.outcome_{outcome}")
    value = level(float(finite_mean(parse(outcome).of(shown.found.results[name]))), outcome, text)
    if shown.same(name):
        return text("compare.says_level", of=of, value=value)
    e = shown.effect(name, outcome)
    if not sure(e.difference, outcome):
        return text("compare.says_unsure", of=of, value=value)
    same_sign = e.higher if e.difference.mean > 0 else e.lower
    return text("compare.says", of=of, value=value, gained=gained(e.difference.mean, outcome, text, True),
                band=reach(e.difference, outcome, text), runs=text.in_runs(same_sign, e.runs))


def cost_of(name: str, shown: Beside, outcome: str, text: Text) -> str:
    """What a policy costs beyond the reference, and for each point of the outcome where that can be said."""
    if shown.same(name):
        return ""
    cost = shown.found.cost_per_effect(name, outcome)
    said = text("compare.cost_less" if cost.points < 0 else "compare.cost", n=text.price(abs(cost.points)),
                quarters=shown.found.quarters, years=text.years(shown.found.quarters))
    if per_cent(outcome) and np.isfinite(cost.each) and (cost.effect.mean > 0) != less_is_better(parse(outcome)):
        digits = 1 if cost.each < 1000 else 0
        said += " " + text("compare.cost_each", n=text.number(cost.each / 100, digits),
                           band=text.band(cost.low / 100, cost.high / 100, digits))
    return said


def effects(shown: Beside, text: Text) -> tuple[list[Head], list[Row]]:
    """Main outcomes by policy: the level at the end, and the paired difference with its 95 % interval."""
    heads = [head(name, shown, text) for name in shown.found.results]
    rows = []
    for outcome in OUTCOMES:
        cells = []
        for name in shown.found.results:
            if shown.same(name):
                cells.append(Cell(level(float(finite_mean(parse(outcome).of(shown.found.results[name]))), outcome, text)))
                continue
            e = shown.effect(name, outcome)
            cells.append(Cell(level(e.after, outcome, text), f"{gained(e.difference.mean, outcome, text)} "
                              f"({reach(e.difference, outcome, text)})", sure(e.difference, outcome)))
        rows.append(Row(text(f"compare.outcome_{outcome}"), tuple(cells), text(f"compare.unit_{outcome}"), outcome))
    points = []
    for name in shown.found.results:
        more = cards.spent(shown.found.results[name]) - cards.spent(shown.found.results[shown.reference])
        points.append(Cell("–" if shown.same(name) else gained(more / 100, "C", text)))
    unit = text("compare.points_unit", quarters=shown.found.quarters)
    rows.append(Row(text("compare.points"), tuple(points), unit, "points"))
    return heads, rows


def head(name: str, shown: Beside, text: Text) -> Head:
    """The head of a policy's column."""
    title = named(name, shown.policies, text)
    mark = "" if name == START else name
    return Head(title.removeprefix(f"{name} ") if mark else title,
                text("compare.is_reference") if name == shown.reference else "", f"--policy{name}" if mark else "", mark)


def fates(shown: Beside, text: Text) -> tuple[list[Head], list[Row], str]:
    """Whose fate changed: municipalities that end in another future, from which into which, and who adopts or not."""
    found, names = shown.found, shown.tried
    before = found.results[shown.reference]
    if not names:
        return [], [], text("compare.fates_none")
    total = len(before.places)
    moves: dict[tuple[int, int], dict[str, np.ndarray]] = {}
    summary: dict[str, dict[str, np.ndarray]] = {"changed": {}, "gained": {}, "lost": {}}
    for name in names:
        after = found.results[name]
        was, now = before.regime[:, -1], after.regime[:, -1]
        summary["changed"][name] = (was != now).sum(1)
        adopted, adopts = before.ever[:, -1], after.ever[:, -1]
        summary["gained"][name] = (adopts & ~adopted).sum(1)
        summary["lost"][name] = (adopted & ~adopts).sum(1)
        for i in range(len(REGIMES)):
            for j in range(len(REGIMES)):
                if i != j:
                    moves.setdefault((i, j), {})[name] = ((was == i) & (now == j)).sum(1)

    def cells(counts: Mapping[str, np.ndarray]) -> tuple[Cell, ...]:
        said = []
        for name in names:
            e = interval(counts[name])
            said.append(Cell(text.number(e.mean), text.band(max(e.low, 0.0), e.high) if e.high >= 0.5 else "",
                             e.mean >= 0.5))
        return tuple(said)

    often = sorted((pair for pair, counts in moves.items() if max(c.mean() for c in counts.values()) >= 0.5),
                   key=lambda pair: -max(c.mean() for c in moves[pair].values()))
    rows = [Row(text("compare.fates_changed"), cells(summary["changed"]), key="changed")]
    rows += [Row(text("compare.fates_move", before=text(f"curve.{REGIMES[i]}"), after=text(f"curve.{REGIMES[j]}")),
                 cells(moves[i, j]), key=f"{REGIMES[i]} to {REGIMES[j]}") for i, j in often]
    rows += [Row(text(f"compare.fates_{what}"), cells(summary[what]), key=what) for what in ("gained", "lost")]
    most = max(names, key=lambda name: summary["changed"][name].mean())
    sentence = text("compare.fates_says", name=named(most, shown.policies, text), total=total,
                    n=text.number(summary["changed"][most].mean()), gained=text.number(summary["gained"][most].mean()),
                    lost=text.number(summary["lost"][most].mean()))
    return [head(name, shown, text) for name in names], rows, sentence


# ---------------------------------------------------------------- over time, and on the plane

def _path(result: Result, outcome: str) -> np.ndarray:
    """float64[R, Q+1]."""
    return np.asarray(result.late_adopter_gap() if outcome == "late_adopter_gap" else result.rows[outcome], np.float64)


def over_time(shown: Beside, outcome: str, text: Text, difference: bool) -> Chart:
    """The outcome of each policy with its band, the reference dashed; or each policy's difference from it."""
    results, reference = shown.found.results, shown.reference
    base = _path(results[reference], outcome)
    difference = difference and bool(shown.tried)
    curves = []
    for name, result in results.items():
        if name == reference or (shown.same(name) and name != reference and difference):
            continue
        title = name_of(shown.policies[name], text)
        curves.append(Curve(name, f"{name} {title}", f"policy{name}", _path(result, outcome), base if difference else None,
                            end=name))
    if not difference:
        colour = "soft" if reference == START else f"policy{reference}"
        title = named(reference, shown.policies, text)
        curves.append(Curve(reference, title, colour, base, band=not curves, dashed=True,
                            end=text("chart.reference") if reference == START else reference))
    share = per_cent(outcome)
    high = max(float(np.nanmax(spread(_path(result, outcome)), initial=0.0)) for result in results.values())
    chart = lines("over_time", text(f"compare.outcome_{outcome}"), _ends(shown, outcome, text), curves, text,
                  difference=difference, of=outcome, top=_top(high, share))
    if not difference:
        low = min(float(np.nanmin(spread(_path(result, outcome)), initial=0.0)) for result in results.values())
        top = chart.option["yAxis"]["max"]
        unit = 100 if share else 1
        chart.option["yAxis"] |= {"interval": min(top / 4, 25.0) if share else top / 4, "min": next(
            -top * part for part in (0, 0.25, 0.5, 1) if unit * low >= -top * part - 0.02 * top or part == 1)}
    return chart


def _top(high: float, share: bool) -> float:
    """The upper end of the axis: steady while numbers move."""
    if not share:
        return next((top for top in (1.0, 2.0, 4.0, 8.0, 16.0, 40.0) if high <= top), 100.0)
    return next((top for top in (20.0, 40.0, 60.0) if 100 * high <= 0.95 * top), whole(high))


def _ends(shown: Beside, outcome: str, text: Text) -> str:
    said = [text("chart.ends", name=text("chart.reference") if name == START else name,
                 value=level(float(finite_mean(_path(result, outcome)[:, -1])), outcome, text))
            for name, result in shown.found.results.items()]
    by = text("chart.by_quarter", quarter=text.quarter(shown.found.quarters), said="; ".join(said))
    return f"{by} {text('compare.bands')}"


def ways(shown: Beside, text: Text) -> Chart:
    """Every policy's way over the plane of willingness, the reference dashed where it is the start as it stands."""
    results = dict(shown.found.results)
    reference = results.pop(START, None)
    drawn = {name: (result, f"policy{name}") for name, result in results.items()}
    ends = "; ".join(text("compare.ends_at", name=name, C=text.percent(float(result.rows["C"][:, -1].mean())),
                          G=text.percent(float(result.rows["G"][:, -1].mean()))) for name, result in results.items())
    chart = plane("ways", text("chart.plane"), text("compare.ways_says", ends=ends), drawn, text, reference=reference,
                  lettered=True)

    columns, rows = chart.table()
    own = [[named(name, shown.policies, text), *row[1:]] for name, row in zip(results, rows)]
    return replace(chart, table=lambda: ([text("compare.policies"), *columns[1:]], own + rows[len(own):]))


# ---------------------------------------------------------------- the wind tunnel

@dataclass(frozen=True, eq=False)
class Tunnel:
    """One policy in every start and shock, as far as it is known: (start, shock) -> (without, with), float64[runs] each."""

    question: object
    values: Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]]
    outcome: str

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(STARTS) * (1 + len(SHOCKS))


def tunnel_cells(policy: Policy) -> Iterator[tuple[tuple[str, str], tuple[Policy, Policy]]]:
    """Every start and shock, each without and with the policy, as `experiments.windtunnel.wind_tunnel` has it.

    The policy's levers and conditions are tried, not its start nor its own shocks. `Refused` where nothing is left.
    """
    kept = tuple((name, value) for name, value in policy.parameters if name not in ("C0", "G0"))
    if not (kept or policy.levers):
        raise Refused("")
    at = min(AT, policy.quarters)
    for shock in (CALM, *SHOCKS):
        for start in STARTS:
            hit = Policy.of(start, profile=policy.profile, context=policy.context, quarters=policy.quarters,
                            shocks=() if shock == CALM else parse_uses("shock", [{"name": shock, "start": at}]))
            changed = replace(hit, levers=policy.levers)
            for name, value in kept:
                changed = changed.with_parameter(name, value)
            yield (start, shock), (hit, changed)


def tunnel_rows(tunnel: Tunnel, text: Text) -> tuple[list[Head], list[Row]]:
    """Shocks down, starts along: the outcome with the policy, and what the policy changes there; the worst is framed."""
    outcome, less = tunnel.outcome, less_is_better(parse(tunnel.outcome))
    ends = {cell: float(finite_mean(with_it)) for cell, (_, with_it) in tunnel.values.items()}
    worst = worst_of(tunnel)
    gains = {cell: _gain(pair) for cell, pair in tunnel.values.items()}
    deep = _DEEP if per_cent(outcome) else _DEEP_NUMBER
    largest = max([deep, *(abs(e.mean) for e in gains.values() if np.isfinite(e.mean))])
    rows = []
    for shock in (CALM, *SHOCKS):
        cells = []
        for start in STARTS:
            cell = (start, shock)
            if cell not in tunnel.values:
                cells.append(Cell("…", sure=False))
                continue
            e = gains[cell]
            good = (-1 if less else 1) * (e.mean if np.isfinite(e.mean) else 0.0)
            cells.append(Cell(level(ends[cell], outcome, text),
                              f"{gained(e.mean, outcome, text)} ({reach(e, outcome, text)})",
                              sure(e, outcome), round(100 * good / largest) if sure(e, outcome) else 0, cell == worst,
                              text("compare.worst") if cell == worst else ""))
        title = text("compare.calm") if shock == CALM else text.title("shock", shock)
        rows.append(Row(capital(title), tuple(cells), key=shock))
    return [Head(text.title("start", start), colour=f"--{start}") for start in STARTS], rows


def _gain(pair: tuple[np.ndarray, np.ndarray]) -> Interval:
    known = np.isfinite(pair[0]) & np.isfinite(pair[1])
    return interval((pair[1] - pair[0])[known])


def worst_of(tunnel: Tunnel) -> tuple[str, str] | None:
    """The cell in which the outcome with the policy is worst; None where none is measured."""
    sign = -1.0 if less_is_better(parse(tunnel.outcome)) else 1.0
    ends = {cell: sign * float(finite_mean(with_it)) for cell, (_, with_it) in tunnel.values.items()}
    known = {cell: value for cell, value in ends.items() if np.isfinite(value)}
    return min(known, key=lambda cell: known[cell], default=None)


def tunnel_says(tunnel: Tunnel, name: str, text: Text) -> str:
    """In how many situations the policy helps, harms or does not clearly either, and where it ends worst."""
    sign = -1.0 if less_is_better(parse(tunnel.outcome)) else 1.0
    gains = [_gain(pair) for pair in tunnel.values.values()]
    helps = sum(sure(e, tunnel.outcome) and sign * e.mean > 0 for e in gains)
    harms = sum(sure(e, tunnel.outcome) and sign * e.mean < 0 for e in gains)
    worst = worst_of(tunnel)
    if len(tunnel.values) < tunnel.cells or worst is None:
        return text("compare.tunnel_running", n=len(tunnel.values), cells=tunnel.cells)
    start, shock = worst
    return text("compare.tunnel_says", name=name, helps=helps, harms=harms, unclear=len(gains) - helps - harms,
                cells=tunnel.cells, of=text(f"compare.outcome_{tunnel.outcome}"), start=text.title("start", start),
                value=level(float(finite_mean(tunnel.values[worst][1])), tunnel.outcome, text),
                shock=text("compare.calm") if shock == CALM else text.title("shock", shock))
