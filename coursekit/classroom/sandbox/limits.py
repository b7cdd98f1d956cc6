"""What one submission may take."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one submission may take.

    Attributes:
        memory_mb: Beyond the libraries: each process, and all together.
        cpu_seconds: Processor time of each process.
        request_seconds: Wall time of one call of an answer; the course's answers take 0.02.
        cell_seconds: Wall time of one cell.
        submission_seconds: Wall time of the whole submission.
        processes: Processes and threads at once.
        file_mb: Size of a file. scratch_mb: size of the scratch folder, which lies in memory.
    """

    memory_mb: int = 1024
    cpu_seconds: int = 60
    request_seconds: float = 5.0
    cell_seconds: float = 20.0
    submission_seconds: float = 120.0
    processes: int = 64
    file_mb: int = 16
    scratch_mb: int = 64

    def __post_init__(self) -> None:
        """Refuse limits under which nothing could be judged."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not 0 < value < float("inf"):
                raise ValueError(f"{field.name}: a limit above 0, got {value!r}")
        if self.cpu_seconds < 5:
            raise ValueError(f"cpu_seconds: at least 5, got {self.cpu_seconds}")
