"""What can be read from a running noise scale: its averages, whole and by layer."""

from typing import Any

from coursekit.noise._step_averages import StepAverages
from coursekit.noise.average import MomentAverage
from coursekit.noise.scale import GradMoments, NoiseScaleEstimate


class Readings:
    """The averages over measured steps, fetched from the device when somebody asks."""

    _averages: StepAverages
    average: MomentAverage

    def estimate(self, *, level: float = 0.95) -> NoiseScaleEstimate:
        """Return tr(Sigma)/|G|^2 of the averages, with a Fieller interval; see MomentAverage."""
        self._averages.fetch()
        return self.average.estimate(level=level)

    def moments(self) -> GradMoments:
        """Return the averaged moments with their standard errors; see MomentAverage."""
        self._averages.fetch()
        return self.average.moments()

    def layers(self, *, level: float = 0.95) -> dict[str, NoiseScaleEstimate]:
        """Return the noise scale of each layer: tr(Sigma_l)/|G_l|^2 of its parameters alone.

        Raises:
            ValueError: If layers were not asked for when this was built.
        """
        if not self._averages.layers:
            raise ValueError("layers were not measured: build NoiseScale(..., layers=True)")
        self._averages.fetch()
        return {name: a.estimate(level=level) for name, a in self._averages.layers.items()}

    @property
    def last(self) -> GradMoments:
        """The unbiased but noisy moments of the latest measured step."""
        self._averages.fetch()
        return self.average.last

    def state_dict(self) -> dict[str, Any]:
        """Return the averages (not the settings, and not a step that is under way)."""
        return self._averages.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from saved averages; raises ValueError for a state of another version or unit."""
        self._averages.load_state_dict(state)
