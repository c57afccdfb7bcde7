"""The settings of the data service."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from libs.shared.postgres.pools import MIN_CONNECTIONS
from libs.shared.runtime import KeyedSettings


class DataSettings(KeyedSettings):
    """The data service does most of the work, so it gets the most connections."""

    files_access: Literal["authenticated", "record"] = Field(
        "authenticated", description="who may download a file: every user, or who may read a record that holds it"
    )

    included_records: int = Field(1_000, gt=0, description="related records of one record and include in an answer")

    page_bytes: int = Field(8 * 1024 * 1024, ge=64 * 1024, description="bytes of an answer's records; more are 413")

    aggregate_groups: int = Field(100_000, gt=0, description="groups of one aggregate, over all its pages")

    export_timeout: float = Field(3600.0, gt=0, description="seconds an export may take, however slowly it is read")

    import_jobs: int = Field(2, gt=0, le=100, description="imports of one app that run at once; others wait")

    import_days: int = Field(30, ge=8, le=3650, description="days for which ended imports and refused rows are kept")

    database_connections: int = Field(24, ge=MIN_CONNECTIONS, description="as of every service")
