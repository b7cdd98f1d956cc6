"""Claims about lr scaling."""

from coursekit.claims.declare import Claim

CLAIMS: tuple[Claim, ...] = ()
