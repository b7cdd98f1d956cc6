"""Claims about noise scale."""

from coursekit.claims.declare import Claim

CLAIMS: tuple[Claim, ...] = ()
