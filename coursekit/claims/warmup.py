"""Claims about warmup."""

from coursekit.claims.declare import Claim

CLAIMS: tuple[Claim, ...] = ()
