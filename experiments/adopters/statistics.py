"""Statistics of adoption on a network, by the rules of the field's reference package, netdiffuseR 1.25.0 (R).

Times of adoption are an array of whole periods (years, quarters), NaN for whoever has not adopted: those are censored,
never coded as a last period. A network says who looks at whom: row i, column j is the tie from i to j. It is one n x n
matrix (scipy.sparse or numpy), or a sequence of them, one a period. Ties of a node to itself are left out.

>>> curve([1, 2, 2, float("nan")])["hazard"].tolist()      # 2 of the 3 who had not adopted yet
[0.0, 0.6666666666666666]
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import sparse

from letsdance.params import Refused, nearest
from letsdance.simulation.compiled import compiled
from letsdance.simulation.luck import address, uniform
from letsdance.simulation.society import interpreted_arithmetic

if TYPE_CHECKING:
    import pandas as pd

Direction = Literal["out", "in", "both"]
DIRECTIONS = ("out", "in", "both")
NON_ADOPTERS = "non-adopters"
#: How adopters can be cut into categories: the cuts, and the categories between them.
CUTS: dict[str, tuple[str, tuple[float, ...], tuple[str, ...]]] = {
    "sd": ("mean and one standard deviation either side (netdiffuseR's four classes)", (-1.0, 0.0, 1.0),
           ("early adopters", "early majority", "late majority", "laggards")),
    "rogers": ("mean, and one and two standard deviations (Rogers' five classes)", (-2.0, -1.0, 0.0, 1.0),
               ("innovators", "early adopters", "early majority", "late majority", "laggards")),
    "rank": ("rank of the time of adoption among all: 2.5, 13.5, 34, 34 and 16 %", (0.025, 0.16, 0.5, 0.84),
             ("innovators", "early adopters", "early majority", "late majority", "laggards")),
    "innovativeness": ("rank of innovativeness among all, set before anybody adopts: 2.5, 13.5, 34, 34 and 16 %",
                       (0.025, 0.16, 0.5, 0.84),
                       ("innovators", "early adopters", "early majority", "late majority", "laggards")),
}
#: No period is further from 0 than this.
LATEST = 1_000_000_000
_LEVELS = ("very low", "low", "high", "very high")


# ---------------------------------------------------------------- periods and networks, checked

def periods(times: Any, first: int | None = None, last: int | None = None) -> np.ndarray:
    """int64[T]: every period from the first to the last; those of the earliest and latest adoption if not given."""
    known = whole_times(times)
    known = known[np.isfinite(known)]
    if not len(known) and (first is None or last is None):
        raise Refused("nobody adopts, so the periods are not known; give the first and the last one.")
    for name, given in (("first", first), ("last", last)):
        if given is not None and (isinstance(given, bool | str) or given != given // 1):
            raise Refused("{name} must be a whole period such as 2004, not {given!r}.", name=name, given=given)
    ends = [first or 0, last or 0, *([known.min(), known.max()] if len(known) else [])]
    for at in [end for end in ends if abs(end) > LATEST][:1]:
        raise Refused("{at:g} is too far from 0 to be a period; give one such as 2004.", at=at)
    low = int(known.min() if first is None else first)
    high = int(known.max() if last is None else last)
    for at in known[(known < low) | (known > high)][:1]:
        raise Refused("somebody adopts in {at:g}, which is not between the first period {low} and the last {high}; widen "
                      "them, or leave the time blank for whoever had not adopted by the last.", at=at, low=low,
                      high=high)
    if high < low:
        raise Refused("the last period {high} is before the first {low}; exchange them.", high=high, low=low)
    if high - low >= 100_000:
        raise Refused("there are {high:,} periods from {low} to {high_2}; give coarser ones, such as years.",
                      high=high - low + 1, low=low, high_2=high)
    return np.arange(low, high + 1)


def whole_times(times: Any) -> np.ndarray:
    """Times as float64[n], whole or NaN."""
    try:
        known = np.asarray(times, np.float64)
    except (TypeError, ValueError):
        raise Refused("times must be numbers, with NaN for whoever has not adopted.") from None
    if known.ndim != 1:
        raise Refused("times must be one row of numbers, not an array of {ndim} dimensions.", ndim=known.ndim)
    for i in np.flatnonzero(~np.isnan(known) & ((known != np.round(known)) | np.isinf(known)))[:1]:
        raise Refused("the time of node {i} must be a whole period such as 2004, not {known:g}; round times to the "
                      "periods that you want to tell apart.", i=i, known=known[i])
    return known


def _index(times: Any, first: int | None, last: int | None) -> tuple[np.ndarray, int]:
    """int64[n]: each adopter's period counted from 0, T for whoever never adopts; and T."""
    labels = periods(times, first, last)
    T = len(labels)
    return np.nan_to_num(whole_times(times) - labels[0], nan=T).astype(np.int64), T


def slices(network: Any, n: int, T: int, direction: str, valued: bool) -> list[sparse.csr_array]:
    """One matrix for all periods, or one a period: without loops and zeros, ones unless valued, turned as asked."""
    if direction not in DIRECTIONS:
        raise Refused("there is no direction {direction!r}.{near} Known: {known}.", direction=direction,
                      near=nearest(str(direction), DIRECTIONS), known=", ".join(DIRECTIONS))
    if hasattr(network, "ties") and hasattr(network, "neighbours"):  # simulation.networks.Network
        matrices: list[Any] = [sparse.csr_array((np.ones(len(network.neighbours)), network.neighbours.astype(np.int64),
                                                 network.ties.astype(np.int64)), shape=(n, n))]
    elif getattr(network, "ndim", 0) == 2:
        matrices = [network]
    else:
        matrices = list(network) if isinstance(network, list | tuple | np.ndarray) else []
        if not matrices or any(getattr(matrix, "ndim", 0) != 2 for matrix in matrices):
            raise Refused("a network must be an n x n matrix (scipy.sparse or numpy), or a list of them, one a period; "
                          "read_edges makes one of a table of ties.")
        if len(matrices) != T:
            raise Refused("the network has {n_matrices} slices, but there are {t} periods; give one matrix for all "
                          "periods, or one for each.", n_matrices=len(matrices), t=T)
    done: dict[int, sparse.csr_array] = {}
    for matrix in matrices:
        if id(matrix) not in done:
            done[id(matrix)] = _slice(matrix, n, direction, valued)
    return [done[id(matrix)] for matrix in matrices]


def _slice(matrix: Any, n: int, direction: str, valued: bool) -> sparse.csr_array:
    try:
        ties = sparse.coo_array(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise Refused("a network must be an n x n matrix of numbers (scipy.sparse or numpy), or one a period.") from None
    if ties.shape != (n, n):
        raise Refused("the network has the shape {shape}, but there are {n} times; they must be as many.",
                      shape=" x ".join(map(str, ties.shape)), n=n)
    made = ties.tocsr()  # sums what is there twice
    if not np.isfinite(made.data).all() or (made.data < 0).any():
        raise Refused("a tie has a weight that is negative or not a number; weights must be numbers from 0.")
    kept = (_rows(made) != made.indices) & (made.data > 0)
    if not kept.all():
        ends = np.concatenate([[0], np.cumsum(kept)])[made.indptr]
        made = sparse.csr_array((made.data[kept], made.indices[kept], ends), shape=(n, n))
    if not valued:
        made.data[:] = 1.0
    if direction == "in":
        made = made.T.tocsr()
    return made.maximum(made.T.tocsr()) if direction == "both" else made


def _rows(matrix: sparse.csr_array) -> np.ndarray:
    """The row of each entry."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _lag(lag: int, T: int) -> int:
    if isinstance(lag, bool) or not isinstance(lag, int | np.integer) or not 0 <= lag < T:
        raise Refused("lag must be a whole number of periods from 0 to {t}, not {lag!r}.", t=T - 1, lag=lag)
    return int(lag)


# ---------------------------------------------------------------- exposure and thresholds

def exposure(times: Any, network: Any, *, first: int | None = None, last: int | None = None, normalised: bool = True,
             direction: Direction = "out", lag: int = 0, valued: bool = False) -> np.ndarray:
    """float64[n, T]: how far each one's contacts had adopted in each period (Valente 1995; Burt 1987).

    E_i(t) = sum_j S_ij A_j(t) / (sum_j S_ij + 1e-20), A_j(t) = 1 if j has adopted by t; without contacts 0.
    normalised=False: the sum alone. direction: whose adoption counts, of those whom i names ("out"), who name i
    ("in"), or either ("both": the greater of the two ties). lag: what held so many periods earlier, NaN where that is
    before the first. valued: ties count as their weights, else as 1. Raises `Refused`.
    """
    when, T = _index(times, first, last)
    n, back = len(when), _lag(lag, T)
    held = slices(network, n, T, direction, valued)
    if len(held) == 1:
        matrix = held[0]
        known = when[matrix.indices] < T
        at = (_rows(matrix) * T + when[matrix.indices])[known]
        out = np.bincount(at, matrix.data[known], minlength=n * T).reshape(n, T).astype(np.float64, copy=False)
        np.cumsum(out, axis=1, out=out)
        if normalised:
            out /= (matrix.sum(axis=1) + 1e-20)[:, None]
    else:
        out = np.empty((n, T))
        for t, matrix in enumerate(held):
            out[:, t] = matrix @ (when <= t).astype(np.float64)
            if normalised:
                out[:, t] /= matrix.sum(axis=1) + 1e-20
    if back:
        out[:, back:] = out[:, :T - back].copy()
        out[:, :back] = np.nan
    return out


def thresholds(times: Any, network: Any, *, first: int | None = None, last: int | None = None, normalised: bool = True,
               direction: Direction = "out", lag: int = 0, valued: bool = False) -> np.ndarray:
    """float64[n]: exposure in one's own period of adoption (Valente 1996); NaN for non-adopters.

    With lag 0 those who adopt in the same period count. Adopters of the first period have a value, as in netdiffuseR's
    code and against its manual. With a lag, NaN where that is before the first period. Arguments as of `exposure`.
    """
    when, T = _index(times, first, last)
    n, back = len(when), _lag(lag, T)
    held = slices(network, n, T, direction, valued)
    seen = when - back
    out = np.full(n, np.nan)

    def of(matrix: sparse.csr_array, ties: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        row, weight = _rows(matrix)[ties], matrix.data[ties]
        adopted = when[matrix.indices[ties]] <= seen[row]
        return (np.bincount(row[adopted], weight[adopted], minlength=n), np.bincount(row, weight, minlength=n))

    if len(held) == 1:
        count, total = of(held[0], np.ones(held[0].nnz, bool))
        known = (when < T) & (seen >= 0)
        out[known] = (count / (total + 1e-20) if normalised else count)[known]
        return out
    for t, matrix in enumerate(held):
        known = (when < T) & (seen == t)
        if known.any():
            count, total = of(matrix, known[_rows(matrix)])
            out[known] = (count / (total + 1e-20) if normalised else count)[known]
    return out


# ---------------------------------------------------------------- categories

def categories(times: Any, by: str = "sd", innovativeness: Any = None) -> pd.Categorical:
    """Each one's adopter category, from the first to the last to adopt; those who have not adopted are non-adopters.

    by: "sd" cuts at mean - sd, mean, mean + sd of the adopters' times (sample sd), four classes as netdiffuseR does;
    "rogers" has a cut at mean - 2 sd too (Rogers 2003). Intervals are closed on the left: a time equal to a cut goes
    to the later class. "rank" cuts all n by rank at 2.5, 16, 50 and 84 %, so it does not lean on how the late ones
    will end; equal times share the middle of their ranks. "innovativeness" ranks a score, the highest first, and gives
    everybody a category, adopter or not.
    """
    import pandas as pd

    if by not in CUTS:
        raise Refused("categories cannot be cut by {by!r}.{near} Known: {known}.", by=by, near=nearest(str(by), CUTS),
                      known=", ".join(CUTS))
    _, cuts, names = CUTS[by]
    known = whole_times(times)
    adopted = ~np.isnan(known)
    if by == "innovativeness":
        try:
            score = np.asarray(innovativeness, np.float64)  # None is a single number that is none
        except (TypeError, ValueError):
            raise Refused("innovativeness must be a number for every node.") from None
        if score.shape != known.shape or np.isnan(score).any():
            raise Refused("categories by innovativeness need a score for every node; give innovativeness.")
        return pd.Categorical.from_codes(_by_rank(-score, cuts), list(names), ordered=True)
    if by == "rank":
        code = _by_rank(np.where(adopted, known, np.inf), cuts)
    else:
        if adopted.sum() < 2:
            raise Refused("categories by {by} need at least two adopters, because they are cut by the spread of times; "
                          "there is one. Use by='rank'." if adopted.any() else
                          "categories by {by} need at least two adopters, because they are cut by the spread of times; "
                          "there is none. Use by='rank'.", by=by)
        code = _by_spread(known, cuts)
    code = np.where(adopted, code, len(names))
    return pd.Categorical.from_codes(code, [*names, NON_ADOPTERS], ordered=True)


def threshold_levels(values: Any) -> pd.Categorical:
    """Very low to very high thresholds, cut as "sd" cuts times; NaN (no threshold) has no level."""
    import pandas as pd

    known = np.asarray(values, np.float64)
    if np.isfinite(known).sum() < 2:
        return pd.Categorical.from_codes(np.full(len(known), -1), list(_LEVELS), ordered=True)
    code = np.where(np.isnan(known), -1, _by_spread(known, CUTS["sd"][1]))
    return pd.Categorical.from_codes(code, list(_LEVELS), ordered=True)


def _by_spread(values: np.ndarray, cuts: tuple[float, ...]) -> np.ndarray:
    """The interval of each, closed on the left, between mean + cut * sample sd of what is known."""
    known = values[np.isfinite(values)]
    return np.searchsorted(known.mean() + known.std(ddof=1) * np.asarray(cuts), values, side="right")


def _by_rank(values: np.ndarray, cuts: tuple[float, ...]) -> np.ndarray:
    """The class of each by rank, the lowest value first; equal values have the middle of their ranks."""
    from scipy.stats import rankdata

    return np.searchsorted(cuts, (rankdata(values) - 0.5) / len(values), side="right")


# ---------------------------------------------------------------- curves and hazard

def hazard(times: Any, *, first: int | None = None, last: int | None = None) -> np.ndarray:
    """float64[T]: adopters of each period over those who had not adopted before, (q_t - q_t-1) / (n - q_t-1).

    The first period is 0, and so is a period in which nobody is left (Allison 1984; as in netdiffuseR).
    """
    when, T = _index(times, first, last)
    q = np.bincount(when[when < T], minlength=T).cumsum().astype(np.float64)
    left = len(when) - q[:-1]
    return np.concatenate([[0.0], np.divide(np.diff(q), left, out=np.zeros(T - 1), where=left > 0)])


def curve(times: Any, *, first: int | None = None, last: int | None = None) -> pd.DataFrame:
    """One row a period: period, at_risk (not adopted before), new, adopters (cumulative), share, hazard, growth.

    growth is new over the adopters before, NaN where there was none.
    """
    import pandas as pd

    when, T = _index(times, first, last)
    new = np.bincount(when[when < T], minlength=T)
    q = new.cumsum()
    before = q - new
    growth = np.divide(new, before, out=np.full(T, np.nan), where=before > 0)
    return pd.DataFrame({"period": periods(times, first, last), "at_risk": len(when) - before, "new": new, "adopters": q,
                         "share": q / len(when), "hazard": hazard(times, first=first, last=last), "growth": growth})


# ---------------------------------------------------------------- infectiousness and susceptibility

def infectiousness(times: Any, network: Any, *, first: int | None = None, last: int | None = None, reach: int = 1,
                   discount: float | None = None, normalised: bool = True,
                   direction: Direction = "out") -> np.ndarray:
    """float64[n]: of those who look at i and had yet to adopt, the share that adopts 1 to `reach` periods after i.

    Each period k later counts 1/k, or 1/(1 + discount)^(k-1); ties are those of the slice t+k. normalised: over the
    (discounted) number of all adopters of those periods. Adopters of the last period get 0, non-adopters NaN (Myers
    2000; Valente, Dyal, Chu, Wipfli and Fujimoto 2015).
    """
    return _influence(times, network, first, last, reach, discount, normalised, direction, forward=True)


def susceptibility(times: Any, network: Any, *, first: int | None = None, last: int | None = None, reach: int = 1,
                   discount: float | None = None, normalised: bool = True,
                   direction: Direction = "out") -> np.ndarray:
    """float64[n]: of i's contacts that had adopted before, the share that did 1 to `reach` periods before i.

    Ties are those of the slice t-k+1, weights as for `infectiousness`. Adopters of the first period get 0,
    non-adopters NaN. Contacts who never adopt are no earlier adopters: netdiffuseR 1.25.0 counts them as such in the
    denominator, against its manual, by turning NA into the smallest integer; here they are left out.
    """
    return _influence(times, network, first, last, reach, discount, normalised, direction, forward=False)


def _influence(times: Any, network: Any, first: int | None, last: int | None, reach: int, discount: float | None,
               normalised: bool, direction: str, forward: bool) -> np.ndarray:
    """Both of them: the same sums, forward or backward in time."""
    when, T = _index(times, first, last)
    n = len(when)
    if isinstance(reach, bool) or not isinstance(reach, int | np.integer) or reach < 1:
        raise Refused("reach must be a whole number of periods from 1, not {reach!r}.", reach=reach)
    if discount is not None and (isinstance(discount, bool) or not isinstance(discount, int | float | np.number)
                                 or not 0 <= discount < np.inf):
        raise Refused("discount must be a number from 0, not {discount!r}.", discount=discount)
    held = slices(network, n, T, direction, False)
    new = np.bincount(when[when < T], minlength=T).astype(np.float64)
    part, whole, adopters = np.zeros(n), np.zeros(n), np.zeros(n)
    for k in range(1, min(reach, T - 1) + 1):
        weight = 1.0 / (k if discount is None else (1.0 + discount) ** (k - 1))
        other = when + k if forward else when - k            # the period that counts, for each i
        known = (other >= 0) & (other < T)                   # of whoever never adopts nothing is told below
        adopters[known] += weight * new[other[known]]
        for s, matrix in enumerate(held):
            row, column = _rows(matrix), matrix.indices
            i, j = (column, row) if forward else (row, column)
            slice_of_i = other if forward else other + 1
            use = known[i] & ((slice_of_i[i] == s) if len(held) > 1 else True)
            i, j = i[use], j[use]
            reached = when[j] == other[i]
            open_to = (when[j] >= other[i]) & (when[j] < T) if forward else when[j] <= other[i]
            part += weight * np.bincount(i[reached], minlength=n)
            whole += weight * np.bincount(i[open_to], minlength=n)
    out = part / (whole + 1e-15)
    if normalised:
        out /= adopters + 1e-15
    out[when == T] = np.nan
    return out


# ---------------------------------------------------------------- does the structure matter?

@dataclass(frozen=True)
class Dependence:
    """A statistic on the network as it is, on rewired ones, and how rarely those are as extreme."""

    observed: float
    rewired: np.ndarray  # float64[repetitions]
    p: float             # two-sided, counting the observed network as one of them

    @property
    def mean(self) -> float:
        """The statistic's mean over the rewired networks."""
        return float(self.rewired.mean())


def structural_dependence(times: Any, network: Any, statistic: Callable[[Any], float] | None = None,
                          repetitions: int = 999, seed: int = 1, first: int | None = None, last: int | None = None,
                          progress: Callable[[int], None] | None = None) -> Dependence:
    """Whether a statistic depends on who is tied to whom: it, against networks with the same degrees at random.

    statistic: a function of the network (a matrix, or one a period); the mean threshold of those with contacts if not
    given. Each network is rewired by 20 attempted swaps an edge that keep every in- and out-degree (Maslov and
    Sneppen 2002; symmetric networks stay symmetric); weights go with who gives them; the slices of a dynamic network
    meet the same luck. p = 2 min(b_low + 1, b_high + 1) / (repetitions + 1), at most 1, with b how many are as low or
    as high (Davison and Hinkley 1997; the +1 keeps the test's level). As netdiffuseR's struct_test.
    """
    if isinstance(repetitions, bool) or not isinstance(repetitions, int | np.integer) or not 1 <= repetitions <= 1_000_000:
        raise Refused("repetitions must be a whole number from 1 to 1,000,000, not {repetitions!r}.",
                      repetitions=repetitions)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed <= 2**62:
        raise Refused("seed must be a whole number from 0 to {value}, not {seed!r}.", value=2**62, seed=seed)
    when, T = _index(times, first, last)
    held = slices(network, len(when), T, "out", True)
    distinct = {id(matrix): matrix for matrix in held}
    if not all(matrix.nnz for matrix in distinct.values()):
        raise Refused("the network has no ties in some period, so that nothing can be rewired.")
    if statistic is None:
        def statistic(net: Any) -> float:
            return mean_threshold(times, net, first=first, last=last)

    def measure(matrices: list[sparse.csr_array]) -> float:
        value = float(statistic(matrices[0] if len(matrices) == 1 else matrices))
        if not np.isfinite(value):
            raise Refused("the statistic gives {value!r} on a network; it must give a number on each.",
                          value=value)
        return value

    rewired = np.empty(repetitions)
    for r in range(repetitions):
        turned = {key: rewire(matrix, seed=int(seed), repetition=r) for key, matrix in distinct.items()}
        rewired[r] = measure([turned[id(matrix)] for matrix in held])
        if progress:
            progress(1)
    observed = measure(held)
    # A rewired network that is the observed one may sum in another order.
    near = 1e-12 * max(1.0, abs(observed))
    low, high = (rewired <= observed + near).sum() + 1, (rewired >= observed - near).sum() + 1
    return Dependence(observed, rewired, min(1.0, 2.0 * float(min(low, high)) / (repetitions + 1)))


def mean_threshold(times: Any, network: Any, first: int | None = None, last: int | None = None) -> float:
    """The mean threshold of the adopters."""
    return float(np.nanmean(thresholds(times, network, first=first, last=last)))


_REWIRING = 7001  # the purpose of this luck, apart from every stream of the model


def rewire(network: Any, seed: int = 1, repetition: int = 0, swaps_per_edge: float = 20.0) -> sparse.csr_array:
    """A network with the same degrees, otherwise at random: edges a-b and c-d become a-d and c-b, if that is new.

    A swap that would make a loop or a second tie is an attempt in vain and counts as one, so that all networks of
    these degrees become equally likely (Rao, Jana and Bandyopadhyay 1996). A symmetric network stays symmetric.
    """
    matrix = _slice(network, network.shape[0], "out", True)
    matrix.sort_indices()
    row, column = _rows(matrix), matrix.indices.astype(np.int64)
    target, weight = column.copy(), matrix.data.astype(np.float64)
    mirror = np.empty(0, np.int64)
    if abs(matrix - matrix.T).nnz == 0:  # rows are sorted, so an entry's mirror has its place in the order by column
        mirror = np.empty(matrix.nnz, np.int64)
        mirror[np.lexsort((row, column))] = np.arange(matrix.nnz)
    ties = len(row) // 2 if len(mirror) else len(row)
    with interpreted_arithmetic():
        key = np.uint64(address(np.uint64(seed), np.uint64(_REWIRING), np.int64(0), np.int64(repetition)))
        _swap(matrix.indptr.astype(np.int64), row, target, weight, mirror, round(swaps_per_edge * ties), key)
    return sparse.csr_array((weight, (row, target)), shape=matrix.shape)


@compiled
def _swap(first, row, target, weight, mirror, swaps, key):
    """Targets, and with mirrors the weights of both sides, after so many attempted swaps, in place."""
    for s in range(swaps):
        x, y = int(uniform(key, 2 * s) * len(row)), int(uniform(key, 2 * s + 1) * len(row))
        a, b, c, d = row[x], target[x], row[y], target[y]
        new = a != d and c != b and a != c and b != d
        for tie in range(first[a], first[a + 1]):
            new = new and target[tie] != d
        for tie in range(first[c], first[c + 1]):
            new = new and target[tie] != b
        if new:
            target[x], target[y] = d, b
            if len(mirror):
                back_x, back_y = mirror[x], mirror[y]
                target[back_x], target[back_y] = c, a
                weight[back_x], weight[back_y] = weight[y], weight[x]
                mirror[x], mirror[back_y], mirror[y], mirror[back_x] = back_y, x, back_x, y


__all__ = ["CUTS", "DIRECTIONS", "NON_ADOPTERS", "Dependence", "categories", "curve", "exposure", "hazard",
           "infectiousness", "mean_threshold", "periods", "rewire", "structural_dependence", "susceptibility",
           "threshold_levels", "thresholds"]
