"""Settings, from the environment and from a file ``.env``; passed in, never read at import."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, computed_field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from store.buckets import Bucket, open_bucket

__all__ = ["Settings"]

# four numbers, or nothing
EXTENT = r"^(-?\d+(\.\d+)?(,-?\d+(\.\d+)?){3})?$"
_SIGNED_BY_KEY_PAIRS = frozenset(
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
)
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
    documents_url
        Address of the bucket in which documents are kept (``s3://bucket/prefix``); a folder in `home` where it is empty.
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
    workers
        How many processes of `luotu serve` answer.
    connections
        Most connections of one such process to the database.
    at_once
        How many requests one process works on before a caller's second one waits for its turn.
    requests_per_s
        How many requests a second of one caller (a key, else an address) a process takes in the long run; any number where it is 0.
    request_s
        How long an answer may take to begin; 503 after that.
    stop_s
        How long requests that are being answered may go on when the service is told to stop.
    trusted_proxies
        Addresses or networks of proxies in front, separated by commas: who calls through them is who they say, and never the
        local office.
    metrics
        Whether ``/metrics`` is served, to this machine and to whoever may observe.
    log_level, log_format
        Of what is logged to standard error: from which level on, and as lines of JSON or as text; where the format is empty,
        text on a terminal and JSON elsewhere.
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
    oidc_issuer, oidc_audience
        What tokens of the identity provider have to name as their issuer and their audience; no tokens are taken where the
        issuer is empty.
    oidc_jwks
        Where its keys (JWKS) are: an address with https, or the path of a file where the network is closed.
    oidc_algorithms
        Algorithms that it may sign by, separated by commas; of those with public keys only.
    oidc_subject_claim, oidc_office_claim, oidc_role_claim, oidc_division_claim
        Names of the claims that say who somebody is, of which office (by its code), in which role, in which district.
    oidc_leeway_s
        How far its clock may be from ours, in seconds.
    oidc_trust_claims
        Whether office, role and district of a token count where nobody has registered its subject as a user.
    confine
        Whether files from others are read in a confined process, or not at all (``strict``); where the kernel lacks what
        that takes, with limits of memory and time alone (``limits``); or in the server's own process (``off``).
    read_memory_mb, read_seconds
        Most memory, and time of the processor, that the reading of one file may take.
    """

    model_config = SettingsConfigDict(env_prefix="LUOTU_", env_file=".env", extra="ignore")

    home: Path = Field(default_factory=_home)
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    documents_url: str = Field(default="", validation_alias="LUOTU_DOCUMENTS")
    owner_url: str = ""
    database_name: str = "luotu"
    local_principal: bool = True
    public: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = Field(default=1, ge=1, le=64)
    connections: int = Field(default=16, ge=4, le=256)
    at_once: int = Field(default=2, ge=1, le=256)
    requests_per_s: float = Field(default=500.0, ge=0)
    request_s: float = Field(default=300.0, gt=0)
    stop_s: int = Field(default=30, ge=0)
    trusted_proxies: str = ""
    metrics: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["", "json", "text"] = ""
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
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_jwks: str = ""
    oidc_algorithms: str = "RS256,PS256,ES256,EdDSA"
    oidc_subject_claim: str = "sub"
    oidc_office_claim: str = "office"
    oidc_role_claim: str = "role"
    oidc_division_claim: str = "division"
    oidc_leeway_s: int = Field(default=30, ge=0, le=300)
    oidc_trust_claims: bool = False
    confine: Literal["strict", "limits", "off"] = "strict"
    read_memory_mb: int = Field(default=4096, ge=64)
    read_seconds: int = Field(default=120, ge=1)

    @property
    def documents(self) -> Path | Bucket:
        """The delivered bytes: a folder, or a bucket.

        Raises
        ------
        BucketError
            The bucket's address is none, or what reads buckets is not installed.
        """
        return open_bucket(self.documents_url, self.home / "recent") if self.documents_url else self.home / "documents"

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
    def token_algorithms(self) -> frozenset[str]:
        """Algorithms that the identity provider may sign by."""
        return frozenset(name.strip() for name in self.oidc_algorithms.split(",") if name.strip())

    @model_validator(mode="after")
    def _know_the_identity_provider(self) -> Self:
        """Refuse an identity provider of which nobody could tell whether a token is its own, and for us."""
        if not self.oidc_issuer:
            return self
        if not self.oidc_audience or not self.oidc_jwks:
            raise ValueError("LUOTU_OIDC_ISSUER needs LUOTU_OIDC_AUDIENCE and LUOTU_OIDC_JWKS")
        unsafe = self.token_algorithms - _SIGNED_BY_KEY_PAIRS
        if unsafe or not self.token_algorithms:
            raise ValueError(
                f"LUOTU_OIDC_ALGORITHMS may name {', '.join(sorted(_SIGNED_BY_KEY_PAIRS))}, not {', '.join(sorted(unsafe)) or 'nothing'}"
            )
        parts = urlsplit(self.oidc_jwks)
        if parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("LUOTU_OIDC_JWKS has to be https, a file, or on this machine: who changes it makes tokens")
        return self

    @property
    def callable_hosts(self) -> frozenset[str]:
        """Hosts that webhooks may go to."""
        return frozenset(host.strip().lower() for host in self.webhook_hosts.split(",") if host.strip())

    @computed_field  # type: ignore[prop-decorator]
    @property
    def cluster(self) -> Path:
        """Folder of the private cluster."""
        return self.home / "pg"
