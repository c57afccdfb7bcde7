"""The gateway's settings; those of accounts and limits are in their folders."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from services.gateway.identity.settings import IdentitySettings
from services.gateway.limits.settings import LimitSettings
from services.gateway.live.streams import MaxStreams

ADMIN_FOLDER = str(Path(__file__).resolve().parents[2] / "admin" / "dist")


class GatewaySettings(LimitSettings, IdentitySettings):
    """Ports, bodies, files, live streams."""

    http_port: int = Field(8080, ge=0, le=65535, description="port of the REST API")
    request_timeout: float = Field(10.0, gt=0, description="seconds from the request's arrival to the answer")
    body_timeout: float = Field(30.0, gt=0, description="seconds in which a request's body must arrive")
    max_body_bytes: int = Field(10 * 1024 * 1024, gt=0, description="largest JSON body, in bytes")
    max_file_bytes: int = Field(10 * 1024 * 1024, gt=0, description="largest uploaded file, in bytes")
    file_types: list[str] = Field([], description="types that may be uploaded, such as image/*; empty: all")
    import_max_bytes: int = Field(256 * 1024 * 1024, gt=0, description="largest file that is imported, in bytes")
    import_max_rows: int = Field(1_000_000, gt=0, description="rows of the largest file that is imported")
    upload_timeout: float = Field(300.0, gt=0, description="seconds in which an upload must arrive")
    admin_folder: str = Field(ADMIN_FOLDER, description="folder of the built Admin UI")
    storage_url: str = Field("", description="where files go: empty for data_dir/files, or s3://bucket/prefix")
    live_per_user: int = Field(20, gt=0, description="live streams of one user at once, per gateway")
    live_per_app: int = Field(500, gt=0, description="live streams of one app at once, per gateway")
    live_streams: int = Field(2000, gt=0, description="live streams at once, per gateway")

    @property
    def max_streams(self) -> MaxStreams:
        """How many live streams there may be."""
        return MaxStreams(self.live_per_user, self.live_per_app, self.live_streams)
