"""Settings from the environment (prefix STARHAUL_) with the embedded defaults."""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEFAULT_AUTHORITY = "ivo://x-unregistered/starhaul"


class Settings(BaseSettings):
    """Everything a process of the archive needs to know. `starhaul up` fills what is not set."""

    model_config = SettingsConfigDict(env_prefix="STARHAUL_", extra="ignore", frozen=False)

    home_dir: Path = Field(
        default=Path("~/.starhaul"), description="where the embedded parts keep their data"
    )
    database_url: str | None = Field(
        default=None,
        pattern=r"^postgres(ql)?://",
        repr=False,
        description="postgresql:// URL of the owner; unset: the embedded server",
    )
    read_database_url: str | None = Field(
        default=None,
        pattern=r"^postgres(ql)?://",
        repr=False,
        description="postgresql:// URL that logs in as starhaul_reader; may be a replica",
    )
    upload_database_url: str | None = Field(
        default=None,
        pattern=r"^postgres(ql)?://",
        repr=False,
        description="the same on the primary, for queries with uploads; unset: read_database_url",
    )
    redis_url: str | None = Field(
        default=None,
        pattern=r"^rediss?://",
        repr=False,
        description="redis:// URL; unset: the embedded server",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000", description="the URL users reach the archive by"
    )
    work_store: str | None = Field(
        default=None,
        description="for results, uploads and staged products: s3://bucket/prefix, or a directory "
        "that all hosts share",
    )
    authority: str = Field(
        default=DEFAULT_AUTHORITY, description="the ivo:// authority of every obs_publisher_did"
    )
    publisher_toml: Path | None = Field(
        default=None,
        description="who publishes the archive, as registries tell it; unset: publisher.toml in "
        "the home directory",
    )
    trusted_proxies: list[str] = Field(
        default_factory=list, description="addresses whose X-Forwarded-* headers count"
    )
    title: str = Field(default="Starhaul archive", description="the archive's name on its pages")
    interactive_slots: int = Field(default=4, ge=1, description="running TAP jobs at most")
    preview_slots: int = Field(default=2, ge=1, description="previews drawn at once at most")
    bulk_slots: int = Field(default=2, ge=1, description="running bulk jobs at most")
    background_slots: int = Field(default=2, ge=1, description="running background tasks at most")
    bulk_streams: int = Field(
        default=240, ge=1, description="parts and files that are sent at once at most"
    )
    bulk_streams_per_user: int = Field(
        default=80, ge=1, description="the same to one principal, or one anonymous address"
    )
    bulk_bytes_per_s: int | None = Field(
        default=None, ge=1, description="bytes of parts and files a second, to all; unset: any"
    )
    bulk_bytes_per_s_per_user: int | None = Field(
        default=None, ge=1, description="the same to one user; unset: any"
    )
    bulk_readers: int | None = Field(
        default=None,
        ge=0,
        description="processes of each API that read and send the files of parts; unset: one for "
        "each core, 8 at most",
    )
    bulk_cache_bytes: int = Field(
        default=8 * 2**30, ge=0, description="what a host keeps of the layouts of bulk parts"
    )
    preview_bytes: int = Field(
        default=10 * 2**30, ge=0, description="previews that the work store keeps"
    )
    preview_days: int = Field(
        default=365, ge=1, description="days that a preview is kept while nobody asks for it"
    )
    hash_parts: Literal["all", "local", "none"] = Field(
        default="local",
        description="which parts are hashed in the background: all, those without a file of a "
        "bucket, none",
    )
    bulk_members: int = Field(default=5_000_000, ge=1, description="most files of a bulk job")
    cutout_combinations: int = Field(
        default=1_000, ge=1, description="results of one job of cutouts at most"
    )
    cutouts_per_task: int = Field(
        default=2000, ge=1, description="cutouts that a worker makes before others have their turn"
    )
    query_timeout_s: float = Field(
        default=60.0, gt=0, description="seconds a synchronous query may take to its first row"
    )
    default_maxrec: int | None = Field(default=None, ge=0, description="rows when MAXREC is absent")
    datalink_ids: int = Field(
        default=10_000, ge=1, description="identifiers that one list of links is made for"
    )
    max_body_bytes: int = Field(default=16 * 2**20, ge=1, description="largest form body")
    upload_bytes: int = Field(
        default=512 * 2**20, ge=1, description="largest uploads of a query, as files"
    )
    upload_fetch_timeout_s: float = Field(
        default=60.0, gt=0, description="seconds an upload by URL may take to fetch"
    )
    upload_private_hosts: list[str] = Field(
        default_factory=list,
        description="hosts and networks beside the public internet that uploads are fetched from",
    )

    @field_validator("work_store")
    @classmethod
    def _is_store(cls, value: str | None) -> str | None:
        if value is not None and "://" in value and not value.startswith("s3://"):
            raise ValueError("the work store is a directory or s3://bucket/prefix")
        return value

    @cached_property
    def home(self) -> Path:
        """The home directory, absolute."""
        return self.home_dir.expanduser().absolute()

    @property
    def work_store_url(self) -> str:
        """The work store; below the home directory unless it is set."""
        return self.work_store or str(self.home / "work")

    @property
    def scratch(self) -> Path:
        """A directory of this host for what passes: bodies of requests, rows that wait."""
        if self.work_store is None or "://" in self.work_store:
            return self.home / "work"
        return Path(self.work_store)

    @property
    def publisher_file(self) -> Path:
        """Where who publishes the archive is written."""
        return (self.publisher_toml or self.home / "publisher.toml").expanduser()

    @property
    def base_url(self) -> str:
        """PUBLIC_URL without a trailing slash: what every absolute link begins with."""
        return self.public_url.rstrip("/")
