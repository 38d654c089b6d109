"""How this installation has files from others read: what its settings say, told to the readers."""

from layers.confined.confinement import Confinement, Limits, confine_reading
from layers.confined.reading import MOST_WAITING, start_readers
from layers.temporary import temporary_folder
from workflows.settings import Settings

__all__ = ["MOST_WAITING", "confine_as_set", "start_readers", "temporary_folder"]

# a busy machine gives a process a third of its time
_WALL_PER_CPU = 3


def confine_as_set(settings: Settings) -> None:
    """Have this process read files from others within the limits of an installation, confined as its settings say."""
    limits = Limits(
        memory_mb=settings.read_memory_mb,
        cpu_s=settings.read_seconds,
        wall_s=_WALL_PER_CPU * settings.read_seconds,
    )
    confine_reading(Confinement(mode=settings.confine, limits=limits))
