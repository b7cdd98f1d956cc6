"""Claims about toolkit."""

from coursekit.claims.declare import Claim

CLAIMS: tuple[Claim, ...] = ()
