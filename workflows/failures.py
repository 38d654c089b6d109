"""The errors of the rooms below that a door answers to, gathered so that a door knows workflows alone."""

from blueprint.errors import BlueprintError
from layers.errors import CannotWrite, CatalogueFileError, ConfinementError, LayersError, RefusedFile, UnknownLayer
from registry.certificates.errors import FontError, RecordError
from registry.errors import AliasError, CityFileError, PackageError, RegistryError, StageError
from store.errors import (
    BucketError,
    ClusterError,
    DamagedDocumentError,
    DatabaseError,
    GroundTakenError,
    NotHereError,
    OtherSchemaError,
    QueryError,
    StoreError,
    UnfitValueError,
)

__all__ = [
    "AliasError",
    "BlueprintError",
    "BucketError",
    "CannotWrite",
    "CatalogueFileError",
    "CityFileError",
    "ClusterError",
    "ConfinementError",
    "DamagedDocumentError",
    "DatabaseError",
    "FontError",
    "GroundTakenError",
    "LayersError",
    "NotHereError",
    "OtherSchemaError",
    "PackageError",
    "QueryError",
    "RecordError",
    "RefusedFile",
    "RegistryError",
    "StageError",
    "StoreError",
    "UnfitValueError",
    "UnknownLayer",
]
