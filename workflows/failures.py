"""The errors of the rooms below that a door answers to, gathered so that a door knows workflows alone."""

from blueprint.errors import BlueprintError
from layers.errors import CannotWrite, LayersError, RefusedFile, UnknownLayer
from registry.errors import AliasError, RegistryError, SchemeFileError, StageError
from store.errors import ClusterError, DatabaseError, GroundTakenError, NotHereError, StoreError

__all__ = [
    "AliasError",
    "BlueprintError",
    "CannotWrite",
    "ClusterError",
    "DatabaseError",
    "GroundTakenError",
    "LayersError",
    "NotHereError",
    "RefusedFile",
    "RegistryError",
    "SchemeFileError",
    "StageError",
    "StoreError",
    "UnknownLayer",
]
