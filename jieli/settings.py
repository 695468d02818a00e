"""The environment, read once into a frozen value; nobody else reads os.environ for settings."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting of Jieli; the variable is the name in capitals with JIELI_ in front."""

    model_config = SettingsConfigDict(env_prefix="JIELI_", frozen=True, extra="ignore")

    profile: Literal["development", "production"] = "development"
    language: Literal["zh", "en"] = "zh"
    data_dir: Path = Field(default=Path(".jieli"), description="Databases, keys and logs.")
    definitions_dir: Path = Path("definitions")
    database_url: str | None = Field(default=None, description="Our store; default SQLite in data_dir.")
    files_url: str | None = Field(
        default=None, description="Where uploads are kept, any fsspec address; default in data_dir."
    )
    upload_photo_mb: float = Field(default=20.0, description="The largest photo or document.")
    upload_video_mb: float = Field(default=100.0, description="The largest video.")
    upload_case_mb: float = Field(default=300.0, description="All uploads of one case together.")
    upload_total_gb: float = Field(default=50.0, description="All uploads together.")
    prefect_database_url: str | None = Field(default=None, description="Prefect's own; default SQLite.")
    prefect_api_url: str = "http://127.0.0.1:4200/api"
    prefect_ui_url: str = "http://127.0.0.1:4200"
    prefect_auth: str | None = Field(default=None, description="user:password of Prefect's server.")
    public_url: str = Field(default="http://127.0.0.1:8080", description="Links are built from it.")
    web_host: str = "127.0.0.1"
    web_port: int = 8080
    trusted_proxies: str | None = Field(
        default=None, description="Addresses of the reverse proxies that say where a request is from."
    )
    staff_port: int = Field(default=8081, description="Pages without a PIN; always on loopback.")
    link_keys: str | None = Field(default=None, description="Key ring: kid:base64[,kid:base64…], newest last.")
    work_pool: str = "jieli"
    worker_type: Literal["jieli", "process"] = Field(
        default="jieli", description="The pool's type: our own worker, or Prefect's process worker."
    )
    wakes_per_second: float = Field(default=4.0, description="Beyond it the clock serves the backlog.")

    @cached_property
    def files_store(self) -> str:
        """The fsspec address of the file store."""
        return self.files_url or f"file://{(self.data_dir / 'files').resolve()}"

    @cached_property
    def store_url(self) -> str:
        """The SQLAlchemy address of our store."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'jieli.db').resolve()}"
