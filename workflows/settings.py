"""Settings, from the environment and from a file ``.env``; passed in, never read at import."""

from pathlib import Path
from typing import Literal

from pydantic import Field, computed_field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]

# four numbers, or nothing
EXTENT = r"^(-?\d+(\.\d+)?(,-?\d+(\.\d+)?){3})?$"
_PROJECT = Path(__file__).resolve().parents[1]


def _home() -> Path:
    """Return where the project keeps what it makes: ``var`` in a checkout, else the user's own data folder."""
    if (_PROJECT / "pyproject.toml").exists():
        return _PROJECT / "var"
    return Path.home() / ".local" / "share" / "luotu"


class Settings(BaseSettings):
    """What an installation may set. Names in the environment begin with ``LUOTU_``, but for ``DATABASE_URL``.

    Attributes
    ----------
    home
        Folder of the private cluster and of the documents.
    database_url
        SQLAlchemy URL of a PostGIS server; the private cluster where it is empty.
    owner_url
        SQLAlchemy URL of the role that owns that server's tables, by which `luotu db start` migrates; `database_url` itself
        where it is empty.
    database_name
        Name of the database in the private cluster.
    local_principal
        Whether a caller on this machine without a key is the local demonstration office.
    public
        Whether a caller without a key is the public: told redacted what a code means, given proofs of events.
    host, port
        Where `luotu serve` listens.
    language
        Language of the command line; by the locale where it is empty.
    upload_limit_mb
        Largest delivery over HTTP.
    document_limit_mb
        Largest drawing, report or certificate that is kept.
    fonts
        Folder of fonts for certificates, beside those of the system.
    public_url
        Address of this installation as others reach it: what a certificate's QR code leads to. Empty: the code holds the
        proof itself.
    footprint_accuracy_m
        Positional accuracy (standard deviation) of a drawn or surveyed footprint's boundary, in metres.
    city_codes
        Path of the file with the city's own schemes of building codes; none where it is empty.
    stages
        Path of the file with the city's own stages, deadlines, tolerances and calendar; none where it is empty.
    rules
        Path of the file with the city's own rules, classes and matrices; the seed alone where it is empty.
    layers
        Path of the file with the city's own layers, classes, owners, fields and code lists; none where it is empty.
    extent
        Where the offices of this installation work that have no extent of their own: west, south, east, north in degrees,
        separated by commas. It tells the zone of deliveries that state no CRS.
    datum
        ``CGCS2000`` where deliveries that state no CRS are in its zones, or in a local system; where it is empty they are
        asked about.
    local_systems
        Path of the file with the city's own coordinate systems on CGCS2000; none where it is empty.
    export_area_km2
        Most ground that a person may export without an approval, all exports together.
    webhook_hosts
        Hosts of sister systems that webhooks may go to, separated by commas; no other host is ever called.
    trusted_keys
        Path of the file with the public keys of sister systems whose packages are taken over, one a line.
    confine
        Whether files from others are read in a confined process, or not at all (``strict``); where the kernel lacks what
        that takes, with limits of memory and time alone (``limits``); or in the server's own process (``off``).
    read_memory_mb, read_seconds
        Most memory, and time of the processor, that the reading of one file may take.
    """

    model_config = SettingsConfigDict(env_prefix="LUOTU_", env_file=".env", extra="ignore")

    home: Path = Field(default_factory=_home)
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    owner_url: str = ""
    database_name: str = "luotu"
    local_principal: bool = True
    public: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    language: Literal["", "zh", "en"] = ""
    upload_limit_mb: int = 200
    document_limit_mb: int = 100
    fonts: Path | None = None
    public_url: str = ""
    footprint_accuracy_m: float = 0.05
    city_codes: str = ""
    stages: str = ""
    layers: str = ""
    rules: str = ""
    extent: str = Field(default="", pattern=EXTENT)
    datum: Literal["", "CGCS2000"] = ""
    local_systems: str = ""
    export_area_km2: float = Field(default=25.0, ge=0)
    webhook_hosts: str = ""
    trusted_keys: str = ""
    confine: Literal["strict", "limits", "off"] = "strict"
    read_memory_mb: int = Field(default=4096, ge=64)
    read_seconds: int = Field(default=120, ge=1)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def documents(self) -> Path:
        """Folder of the delivered bytes."""
        return self.home / "documents"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def keys(self) -> Path:
        """Folder of the keys that sign the ledger's heads."""
        return self.home / "keys"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def checkpoints(self) -> Path:
        """Folder of the ledger's signed heads, kept apart from the database."""
        return self.home / "checkpoints"

    @property
    def callable_hosts(self) -> frozenset[str]:
        """Hosts that webhooks may go to."""
        return frozenset(host.strip().lower() for host in self.webhook_hosts.split(",") if host.strip())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def cluster(self) -> Path:
        """Folder of the private cluster."""
        return self.home / "pg"
