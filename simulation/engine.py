"""The compiled loops: each phase of the quarter over municipalities [lo, hi). They call the rules; no rule is here.

Every phase touches only its own municipalities and reads of the others only what stood when the quarter began
(`*_before`), so municipalities may be worked in any order, in any chunks and on any number of threads, with the
same bits. Within a municipality the order is that of rows.
"""

from __future__ import annotations

import numpy as np

from letsdance.simulation.compiled import compiled, inlined, part
from letsdance.simulation.luck import Stream, address, normal, uniform
from letsdance.simulation.networks import half_degree, small_world
from letsdance.simulation.record import no_counts, record
from letsdance.simulation.rules import adoption as diffusion
from letsdance.simulation.rules import calls as call
from letsdance.simulation.rules import outcomes as outcome
from letsdance.simulation.rules import regimes as future
from letsdance.simulation.rules import stocks as stock
from letsdance.simulation.rules import uptake as usage
from letsdance.simulation.rules import willingness as will
from letsdance.simulation.rules.numbers import clip, poisson_quantile, shifted
from letsdance.simulation.rules.outcomes import CALLED, JOINT, SOLO
from letsdance.simulation.state import PROJECT, SERVICE

_STRIP = 512
HALF = np.int64(24)  # an initiative's id: launched quarter, then side (1 bit) and number of the call (24 bits)

# Streams as numpy numbers: numba would compile a function anew for every literal that it is given.
_W0, _T0, _E, _D, _GOV0, _IOTA, _NEED, _TIES, _PEERS, _EXCHANGE = (np.uint64(n) for n in (
    Stream.CITIZEN_WILLINGNESS_START, Stream.CITIZEN_TRUST_START, Stream.CITIZEN_RESOURCES, Stream.CITIZEN_DISPOSITION,
    Stream.GOVERNMENT_START, Stream.INNOVATIVENESS, Stream.NEED, Stream.CITIZEN_TIES, Stream.GOVERNMENT_TIES,
    Stream.EXCHANGE_TIES))
_CALLS_C, _INITIATOR, _CONTACT, _JOIN, _SUPPORT, _CALLS_G, _INVITED, _JOIN_G, _BY_LAB = (np.uint64(n) for n in (
    Stream.CITIZEN_CALLS, Stream.INITIATOR, Stream.CONTACT, Stream.JOIN, Stream.SUPPORT, Stream.GOVERNMENT_CALLS,
    Stream.INVITED, Stream.JOIN_INVITATION, Stream.BY_LAB))
_OUTCOME, _IMPLEMENTED, _END, _GROWTH, _ELECTION, _NOISE_C, _NOISE_G, _UPTAKE, _LEAVE, _LAPSE = (
    np.uint64(n) for n in (
        Stream.OUTCOME, Stream.IMPLEMENTED, Stream.SERVICE_END, Stream.SERVICE_GROWTH, Stream.ELECTION,
        Stream.CITIZEN_NOISE, Stream.GOVERNMENT_NOISE, Stream.UPTAKE, Stream.LEAVING, Stream.LAPSE))
_AWARE, _PILOT, _DIRECT, _WORKS, _DECIDE, _RETRY, _LOST, _UP, _GIVE_UP, _BACK = (np.uint64(n) for n in (
    Stream.AWARENESS, Stream.PILOT, Stream.DIRECT_ADOPTION, Stream.PILOT_WORKS, Stream.DECISION, Stream.RETRY,
    Stream.LOST_PILOT, Stream.UPSCALING, Stream.GIVING_UP, Stream.COMING_BACK))
_ZERO = np.int64(0)

# Decisions that a user's mechanisms add terms to, by their place in `scenarios.mechanism.DECISIONS`.
_LEANS_C, _JOINS, _LEANS_G, _ADOPTS, _SUPPORTS, _SUCCEEDS, _ENDS = range(7)


# ---------------------------------------------------------------- start

@part
def _start(given, mean, spread, chance):
    """A start value: the table's where it says one, else mean + spread z; clipped to 0-1."""
    return clip(mean + spread * chance, 0.0, 1.0) if np.isnan(given) else given


_half = part(half_degree)


@part
def _as_given(from_ties, from_neighbours, first, n, ties, neighbours):
    """Ties of rows first..first+n as the user gave them."""
    for i in range(first, first + n + 1):
        ties[i] = from_ties[i]
    for tie in range(np.int64(from_ties[first]), np.int64(from_ties[first + n])):
        neighbours[tie] = from_neighbours[tie]


@part
def _own_or(given, column, row, value):
    """What the user's table of citizens says of one, else the value."""
    own = given.people[column, row] if given.people.shape[1] else np.nan
    return value if np.isnan(own) else own


@compiled
def start_governments(s, given, p, seed):
    """All governments at the start: ranks of innovativeness, stocks, peers. Serial: ranks are over all of them."""
    g = s.governments
    M = len(g)
    rank = np.empty(M, np.int64)
    for m in range(M):
        rank[m] = m
    shuffle = address(seed, _IOTA, _ZERO, _ZERO)
    for i in range(M - 1, 0, -1):
        j = int(uniform(shuffle, i) * (i + 1))
        rank[i], rank[j] = rank[j], rank[i]
    for m in range(M):
        gov = g[m]
        iota = given.places[m].innovativeness
        gov.innovativeness = diffusion.innovativeness_of_rank(rank[m], M) if np.isnan(iota) else iota
    for m in range(M):  # ex ante category by rank of innovativeness, ties by row
        ahead = 0
        for other in range(M):
            if g[other].innovativeness > g[m].innovativeness or (
                    g[other].innovativeness == g[m].innovativeness and other < m):
                ahead += 1
        g[m].category = diffusion.category_of_rank(ahead, M)
    if len(given.peer_ties):
        _as_given(given.peer_ties, given.peers, _ZERO, M, s.peer_ties, s.peers)
    else:
        small_world(M, _half(M, int(p.k_g)), call.crossing(p.rewire_g, p.silo), address(seed, _PEERS, _ZERO, _ZERO),
                    _ZERO, _ZERO, s.peer_ties, s.peers)
    for m in range(M):
        key = address(seed, _EXCHANGE, _ZERO, m)
        for tie in range(2):
            other = int(uniform(key, np.int64(tie)) * (M - 1)) if M > 1 else 0
            s.exchange[m, tie] = other + 1 if other >= m and M > 1 else other
        gov, said = g[m], given.places[m]
        key = address(seed, _GOV0, _ZERO, m)
        C = p.C0 if np.isnan(said.willingness) else said.willingness
        G = p.G0 if np.isnan(said.government_willingness) else said.government_willingness
        rise_c, rise_g = stock.start_rise(C), stock.start_rise(G)
        gov.willingness = _start(said.government_willingness, p.G0, p.sd_g, normal(key, np.int64(0)))
        gov.social_capital = _start(said.social_capital, p.S_lo + p.S_hi * rise_c, p.sd_S, normal(key, np.int64(1)))
        gov.baseline_social_capital = _start(said.baseline_social_capital, p.S0, p.sd_S0, normal(key, np.int64(2)))
        gov.reputation = _start(said.reputation, p.R0, 0.0, 0.0)
        gov.risk_culture = _start(said.risk_culture, p.L_lo + p.L_hi * rise_g, p.sd_L, normal(key, np.int64(3)))
        gov.capacity = _start(said.capacity, p.K_lo + p.K_hi * rise_g, p.sd_K, normal(key, np.int64(4)))
        gov.top_support = _start(said.top_support, p.A_lo + p.A_hi * rise_g, p.sd_A, normal(key, np.int64(5)))
        gov.feedback = _start(said.feedback, p.phi, 0.0, 0.0)
        gov.silo = _start(said.silo, p.silo, 0.0, 0.0)
        gov.funding = _start(said.funding, p.fund, 0.0, 0.0)
        gov.need = _start(said.need, p.need, p.sd_need, normal(address(seed, _NEED, _ZERO, m), _ZERO))
        gov.disposition = p.sd_dm * normal(key, np.int64(6)) + p.d_iota * (gov.innovativeness - 0.5)
        gov.willingness_before, gov.capacity_before = gov.willingness, gov.capacity
        gov.stage = gov.stage_before = diffusion.UNAWARE
        gov.timer = gov.piloted = 0
        gov.adopted_at = -1
        gov.depth = gov.depth_before = gov.value = gov.obliged = gov.push = gov.pull = gov.news = gov.news_before = 0.0
        gov.initiatives = gov.projects = gov.services_solo = gov.services_joint = gov.services_called = 0
        gov.participants = gov.participants_poor = gov.users = 0
        gov.peers_willingness = gov.willingness
        gov.peers_adopted = gov.peers_news = gov.peers_experience = gov.exposure = gov.novelty = 0.0
        gov.advantage = p.adv0
        no_counts(gov)


@compiled
def start_citizens(s, given, p, seed, lo, hi):
    """Citizens and their ties in municipalities lo..hi."""
    for m in range(lo, hi):
        gov, said = s.governments[m], given.places[m]
        first, n = gov.first, gov.citizens
        C = p.C0 if np.isnan(said.willingness) else said.willingness
        G = p.G0 if np.isnan(said.government_willingness) else said.government_willingness
        T = p.T_lo + p.T_hi * stock.start_rise(G) if np.isnan(said.trust) else said.trust
        key_w, key_t = address(seed, _W0, _ZERO, m), address(seed, _T0, _ZERO, m)
        key_e, key_d = address(seed, _E, _ZERO, m), address(seed, _D, _ZERO, m)
        poor = 0
        total = 0.0
        for i in range(n):
            row = first + i
            s.willingness[0, row] = np.float32(_own_or(given, 0, row, clip(C + p.sd_w * normal(key_w, i), 0.0, 1.0)))
            s.trust[row] = np.float32(_own_or(given, 1, row, clip(T + p.sd_T * normal(key_t, i), 0.0, 1.0)))
            a, b, c = uniform(key_e, 3 * i), uniform(key_e, 3 * i + 1), uniform(key_e, 3 * i + 2)
            e = _own_or(given, 2, row, call.resources_of(a, b, c))
            s.resources[row] = np.float32(e)
            d = np.float32(_own_or(given, 3, row, p.sd_d * normal(key_d, i)))
            s.disposition[row] = d
            total += np.float64(d)
            s.load[row] = 0
            s.uses[0, row] = 0
            poor += int(np.float32(e) < call.POOR)
        gov.poor = poor
        gov.citizens_disposition = total / n
        gov.citizens_willingness = mean(s.willingness[0], first, n)
        gov.neighbours_willingness = gov.citizens_willingness
        gov.citizens_trust = mean(s.trust, first, n)
        gov.regime = gov.quadrant = future.quadrant(gov.citizens_willingness, gov.willingness)
        gov.held = 1
        if len(given.ties):
            gov.reach = n  # a network of the user's has no neighbourhoods: all its ties are near
            _as_given(given.ties, given.neighbours, first, n, s.ties, s.neighbours)
        else:
            gov.reach = _half(n, int(p.k_c))
            small_world(n, gov.reach, call.crossing(p.rewire_c, gov.silo), address(seed, _TIES, _ZERO, m), first,
                        gov.first_tie, s.ties, s.neighbours)
    _no_terms(s, lo, hi)
    _settle(s, p, seed, lo, hi)


@part
def _no_terms(s, lo, hi):
    """Mechanisms begin with the run: what they added to decisions in the run before counts for nothing."""
    first, last = s.governments[lo].first, s.governments[hi - 1].first + s.governments[hi - 1].citizens
    for k in range(s.own_terms[_JOINS, 0] + s.own_terms[_JOINS, 1]):  # the last of citizens' decisions
        for i in range(first, last):
            s.own_citizens[k, i] = 0.0
    for k in range(s.own_terms[_ENDS, 0] + s.own_terms[_ENDS, 1]):  # the last of governments'
        for m in range(lo, hi):
            s.own_governments[k, m] = 0.0


@compiled
def _settle(s, p, seed, lo, hi):
    """`burn_in` quarters before the first, with willingness as it starts and nothing yet to diffusion.

    What then stands (stocks, initiatives, services, who is busy) comes from that life and not from the start's label.
    """
    quarters = int(p.burn_in)
    if quarters == 0:
        return
    for m in range(lo, hi):
        _copy(s.willingness[0], s.willingness[1], s.governments[m].first, s.governments[m].citizens)
    for k in range(quarters):
        t = np.int64(k - quarters + 1)
        environment(s, p, seed, t, lo, hi)
        calls(s, p, seed, t, lo, hi)
        outcomes(s, p, seed, t, lo, hi)
        stocks(s, p, seed, t, lo, hi)
    for m in range(lo, hi):
        gov = s.governments[m]
        gov.capacity_before = gov.capacity
        no_counts(gov)


@inlined
def mean(column, first, n):
    """Mean of n entries from first, in four lanes of float64: the same bits whatever the chunk."""
    a = b = c = d = 0.0
    whole = n // 4 * 4
    for i in range(first, first + whole, 4):
        a += np.float64(column[i])
        b += np.float64(column[i + 1])
        c += np.float64(column[i + 2])
        d += np.float64(column[i + 3])
    for i in range(first + whole, first + n):
        a += np.float64(column[i])
    return ((a + b) + (c + d)) / n


@inlined
def _copy(before, after, first, n):
    """Nothing changes in n entries from first. (A slice would do, but takes seconds to compile.)"""
    for i in range(first, first + n):
        after[i] = before[i]


# ---------------------------------------------------------------- the quarter, phase by phase

@compiled
def environment(s, p, seed, t, lo, hi):
    """Phase 1: the quarter begins. Last quarter's state is set aside for peers to look at; elections are held.

    Serial, because it counts how many of all have adopted; called once for each set of parameters that acts somewhere.
    Trends, shocks and levers are in p already, which is this quarter's record (simulation.schedule).
    """
    g = s.governments
    adopted = 0
    news = 0.0
    for m in range(len(g)):
        adopted += int(diffusion.in_use(g[m].stage))
        news += g[m].news
    for m in range(lo, hi):
        gov = g[m]
        gov.willingness_before, gov.stage_before, gov.depth_before = gov.willingness, gov.stage, gov.depth
        gov.news_before = gov.news
        no_counts(gov)
        if p.on_top_support:
            key = address(seed, _ELECTION, t, m)
            if p.on_elections and t % int(p.election_every) == 0:
                gov.top_support = stock.top_support_after_vote(gov.top_support, p.election_sd, normal(key, np.int64(0)))
            if p.swing > 0.0:
                gov.top_support = stock.top_support_after_vote(gov.top_support, p.swing, normal(key, np.int64(1)))
    s.society[0], s.society[1] = adopted / len(g), news / len(g)


@inlined
def _life(s, p, row):
    """The parameters that a citizen lives under: the municipality's, unless something acts for a group of citizens."""
    return s.lives[s.people[row]] if len(s.people) > 0 else p


@part
def _share_that_would_come(people, lives, gov):
    """The share of a municipality's citizens who would join if asked, each with an average citizen's will and means."""
    count = np.zeros(len(lives))
    for i in range(gov.first, gov.first + gov.citizens):
        count[people[i]] += 1.0
    total, C = 0.0, gov.citizens_willingness
    for k in range(len(count)):
        if count[k] > 0.0:
            total += count[k] / gov.citizens * call.join_probability(C, call.MEAN_RESOURCES, 0, lives[k])
    return total


@inlined
def _join_initiative(load, resources, gov, row):
    """One more initiative for a citizen."""
    if load[row] == 0:
        gov.participants += 1
        gov.participants_poor += int(resources[row] < call.POOR)
    load[row] += 1


@inlined
def _leave_initiative(load, resources, gov, row):
    """One initiative fewer for a citizen."""
    load[row] -= 1
    if load[row] == 0:
        gov.participants -= 1
        gov.participants_poor -= int(resources[row] < call.POOR)


@inlined
def _launch(s, p, gov, row, count, kind, by_lab, t, number):
    """The joiners in members[row] start a project."""
    born = s.initiatives[row]
    born.id = ((np.int64(t) << 1 | np.int64(kind == CALLED)) << HALF) + number
    born.own = np.float32(outcome.ownership(kind, p))
    born.launched = t
    born.kind = kind
    born.phase = PROJECT
    born.launch_size = count
    born.members = count
    born.by_lab = by_lab
    for j in range(count):
        _join_initiative(s.load, s.resources, gov, np.int64(s.members[row, j]))
    gov.initiatives += 1
    gov.projects += 1


@inlined
def _is_near(one, other, n, reach):
    """Whether two rows of a municipality of n are within `reach` of each other on the ring."""
    distance = abs(one - other)
    return min(distance, n - distance) <= reach


@inlined
def _contact(neighbours, first, n, start, degree, near, key, index, asked, mark):
    """The row of somebody whom this call has not asked yet, or -1 after eight tries; and whether over a tie.

    With chance `near` one of `degree` neighbours whose rows begin at `start`, else anybody of the municipality.
    `asked` holds the mark of the last call that asked each citizen. One uniform tells both which kind and who.
    """
    for attempt in range(8):
        u = uniform(key, index * 8 + attempt)
        close = u < near
        place = u / near if close else (u - near) / (1.0 - near)
        tie = start + np.int64(place * degree) if close else start
        known = np.int64(neighbours[tie])
        row = known if close else first + np.int64(place * n)
        if asked[row - first] != mark:
            asked[row - first] = mark
            return row, close
    return np.int64(-1), False


@compiled
def calls(s, p, seed, t, lo, hi):
    """Phase 2: citizens and governments call, contacts join or not, governments support or not, initiatives launch.

    One function, because both sides' calls share what it fills: the slots of initiatives, and who was asked by whom.
    """
    old = s.willingness[(t - 1) & 1]
    most = 0
    for m in range(lo, hi):
        most = max(most, s.governments[m].citizens)
    upto = np.empty(most)
    asked = np.zeros(most, np.int32)
    mark = np.int64(0)
    needed = int(p.launch_min)
    for m in range(lo, hi):
        gov = s.governments[m]
        first, n = gov.first, gov.citizens
        silo = call.effective_silo(gov.silo, will.adoption_feedback(gov.stage, gov.depth, p), p)
        eager = sum_of_terms(s.own_governments, s.own_terms[_SUPPORTS], m)
        if p.on_calls_c:
            rate = call.citizen_call_rate(n, gov.citizens_willingness, p)
            gov.citizen_calls = poisson_quantile(uniform(address(seed, _CALLS_C, t, m), _ZERO), rate)
        if gov.citizen_calls > 0:
            total = 0.0
            for i in range(n):
                weight = call.initiator_weight(np.float64(old[first + i]), np.float64(s.resources[first + i]), p)
                total += weight if s.load[first + i] < call.MOST_LOAD else 0.0
                upto[i] = total
            key_i, key_s = address(seed, _INITIATOR, t, m), address(seed, _SUPPORT, t, m)
            key_c, key_j = address(seed, _CONTACT, t, m), address(seed, _JOIN, t, m)
            for c in range(gov.citizen_calls):
                initiator = first + _drawn(upto, n, uniform(key_i, c) * total)
                if total <= 0.0 or initiator >= first + n or s.load[initiator] >= call.MOST_LOAD:
                    gov.crowded_out += 1
                    continue
                row = gov.first_slot + gov.initiatives
                s.members[row, 0] = initiator
                mark += 1
                asked[initiator - first] = mark
                start = np.int64(s.ties[initiator])
                degree = np.int64(s.ties[initiator + 1]) - start
                count, busy = _ask(s, p, gov, old, start, degree, min(int(p.contacts_c), n - 1), key_c, key_j, c, asked,
                                   mark, row, np.int64(initiator))
                if count < needed:
                    if busy >= needed:
                        gov.crowded_out += 1
                    else:
                        gov.unanswered_calls += 1
                    continue
                far = 0
                for tie in range(start, start + degree):
                    far += not _is_near(np.int64(s.neighbours[tie]), np.int64(initiator), n, gov.reach)
                support = shifted(call.support_probability(
                    gov.willingness, call.way_round(silo, np.float64(far), p)), eager)
                if p.on_support and uniform(key_s, c) < support:
                    gov.launched_joint += 1
                    _launch(s, p, gov, row, count, JOINT, _ZERO, t, c)
                else:
                    gov.launched_solo += 1
                    _launch(s, p, gov, row, count, SOLO, _ZERO, t, c)
                gov.initiators_poor += int(s.resources[initiator] < call.POOR)
        if p.on_calls_g:
            rate = call.government_call_rate(n, gov.willingness, p)
            gov.government_calls = poisson_quantile(uniform(address(seed, _CALLS_G, t, m), _ZERO), rate)
        if gov.government_calls > 0:
            key_c, key_j = address(seed, _INVITED, t, m), address(seed, _JOIN_G, t, m)
            key_l = address(seed, _BY_LAB, t, m)
            for c in range(gov.government_calls):
                row = gov.first_slot + gov.initiatives
                mark += 1
                count, busy = _ask(s, p, gov, old, _ZERO, _ZERO, min(int(p.contacts_g), n), key_c, key_j, c, asked, mark,
                                   row, np.int64(-1))
                if count >= needed:
                    gov.launched_called += 1
                    _launch(s, p, gov, row, count, CALLED, int(uniform(key_l, c) < p.lab_share), t, c)
                elif busy >= needed:
                    gov.crowded_out += 1
                else:
                    gov.dead_calls += 1


@inlined
def _drawn(upto, n, at):
    """The first of n cumulated weights above `at`: who is drawn."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if upto[middle] > at:
            high = middle
        else:
            low = middle + 1
    return low


@inlined
def sum_of_terms(columns, which, row):
    """What a user's own mechanisms add to one decision, in columns `which` (first, count): 0 where there are none."""
    total = 0.0
    for k in range(which[0], which[0] + which[1]):
        total += np.float64(columns[k, row])
    return total


@inlined
def _ask(s, p, gov, old, start, degree, contacts, key_c, key_j, c, asked, mark, row, initiator):
    """Ask contacts in turn; joiners are written into members[row]. Returns joiners, and joiners had nobody been busy.

    `initiator` is the row of the citizen who calls, -1 where the government does.
    """
    first, n = gov.first, gov.citizens
    count = willing = np.int64(initiator >= 0)
    most = min(int(p.members_max), s.members.shape[1])
    near = p.near if degree > 0 else 0.0
    for j in range(contacts):
        if count >= most:
            break
        other, known = _contact(s.neighbours, first, n, start, degree, near, key_c, c * 32 + j, asked, mark)
        if other < 0:
            continue
        u = uniform(key_j, (np.int64(c) << np.int64(32)) + other - first)
        w = np.float64(old[other]) + sum_of_terms(s.own_citizens, s.own_terms[_JOINS], other)
        if initiator >= 0:
            w += call.asked_by(known and _is_near(other, initiator, n, gov.reach), p)
        e = np.float64(s.resources[other])
        q = _life(s, p, other)
        joins = u < call.join_probability(w, e, np.int64(s.load[other]), q)
        willing += int(u < call.join_probability(w, e, 0, q))
        s.members[row, count] = other
        count += int(joins)
        gov.asked += 1
        gov.joined += int(joins)
    return count, willing


@compiled
def outcomes(s, p, seed, t, lo, hi):
    """Phase 3: projects of age are evaluated and become services or end; services may end. Members learn to trust.

    One function, because one pass over the slots does all of it, and moves what lives on into those of what has ended.
    """
    for m in range(lo, hi):
        gov = s.governments[m]
        if gov.initiatives == 0:
            continue
        n = gov.citizens
        feedback = outcome.effective_feedback(gov.feedback, p)
        key_o, key_i = address(seed, _OUTCOME, t, m), address(seed, _IMPLEMENTED, t, m)
        key_e, key_g = address(seed, _END, t, m), address(seed, _GROWTH, t, m)
        eases = sum_of_terms(s.own_governments, s.own_terms[_SUCCEEDS], m)
        wears = sum_of_terms(s.own_governments, s.own_terms[_ENDS], m)
        solo = joint = called = projects = kept = 0
        for slot in range(gov.first_slot, gov.first_slot + gov.initiatives):
            it = s.initiatives[slot]
            kind = np.int64(it.kind)
            members = np.int64(it.members)
            lives = True
            if it.phase == PROJECT:
                if p.on_projects_end and t - it.launched >= int(p.project_quarters):
                    chance = outcome.success_probability(
                        kind, gov.social_capital, np.float64(it.own), gov.capacity, np.float64(it.launch_size), p)
                    succeeded = uniform(key_o, it.id) < shifted(chance, 0.0 if kind == SOLO else eases)
                    if p.on_trust:
                        v = stock.experience(kind, succeeded, p)
                        for j in range(members):
                            row = np.int64(s.members[slot, j])
                            s.trust[row] = np.float32(stock.trust_after_experience(np.float64(s.trust[row]), v, p))
                    if p.on_reputation:
                        gov.reputation = stock.reputation_after(gov.reputation, succeeded, n, p)
                    if kind == SOLO:
                        gov.solo_successes += int(succeeded)
                        gov.solo_failures += int(not succeeded)
                    elif succeeded:
                        gov.supported_successes += 1
                    else:
                        gov.supported_failures += 1
                        gov.blamed += p.blame_large if it.launch_size >= p.bond_size else 1.0
                    lives = succeeded and (it.by_lab == 0 or uniform(key_i, it.id) < p.lab_service)
                    if lives:
                        core = min(int(p.core), members)
                        for j in range(core, members):
                            _leave_initiative(s.load, s.resources, gov, np.int64(s.members[slot, j]))
                        it.members = core
                        it.phase = SERVICE
                        gov.services_new += 1
            elif p.on_services_end:
                funding = outcome.effective_funding(gov.funding, np.int64(it.launch_size), p)
                ends = outcome.end_probability(kind, np.float64(it.own), funding, feedback, np.float64(members), p)
                if uniform(key_e, it.id) < shifted(ends, wears):
                    lives = False
                    gov.services_ended += 1
                    gov.ended_solo += int(kind == SOLO)
                elif p.growth > 0.0 and uniform(key_g, 2 * it.id) < p.growth * gov.willingness:
                    row = gov.first + np.int64(uniform(key_g, 2 * it.id + 1) * n)
                    fresh = s.load[row] < call.MOST_LOAD and members < s.members.shape[1]
                    for j in range(members):
                        fresh = fresh and s.members[slot, j] != row
                    if fresh:
                        s.members[slot, members] = row
                        it.members = members + 1
                        _join_initiative(s.load, s.resources, gov, row)
            if not lives:
                for j in range(np.int64(it.members)):
                    _leave_initiative(s.load, s.resources, gov, np.int64(s.members[slot, j]))
                continue
            if it.phase == PROJECT:
                projects += 1
            elif kind == SOLO:
                solo += 1
            elif kind == JOINT:
                joint += 1
            else:
                called += 1
            to = gov.first_slot + kept
            if to != slot:
                s.initiatives[to] = s.initiatives[slot]
                for j in range(np.int64(it.members)):
                    s.members[to, j] = s.members[slot, j]
            kept += 1
        gov.initiatives = kept
        gov.projects, gov.services_solo, gov.services_joint, gov.services_called = projects, solo, joint, called


@compiled
def stocks(s, p, seed, t, lo, hi):
    """Phase 4: social capital, trust, reputation, risk culture, capacity, top support."""
    for m in range(lo, hi):
        gov = s.governments[m]
        first, n = gov.first, gov.citizens
        participation = gov.participants / n
        feedback = outcome.effective_feedback(gov.feedback, p)
        if p.on_social_capital:
            if len(s.people) == 0:
                come = call.join_probability(gov.citizens_willingness, call.MEAN_RESOURCES, 0, p)
            else:
                come = _share_that_would_come(s.people, s.lives, gov)
            gov.social_capital = stock.next_social_capital(
                gov.social_capital, gov.baseline_social_capital, participation, come, p)
        if p.on_trust:
            silo = call.effective_silo(gov.silo, will.adoption_feedback(gov.stage, gov.depth, p), p)
            responsive = call.felt_responsiveness(call.support_probability(gov.willingness, silo), p)
            if len(s.people) == 0:
                for i in range(first, first + n):
                    s.trust[i] = np.float32(stock.trust_of_everyone(np.float64(s.trust[i]), responsive, p))
            else:
                for i in range(first, first + n):
                    q = s.lives[s.people[i]]
                    s.trust[i] = np.float32(stock.trust_of_everyone(np.float64(s.trust[i]), responsive, q))
            gov.citizens_trust = mean(s.trust, first, n)
        if p.on_reputation:
            for _ in range(gov.dead_calls):
                gov.reputation = stock.reputation_after_dead_call(gov.reputation, n, p)
            gov.reputation = stock.reputation_fades(gov.reputation, p)
        if p.on_risk_culture:
            dead = p.R_dead * gov.dead_calls
            gov.risk_culture = stock.next_risk_culture(
                gov.risk_culture, np.float64(gov.supported_successes), gov.supported_failures + dead,
                gov.blamed + dead, feedback, n, p)
        if p.on_capacity:
            evaluated = np.float64(gov.supported_successes + gov.supported_failures)
            supported = np.float64(gov.services_joint + gov.services_called + gov.launched_joint + gov.launched_called)
            gov.capacity = stock.next_capacity(gov.capacity, evaluated, supported, gov.willingness, feedback, n, p)
        if p.on_top_support:
            gov.top_support = stock.next_top_support(
                gov.top_support, gov.willingness, participation, gov.citizens_trust, p)


@part
def _strip(old, new, disposition, trust, neighbours, capital, covered, terms, keys, places, p):
    """A strip of citizens, dense: the compiler makes vector code of this loop."""
    for k in range(len(new)):
        drive = will.citizen_drive(
            np.float64(disposition[k]), neighbours[k], capital[k], np.float64(trust[k]), covered[k], p) + terms[k]
        new[k] = np.float32(will.next_willingness(np.float64(old[k]), drive, normal(keys[k], places[k]), p))


@part
def _strip_of_groups(old, new, disposition, trust, neighbours, capital, covered, terms, keys, places, people, lives):
    """A strip of citizens who do not all live under the same parameters."""
    for k in range(len(new)):
        p = lives[people[k]]
        drive = will.citizen_drive(
            np.float64(disposition[k]), neighbours[k], capital[k], np.float64(trust[k]), covered[k], p) + terms[k]
        new[k] = np.float32(will.next_willingness(np.float64(old[k]), drive, normal(keys[k], places[k]), p))


@compiled
def willingness(s, p, seed, t, lo, hi):
    """Phase 5: willingness of citizens and governments, from last quarter's neighbours and peers."""
    old, new = s.willingness[(t - 1) & 1], s.willingness[t & 1]
    if p.on_willingness_c:
        _citizens_willingness(s, p, seed, t, lo, hi, old, new)
    else:
        for m in range(lo, hi):
            _copy(old, new, s.governments[m].first, s.governments[m].citizens)
    for m in range(lo, hi):
        gov = s.governments[m]
        gov.citizens_willingness = mean(new, gov.first, gov.citizens)
        look_at_peers(s.governments, s.peer_ties, s.peers, s.exchange, p, m)
        gov.capacity_before = gov.capacity  # a failed pilot may still teach it something this quarter
        if p.on_willingness_g:
            drive = will.government_drive(
                gov.disposition, gov.peers_willingness, gov.risk_culture, gov.capacity, gov.top_support,
                gov.reputation, gov.participants / gov.citizens, gov.stage, gov.depth, p)
            drive += sum_of_terms(s.own_governments, s.own_terms[_LEANS_G], m)
            chance = normal(address(seed, _NOISE_G, t, m), _ZERO)
            gov.willingness = will.next_willingness(gov.willingness, drive, chance, p)


@part
def _citizens_willingness(s, p, seed, t, lo, hi, old, new):
    """Citizens lo..hi in strips: their neighbours are gathered first, then the dense loop runs over the strip."""
    buffer = np.empty(6 * _STRIP + 8)
    skip = (-buffer.ctypes.data // 8) % 8  # on a line of the cache the vector code is a fifth faster
    neighbours, capital = buffer[skip:skip + _STRIP], buffer[skip + _STRIP:skip + 2 * _STRIP]
    covered = buffer[skip + 2 * _STRIP:skip + 3 * _STRIP]
    keys = buffer[skip + 3 * _STRIP:skip + 4 * _STRIP].view(np.uint64)
    places = buffer[skip + 4 * _STRIP:skip + 5 * _STRIP].view(np.int64)
    terms = buffer[skip + 5 * _STRIP:skip + 6 * _STRIP]
    for i in range(_STRIP):  # nought, unless a mechanism of the user's has a say
        terms[i] = 0.0
    m = lo
    gov = s.governments[lo]
    at = gov.first
    last = s.governments[hi - 1].first + s.governments[hi - 1].citizens
    place = np.int64(0)
    everyone = 0.0
    while at < last:
        n = min(_STRIP, last - at)
        ends = s.ties[at + 1:at + n + 1]
        end = np.uint64(s.ties[at])
        k = 0
        while k < n:  # one municipality after the other
            citizens = gov.citizens
            key = address(seed, _NOISE_C, t, m)
            cover = will.coverage(gov.services_solo + gov.services_joint + gov.services_called, citizens, p)
            S = gov.social_capital
            stop = min(n, k + citizens - place)
            for i in range(k, stop):
                start = end
                end = np.uint64(ends[i])
                total = 0.0
                for tie in range(start, end):  # unsigned: no check for indices from the end
                    total += np.float64(old[s.neighbours[tie]])
                around = total / np.int64(end - start) if end > start else will.NOBODY
                everyone += around
                neighbours[i] = around
                capital[i] = S
                covered[i] = cover
                keys[i] = key
                places[i] = place
                place += 1
            k = stop
            if place == citizens:
                gov.neighbours_willingness = everyone / citizens
                everyone = 0.0
                place = np.int64(0)
                m += 1
                if m < hi:
                    gov = s.governments[m]
        if s.own_terms[_LEANS_C, 1] > 0:
            for i in range(n):
                terms[i] = sum_of_terms(s.own_citizens, s.own_terms[_LEANS_C], at + i)
        if len(s.people) == 0:
            _strip(old[at:at + n], new[at:at + n], s.disposition[at:at + n], s.trust[at:at + n], neighbours, capital,
                   covered, terms, keys, places, p)
        else:
            _strip_of_groups(old[at:at + n], new[at:at + n], s.disposition[at:at + n], s.trust[at:at + n], neighbours,
                             capital, covered, terms, keys, places, s.people[at:at + n], s.lives)
        at += n


@inlined
def look_at_peers(g, ties, peers, exchange, p, m):
    """What a government sees of its peers as the quarter began: mean willingness, share adopted, news, experience."""
    gov = g[m]
    start, end = np.int64(ties[m]), np.int64(ties[m + 1])
    extra = min(2, int(p.long_ties)) if len(g) > 1 else 0
    total = adopted = experience = news = 0.0
    for tie in range(start, end + extra):
        peer = g[np.int64(peers[tie]) if tie < end else np.int64(exchange[m, tie - end])]
        total += peer.willingness_before
        if diffusion.in_use(peer.stage_before):
            adopted += 1.0
            news += peer.news_before
            experience += peer.depth_before
        elif peer.stage_before == diffusion.DISCONTINUED:
            experience -= 1.0
    count = end - start + extra
    if count > 0:
        gov.peers_willingness = total / count
        gov.peers_adopted = adopted / count
        gov.peers_news = news / count
        gov.peers_experience = experience / count
    else:
        gov.peers_willingness = will.NOBODY
        gov.peers_adopted = gov.peers_news = gov.peers_experience = 0.0


@compiled
def adoption(s, p, seed, t, lo, hi):
    """Phase 6: governments move between the stages of adoption; citizens take the innovation up."""
    if p.on_adoption:
        for m in range(lo, hi):
            gov = s.governments[m]
            gov.exposure = diffusion.exposure(gov.peers_adopted, s.society[0], p.mix)
            gov.novelty = diffusion.exposure(gov.peers_news, s.society[1], p.mix)
            gov.advantage = diffusion.advantage(gov.peers_experience, gov.innovativeness, p)
            need = diffusion.effective_need(gov.need, p)
            terms = diffusion.value_terms(
                gov.innovativeness, gov.top_support, gov.risk_culture, gov.capacity, gov.willingness, need,
                gov.novelty, gov.advantage, p)
            freely = diffusion.value(
                gov.innovativeness, gov.top_support, gov.risk_culture, gov.capacity, gov.willingness, need,
                gov.novelty, gov.advantage, p)
            freely += sum_of_terms(s.own_governments, s.own_terms[_ADOPTS], m)
            gov.obliged = diffusion.obligation(freely, p)
            gov.value = freely + gov.obliged
            gov.push = terms.imitation + gov.obliged
            gov.pull = terms.need + terms.employees
            _next_stage(gov, p, seed, t, m)
    uptake(s, p, seed, t, lo, hi)


@part
def _draw(seed, stream, t, m):
    """The one uniform of a government's decision of this kind in this quarter."""
    return uniform(address(seed, stream, t, m), _ZERO)


@part
def _next_stage(gov, p, seed, t, m):
    """One government's move, if any. Entering a stage sets its timer to 0."""
    stage = gov.stage
    V = gov.value
    feedback = outcome.effective_feedback(gov.feedback, p)
    after = stage
    piloted = 0
    if stage == diffusion.UNAWARE:
        if _draw(seed, _AWARE, t, m) < diffusion.awareness_probability(gov.innovativeness, gov.exposure, p):
            after = diffusion.AWARE
    elif stage == diffusion.AWARE:
        if p.on_pilots and _draw(seed, _PILOT, t, m) < diffusion.pilot_probability(V, p):
            after = diffusion.PILOTING
        elif _draw(seed, _DIRECT, t, m) < diffusion.direct_probability(V, p):
            after = diffusion.ADOPTED
    elif stage == diffusion.PILOTING:
        if gov.timer + 1 >= int(p.pilot_quarters):
            if _draw(seed, _WORKS, t, m) < diffusion.pilot_success_probability(gov.capacity, gov.risk_culture, p):
                gov.pilots_worked += 1
                if _draw(seed, _DECIDE, t, m) < diffusion.decision_probability(V, p):
                    after = diffusion.ADOPTED
                    piloted = 1
                else:
                    gov.timer = -1  # a lab rat: piloted once more
                    gov.pilots_started += 1
            elif _draw(seed, _RETRY, t, m) < diffusion.retry_probability(gov.risk_culture, feedback, p):
                after = diffusion.AWARE
                if p.on_capacity:
                    gov.capacity = diffusion.capacity_after_failed_pilot(gov.capacity, p)
            else:
                after = diffusion.after_lost_pilot(_draw(seed, _LOST, t, m))
    elif diffusion.in_use(stage):
        gives_up = diffusion.giving_up_probability(stage, gov.depth, np.float64(gov.piloted), feedback, p)
        if p.on_giving_up and _draw(seed, _GIVE_UP, t, m) < gives_up:
            after = diffusion.DISCONTINUED
            gov.discontinuations += 1
        elif stage == diffusion.ADOPTED and _draw(seed, _UP, t, m) < diffusion.upscaling_probability(
                gov.depth, gov.capacity, gov.top_support, p):
            after = diffusion.UPSCALED
        if after != diffusion.DISCONTINUED:
            gov.depth = diffusion.next_depth(gov.depth, feedback, p)
    elif _draw(seed, _BACK, t, m) < p.back:
        after = diffusion.AWARE
    gov.timer += 1
    gov.news = diffusion.freshness(gov.news, after == diffusion.ADOPTED and stage != diffusion.ADOPTED, p)
    if after == stage:
        return
    gov.stage = after
    gov.timer = 0
    if after == diffusion.PILOTING:
        gov.pilots_started += 1
    elif after == diffusion.ADOPTED:
        gov.adoptions += 1
        gov.piloted = piloted
        gov.depth = diffusion.depth_at_adoption(
            diffusion.coerced_share(gov.obliged, V), np.float64(piloted), gov.capacity, p)
        if gov.adopted_at < 0:
            gov.adopted_at = t
    elif after == diffusion.DISCONTINUED:
        gov.depth = gov.news = 0.0


@part
def uptake(s, p, seed, t, lo, hi):
    """Citizens start to use what their government offers; the unwilling lapse; all leave once it has given it up."""
    before, after = s.uses[(t - 1) & 1], s.uses[t & 1]
    willing = s.willingness[t & 1]
    most = 0
    for m in range(lo, hi):
        most = max(most, s.governments[m].citizens)
    ready = np.empty(most)
    for m in range(lo, hi):
        gov = s.governments[m]
        first, n = gov.first, gov.citizens
        available = usage.availability(gov.stage, gov.depth, p)
        leaving = gov.stage == diffusion.DISCONTINUED and gov.users > 0
        if not p.on_uptake or (available <= 0.0 and not leaving):
            _copy(before, after, first, n)
        elif leaving:
            key = address(seed, _LEAVE, t, m)
            users = 0
            for i in range(n):
                stays = before[first + i] and uniform(key, i) >= p.leave
                after[first + i] = stays
                users += int(stays)
            gov.users = users
        else:
            for i in range(n):
                ready[i] = usage.ready_to_use(np.float64(s.trust[first + i]), np.float64(willing[first + i]), p)
            spread(usage.uptake_probability, first, n, s.ties, s.neighbours, before, after, gov.users / n,
                   p.mix_c, ready, s.resources, available, p, address(seed, _UPTAKE, t, m))
            key = address(seed, _LAPSE, t, m)
            users = 0
            for i in range(n):
                row = first + i
                if before[row] != 0:
                    after[row] = uniform(key, i) >= usage.lapse_probability(np.float64(willing[row]), p)
                users += int(after[row])
            gov.users = users


@inlined
def spread(rule, first, n, ties, neighbours, before, after, everyone, mix, ready, resources, available, p, key):
    """The diffusion core: one synchronous step of adoption on a network, by any rule. Returns the adopters.

    A non-adopter of rows first..first+n adopts with rule(share, ready, resources, available, p), ready being of those
    n alone, share
    mix * share of neighbours + (1 - mix) * share of everyone among last step's adopters. The rule must not fall
    with the share: whoever would not adopt at a share of 1 is not asked about his neighbours.
    """
    adopters = 0
    for i in range(first, first + n):
        adopts = before[i] != 0
        if not adopts:
            u = uniform(key, i - first)
            r, e = np.float64(ready[i - first]), np.float64(resources[i])
            if u < rule(1.0, r, e, available, p):
                share = everyone
                if mix > 0.0:
                    start, end = np.int64(ties[i]), np.int64(ties[i + 1])
                    met = 0
                    for tie in range(start, end):
                        met += before[neighbours[tie]]
                    among = met / (end - start) if end > start else 0.0
                    share = diffusion.exposure(among, everyone, mix)
                adopts = u < rule(share, r, e, available, p)
        after[i] = adopts
        adopters += int(adopts)
    return adopters


#: One quarter, in this order. Each phase is compiled and works on municipalities lo..hi of a state; the first and
#: the last are serial, because they look at all municipalities at once. Whatever runs a quarter reads this list.
QUARTER = (environment, calls, outcomes, stocks, willingness, adoption, record)
