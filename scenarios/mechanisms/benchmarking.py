"""Benchmarking (S118): whoever lags is shamed into adopting by a league table, and adopts for show.

Expected: late adopters come sooner, and the innovation is used less deeply.
"""
import letsdance as ld

benchmarking = ld.Mechanism("benchmarking", title="Benchmarking", source="seed", reference="S118",
                            says="A league table shames laggards into adopting, for show.")
benchmarking.parameter("ranked", 0, (0, 1), "share", role="lever", says="How public the comparison of governments is.")
benchmarking.parameter("shame", 0.6, (0, 3), "value", says="What lagging in public adds to the value of adopting.")
benchmarking.parameter("for_show", 0.5, (0, 1), "share", says="How much less deeply those use it who adopt for the table.")


@benchmarking.term("adoption")
def league(innovativeness, exposure, ranked, shame):
    """ranked shame (1 - iota) sh, sh the share that has adopted."""
    return ranked * shame * (1.0 - innovativeness) * exposure


@benchmarking.act("depth", after="adoption")
def shallow(depth, stage, timer, innovativeness, exposure, ranked, for_show):
    """depth *= 1 - ranked for_show (1 - iota) sh when it is adopted."""
    return depth * (1.0 - ranked * for_show * (1.0 - innovativeness) * exposure) if stage == 3 and timer == 0 else depth


benchmarking.lever("BENCH", "league tables", [{"parameter": "ranked", "add": 1}], cost=1, quadrant="Q1", level="sector",
                   says="Governments are compared in public.")
