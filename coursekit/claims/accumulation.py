"""Claims about accumulation."""

from coursekit.claims.declare import Claim

CLAIMS: tuple[Claim, ...] = ()
