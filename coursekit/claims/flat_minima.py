"""Claims of unit 07: what noise, curvature and batch size do to generalisation."""

from coursekit.claims import gap, momentum, noise_role
from coursekit.claims.declare import Claim

CLAIMS: tuple[Claim, ...] = (*noise_role.CLAIMS, *gap.CLAIMS, *momentum.CLAIMS)
