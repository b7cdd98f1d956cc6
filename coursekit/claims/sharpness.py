"""Claims about sharpness."""

from coursekit.claims.declare import Claim

CLAIMS: tuple[Claim, ...] = ()
