"""Staff pools (S146): flexible pools widen networks, and cost memory and relations.

Expected: silos fall; capacity is lost, least where feedback keeps what is known.
"""
import letsdance as ld

staff_pools = ld.Mechanism("staff_pools", title="Flexible pools of staff", source="seed", reference="S146",
                           says="Staff who move widen networks, and cost memory and relations with citizens.")
staff_pools.parameter("pooled", 0, (0, 1), "share", role="lever", says="How much of the staff is in pools.")
staff_pools.parameter("memory_lost", 0.02, (0, 0.3), "per quarter", says="How much capacity moving costs without feedback.")
staff_pools.parameter("strange", 0.5, (0, 1), "share",
                      says="How much of the trust that responsive officials gain is not theirs.")


@staff_pools.act("capacity", after="stocks")
def scattered(capacity, effective_feedback, pooled, memory_lost):
    """K -= pooled memory_lost (1 - phi) K."""
    return capacity * (1.0 - pooled * memory_lost * (1.0 - effective_feedback))


@staff_pools.act("trust", after="stocks")
def strangers(trust, government_willingness, effective_silo, pooled, strange, p):
    """T -= pooled strange T_rate x0 max(0, g (1 - silo) - T)."""
    gained = max(0.0, government_willingness * (1.0 - effective_silo) - trust)
    return trust - pooled * strange * p.T_rate * p.x0 * gained


staff_pools.lever("POOL", "flexible pools of staff", [
    {"parameter": "pooled", "add": 1}, {"parameter": "silo_shift", "add": -0.1}], cost=1,
    quadrant="Q4", level="organisation", says="Officials move between departments as they are needed.")
