"""Claims about literature."""

from coursekit.claims.declare import Claim

CLAIMS: tuple[Claim, ...] = ()
