"""Settings, from the environment and from a file ``.env``; passed in, never read at import."""

from pathlib import Path
from typing import Literal

from pydantic import Field, computed_field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]

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
    database_name
        Name of the database in the private cluster.
    local_principal
        Whether a caller on this machine without a key is the local demonstration office.
    host, port
        Where `luotu serve` listens.
    language
        Language of the command line; by the locale where it is empty.
    upload_limit_mb
        Largest delivery over HTTP.
    footprint_accuracy_m
        Positional accuracy (standard deviation) of a drawn or surveyed footprint's boundary, in metres.
    city_codes
        Path of the file with the city's own schemes of building codes; none where it is empty.
    """

    model_config = SettingsConfigDict(env_prefix="LUOTU_", env_file=".env", extra="ignore")

    home: Path = Field(default_factory=_home)
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    database_name: str = "luotu"
    local_principal: bool = True
    host: str = "127.0.0.1"
    port: int = 8000
    language: Literal["", "zh", "en"] = ""
    upload_limit_mb: int = 200
    footprint_accuracy_m: float = 0.05
    city_codes: str = ""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def documents(self) -> Path:
        """Folder of the delivered bytes."""
        return self.home / "documents"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def cluster(self) -> Path:
        """Folder of the private cluster."""
        return self.home / "pg"
