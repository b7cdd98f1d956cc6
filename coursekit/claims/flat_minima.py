"""Claims about flat minima."""

from coursekit.claims.declare import Claim

CLAIMS: tuple[Claim, ...] = ()
