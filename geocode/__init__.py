"""Footprint ⇄ code: exact, vectorised, with no files, no frames and no database."""

from geocode.codes import BuildingCode, parse, suggest
from geocode.crs import STORAGE_CRS, crs_gate, crs_name, to_storage
from geocode.decoding import DecodedCode, DecodedCodes, decode, decode_many
from geocode.encoding import EncodedFootprints, encode, encode_many
from geocode.errors import CodeError, CrsError, FootprintError, GeocodeError
from geocode.faults import Fault, Text
from geocode.footprints import find_faults

__version__ = "0.1.0"

__all__ = [
    "STORAGE_CRS",
    "BuildingCode",
    "CodeError",
    "CrsError",
    "DecodedCode",
    "DecodedCodes",
    "EncodedFootprints",
    "Fault",
    "FootprintError",
    "GeocodeError",
    "Text",
    "__version__",
    "crs_gate",
    "crs_name",
    "decode",
    "decode_many",
    "encode",
    "encode_many",
    "find_faults",
    "parse",
    "suggest",
    "to_storage",
]
