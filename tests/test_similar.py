"""Similar past cascades and their share of a forecast; the default prior, learnt from invented ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from benchmarks import learning

from letsdance.experiments.adopters import forecast, invented, prior, scores, similar, synthetic
from letsdance.experiments.adopters.history import Cascade


def begun() -> Cascade:
    return Cascade("one", 50, 1990, np.array([1, 1, 2, 2, 3, 8, 9, 9, 10]))


# ---------------------------------------------------------------- similar past cascades, and the pool

def test_paths_take_what_the_past_took_of_those_who_remained():
    past = similar.past([Cascade(str(k), 10, 0, np.array([1, 5, 5 + k])) for k in range(5)])
    paths = past.paths(Cascade("x", 20, 0, np.array([2, 10])), 10, 1, np.random.default_rng(0))
    assert sorted(paths[:, 0]) == [10, 10, 12, 12, 14, 14, 16, 16, 18, 18]


def test_a_path_goes_on_as_others_did_where_a_record_ends():
    cut, whole = Cascade("cut", 10, 0, np.array([1, 5])), [Cascade(str(k), 10, 0, np.array([1, 5, 10])) for k in range(4)]
    paths = similar.past([cut, *whole]).paths(Cascade("x", 10, 3, np.array([1])), 50, 4, np.random.default_rng(0))
    assert (paths == [5, 10, 10, 10]).all()


def test_the_slow_go_on_as_the_slow_did():
    fast = [Cascade(f"f{k}", 100, 0, np.array([1, 30, 60, 90, 99])) for k in range(12)]
    slow = [Cascade(f"s{k}", 100, 0, np.append(np.arange(1, 31), 31)) for k in range(12)]
    begun = Cascade("x", 100, 0, np.arange(4, 31))
    paths = similar.past([*fast, *slow]).paths(begun, 100, 1, np.random.default_rng(0))
    assert (paths <= 32).all()


def test_at_most_300_cascades_are_kept_and_too_few_are_no_class():
    many = [Cascade(str(k), 10, 0, np.array([0, 1, 2])) for k in range(700)]
    assert len(similar.past(many).cascades) == 300
    assert similar.past(many).cascades[0].cum.tolist() == [1, 2]  # from the first adopter on
    assert similar.past(many[:4]) is None


def test_cascades_count_by_the_kernel_of_their_distance_and_for_ten_at_least():
    away = np.array([0.0, 1.0, 4.0, np.inf, *np.full(36, 0.5)])
    told = np.isfinite(away)
    expected = np.where(told, np.exp(-2 * np.where(told, away, 0)), 0)
    assert similar._weights(2 * away) == pytest.approx(expected / expected.sum())
    for few in (np.arange(5.0) * 40, np.arange(60.0) * 40):  # so far apart that one would count alone
        weights = similar._weights(4 * few)
        assert (np.diff(weights) < 0).all()
        assert 1 / (weights**2).sum() >= min(10, 0.9 * len(few))


def test_a_place_knows_share_speed_age_half_and_silence():
    """Of 100 units 1, 4, 16 and 16 by the end of four periods, after one in which nobody had adopted."""
    place = similar._place(Cascade("x", 100, 0, np.array([0, 1, 4, 16, 16]))) / similar._COUNTS
    assert place[-1] == pytest.approx([np.arcsin(0.4), np.arcsin(np.sqrt(0.05)), np.log(6), np.log(3), np.log(3)])
    assert (place[0] == place[1]).all()


def test_the_kernel_is_narrow_where_the_like_go_on_alike_and_wide_where_all_is_luck():
    rng = np.random.default_rng(0)
    alike = [Cascade(str(k), 200, 0, np.minimum(np.arange(1, 60) * (1 + k % 12), 200)) for k in range(60)]
    luck = [Cascade(c.name, 200, 0, np.append(c.cum[:c.reaches(0.16) + 1], rng.integers(c.cum[c.reaches(0.16)], 201) +
                                              np.zeros(40, int))) for c in alike]
    known = [similar.past(cascades).sharpened((0.16,)).narrow for cascades in (alike, luck)]
    assert known[0] > known[1] == similar.NARROW[0]


def test_more_past_cascades_never_hurt():
    """A small part of `python -m benchmarks.learning`: two draws of past cascades, each with others to forecast."""
    rows = pd.concat([learning.curve("kinds", number, (8, 32, 128), 30) for number in (21, 22)])
    for measure in ("CRPS", "MAE"):
        falls = [rows[rows["past"] == size][measure].mean() for size in (8, 32, 128)]
        assert falls[0] > falls[1] > falls[2]
    less = learning.gains(rows, "CRPS")
    assert (less[less["past"] == 128]["less"] < 0).all()
    mine = less[(less["cut"] == "16%") & (less["past"] == 32)]["less"].iloc[0]
    others = [part.set_index("past")["CRPS"] for _, part in rows[rows["cut"] == "16%"].groupby("set")]
    assert mine == pytest.approx(np.mean([one[32] - one[8] for one in others]))


def kinds(count: int, seed: int, luck: bool = False) -> list[Cascade]:
    """Alike until 16 %; then those with a mandate fill and the others stop (or, with luck, whoever it is)."""
    rng, made = np.random.default_rng(seed), []
    for k in range(count):
        fills = (rng.random() < 0.5) if luck else k % 2 == 0
        rest = np.minimum(8 + np.cumsum(rng.poisson(4 if fills else 0.1, 40)), 50)
        about = {"mandate": "yes" if k % 2 == 0 else "no", "cost": str(rng.integers(9)), "name": f"law {k}"}
        made.append(Cascade(f"{seed}-{k}", 50, 0, np.concatenate([[1, 3, 5, 8], rest]), about))
    return made


def test_what_else_is_told_counts_where_it_helped_and_only_there():
    for luck in (False, True):
        past = similar.past(kinds(40, 1, luck)).sharpened((0.16,))
        assert set(past.columns) == {"mandate", "cost"}  # a name of each is no kind
        assert (past.alike > 0) == (not luck)
    past = similar.past(kinds(40, 1)).sharpened((0.16,))
    ends = {}
    for c in kinds(2, 2):
        ends[c.about["mandate"]] = past.paths(c.until(4), 200, 40, np.random.default_rng(0))[:, -1]
    unknown = Cascade("x", 50, 0, np.array([1, 3, 5, 8]), {"mandate": "perhaps"})
    ends["perhaps"] = past.paths(unknown, 200, 40, np.random.default_rng(0))[:, -1]
    fill = {mandate: (end > 45).mean() for mandate, end in ends.items()}
    assert fill["yes"] > 0.75 > fill["perhaps"] > 0.25 > fill["no"]


def test_numbers_differ_by_standard_deviations_and_kinds_by_being_another():
    told = [{"cost": v, "topic": t} for v, t in (("1", "tax"), ("2", "tax"), ("3", "health"), ("", "health"), ("4", ""))]
    past = similar.Past(tuple(Cascade(str(k), 9, 0, np.array([1, 2]), about) for k, about in enumerate(told * 2)))
    sd = np.std([1, 2, 3, 4])
    assert past.unlike({"cost": "2", "topic": "tax"})[:5] == pytest.approx([1 / sd**2, 0, 1 / sd**2 + 2, 2, 4 / sd**2])
    assert (past.unlike({}) == 0).all()


def test_weighted_scores_are_those_of_samples_drawn_by_weight():
    values, truth = np.array([[1.0, 9], [4, 2], [7, 7]]), np.array([3.0, 8.0])
    drawn = np.repeat(values, [1, 2, 5], axis=0)
    assert scores.weighted_crps(values, np.array([1, 2, 5]) / 8, truth) == pytest.approx(scores.crps(drawn, truth))


def tried(past_is_right: bool, count: int, model_is_right: bool = False) -> list[prior._Record]:
    """Forecasts of 30 adopters: right ones say 28 to 32, wrong ones 8 to 12."""
    right, wrong = (np.tile(middle + np.arange(400) % 5 - 2, (3, 1)).T for middle in (30, 10))
    return [prior._Record(k, 0, 50, right if model_is_right else wrong, right if past_is_right else wrong,
                          np.array([30, 30])) for k in range(count)]


@pytest.mark.parametrize(("past", "model", "count", "weight"), [
    (True, False, 20, 1.0), (False, True, 20, 0.0), (True, True, 20, 0.5), (True, False, 4, 0.5)])
def test_the_better_part_gets_the_pool_and_weak_evidence_halves_it(past, model, count, weight):
    assert prior._weight(tried(past, count, model)) == weight


def test_evidence_within_its_error_leaves_the_pool_halved():
    mixed = [record._replace(cascade=k) for k, record in enumerate(tried(True, 11) + tried(False, 9, True))]
    assert prior._weight(mixed) == pytest.approx(0.5, abs=0.15)


def test_a_forecast_pools_both_by_the_weight_of_its_stage():
    """Past cascades end at once, the model is told that all adopt at once: which paths stay says whose they are."""
    stuck = similar.past([Cascade(str(k), 50, 0, np.array([5, 10] + [10] * 150)) for k in range(6)])
    swift = prior.Prior(np.array([9.0, 1.0, 1.0, -9, -9, 0, -9, -9]), np.eye(8) * 1e-4, past=stuck, pool=(0.25, 1, 0))
    for cum, weight in (([5, 10], 0.25), ([5, 17], 1.0), ([5, 25], 0.0)):
        begun = Cascade("x", 50, 0, np.array(cum))
        paths = prior.paths_of(begun, swift, 400, np.random.default_rng(0))[0]
        assert (paths[:, -1] < 50).mean() == pytest.approx(weight, abs=0.02)


@pytest.mark.parametrize("groups", [None, ["a", "b", "c"] * 3])
def test_what_is_tried_on_a_cascade_is_learnt_from_others(groups, monkeypatch):
    seen, record = [], prior._record
    past = synthetic.cascades("shocks", 9, periods=30, seed=5)
    kind = {c.name: c.name if groups is None else groups[k] for k, c in enumerate(past)}

    def spy(k, cascade, at, known, *more):
        seen.append((kind[cascade.name], {kind[c.name] for c in known.past.cascades}))
        return record(k, cascade, at, known, *more)

    monkeypatch.setattr(prior, "_record", spy)
    assert prior.learn(past, draws=100, groups=groups).learnt["folds"] == (5 if groups is None else 3)
    assert len(seen) >= 9
    assert all(own not in others for own, others in seen)


# ---------------------------------------------------------------- the default prior

def test_the_default_prior_is_what_its_command_learns_from():
    """The curves, their order and the settings in the file are those of `python -m experiments.adopters.invented`."""
    shipped, made = prior.default(), invented.mixture()
    assert len(shipped.past.cascades) == len(made) == 24 * (len(synthetic.WORLDS) + 1)
    for kept, cascade in zip(shipped.past.cascades, made, strict=True):
        assert (kept.cum == cascade.cum).all()
    assert {k: shipped.learnt[k] for k in ("cascades", "seed", "draws", "folds")} == {
        "cascades": len(made), "seed": invented.SEED, "draws": invented.DRAWS, "folds": len(synthetic.WORLDS) + 1}
    assert not any(c.name.startswith("waves") for c in invented.mixture(without="waves"))


def test_every_third_cascade_of_the_default_prior_is_open_to_a_part():
    """Many policies of US states stay below 60 % (Boehmke and Skinner, 2012); of the invented worlds a fifth does."""
    made = invented.mixture(without="policy")
    whole = [c for world in synthetic.WORLDS for c in synthetic.cascades(world, 24, seed=invented.SEED, least=0.1)]
    partly = [k % 24 % 3 == 2 and not c.name.startswith("published") for k, c in enumerate(whole)]
    for one, other, part in zip(made, whole, partly, strict=True):
        assert 5 <= one.adopters <= other.adopters if part else (one.cum == other.cum).all()
    before, after = (np.mean([c.adopters < 0.6 * 50 for c in cascades]) for cascades in (whole, made))
    assert before < 0.25
    assert 0.3 < after < 0.5


def test_the_published_curves_are_about_the_published_ones_and_many_fill():
    """213 fits of Bass had p .03 and q .38 on average (Sultan, Farley and Lehmann, 1990): 10 to 90 % in 9.4 periods, from
    one to four times that here; two fifths of the population and more adopt (Walker, 1969)."""
    made = synthetic.cascades("published", 300, seed=4)
    final = np.array([c.adopters / 50 for c in made])
    took = [c.reaches(0.9, c.adopters) - c.reaches(0.1, c.adopters) for c in made if c.adopters > 10]
    assert 9.4 < np.median(took) < 4 * 9.4
    assert 0.5 < (final > 0.97).mean() < 0.75
    assert (final > 0.38).mean() > 0.95


def test_of_a_cascade_that_is_open_to_a_part_any_number_is_left_and_any_adopter():
    """Against brute force: from 5 to 12 adopters, each number as likely; then that many of the twelve, drawn at random."""
    whole, rng = Cascade("x", 50, 1990, np.array([1, 4, 4, 12])), np.random.default_rng(1)
    made = [invented.partly(whole, rng) for _ in range(8000)]
    final = np.array([c.adopters for c in made])
    assert np.bincount(final)[5:] / 8000 == pytest.approx(1 / 8, abs=0.015)
    assert all(c.cum[0] > 0 for c in made)
    assert all((np.pad(c.new, (4 - len(c.new), 0)) <= whole.new).all() for c in made)
    when = np.repeat([0, 1, 3], [1, 3, 8])
    first = [when[rng.permutation(12)[:left]].min() for left in final]
    assert np.mean([len(c.cum) == 4 for c in made]) == pytest.approx(np.mean(np.array(first) == 0), abs=0.03)
    assert {len(c.cum) for c in made} == {4 - k for k in set(first)}


def test_a_small_part_of_the_command_can_be_done_again(tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic, "WORLDS", {name: synthetic.WORLDS[name] for name in list(synthetic.WORLDS)[:2]})
    one, other = (invented.learnt(each=2, draws=100) for _ in range(2))
    for name, made in (("one", one), ("other", other)):
        prior.save(made, tmp_path / name)
    assert (tmp_path / "one").read_text() == (tmp_path / "other").read_text()


def test_without_a_prior_the_default_one_is_used():
    told = forecast.forecast(begun(), None, 40).paths
    assert (told == forecast.forecast(begun(), prior.load(invented.FILE), 40).paths).all()
    assert not (told == forecast.forecast(begun(), prior.weak(), 40).paths).all()


def test_the_invented_states_have_what_is_published_of_them():
    """Many policies stay below 60 % (Boehmke and Skinner, 2012), starts are quiet, neighbours follow; not so elsewhere."""
    made = synthetic.cascades("states", 150, least=0.04, seed=9)
    final = np.array([c.cum[-1] / 50 for c in made])
    assert 0.35 < (final < 0.6).mean() < 0.75
    assert (final > 0.9).any()
    half = np.array([c.reaches(0.5, c.adopters) / c.reaches(0.9, c.adopters) for c in made if c.adopters > 10])
    assert np.quantile(half, 0.9) > 0.6  # a tenth spends most of its time on the first half: a long quiet start
