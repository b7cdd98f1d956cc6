"""Claims about hardware."""

from coursekit.claims.declare import Claim

CLAIMS: tuple[Claim, ...] = ()
