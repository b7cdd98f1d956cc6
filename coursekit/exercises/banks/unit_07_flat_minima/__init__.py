"""Exercises of unit 07: do flat minima generalise, and does the batch size choose them?

Correlation within settings, rescaling and a measure that resists it, a bound; then the law of
noise on a quadratic, two wells, walkers that have not escaped, and noise put back by hand.
"""

from coursekit.exercises.banks.unit_07_flat_minima.adaptive import U07_ADAPTIVE
from coursekit.exercises.banks.unit_07_flat_minima.escape_time import U07_ESCAPE_TIME
from coursekit.exercises.banks.unit_07_flat_minima.flat_share import U07_FLAT_SHARE
from coursekit.exercises.banks.unit_07_flat_minima.injector import U07_INJECTOR
from coursekit.exercises.banks.unit_07_flat_minima.pac_bayes import U07_PAC_BAYES
from coursekit.exercises.banks.unit_07_flat_minima.rescale import U07_RESCALE
from coursekit.exercises.banks.unit_07_flat_minima.stationary import U07_STATIONARY
from coursekit.exercises.banks.unit_07_flat_minima.within import U07_WITHIN

EXERCISES = (
    U07_WITHIN,
    U07_RESCALE,
    U07_ADAPTIVE,
    U07_PAC_BAYES,
    U07_STATIONARY,
    U07_FLAT_SHARE,
    U07_ESCAPE_TIME,
    U07_INJECTOR,
)
