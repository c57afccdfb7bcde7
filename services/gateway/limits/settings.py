"""The settings of the front door: rates, sizes, time-outs, proxies, browsers."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from libs.shared.origins import is_origin
from libs.shared.runtime import Settings
from services.gateway.limits.buckets import Rate
from services.gateway.limits.limiter import Rates
from services.gateway.limits.shapes import BodyShape


class LimitSettings(Settings):
    """Limits for clients: rates, sizes, time-outs, connections; trusted proxies and browsers' origins."""

    former_names: ClassVar[Mapping[str, str]] = {
        "header_timeout": "head_timeout",
        **{f"rate_limit_{kind}_per_second": f"rate_limit_{kind}" for kind in ("user", "key", "ip", "app")},
    }

    rate_limits: Literal["auto", "on", "off"] = Field("auto", description="auto: on in production only")
    rate_limit_user_per_second: float = Field(100.0, gt=0, description="requests a second of one user")
    rate_limit_user_burst: int = Field(500, gt=0, description="requests of one user at once")
    rate_limit_key_per_second: float = Field(100.0, gt=0, description="requests a second with one API key")
    rate_limit_key_burst: int = Field(500, gt=0, description="requests with one API key at once")
    rate_limit_ip_per_second: float = Field(50.0, gt=0, description="logins and refused requests a second per address")
    rate_limit_ip_burst: int = Field(20, gt=0, description="logins and refused requests of one address at once")
    rate_limit_app_per_second: float = Field(2000.0, gt=0, description="requests a second to one app")
    rate_limit_app_burst: int = Field(2000, gt=0, description="requests to one app at once")
    trusted_proxies: list[str] = Field([], description="addresses or networks whose X-Forwarded-For is believed")
    cors_origins: list[str] = Field([], description="origins whose pages may call every app, or *")
    hsts_seconds: int = Field(0, ge=0, description="how long browsers shall insist on HTTPS; 0: not said")
    max_url_bytes: int = Field(8190, gt=0, description="longest URL, in bytes")
    max_header_bytes: int = Field(16_380, gt=0, description="longest header, in bytes")
    max_headers: int = Field(100, gt=0, description="most headers of a request")
    max_query_parameters: int = Field(200, gt=0, description="most parameters of a URL")
    max_json_depth: int = Field(128, gt=0, description="levels that a JSON body may be nested")
    max_json_fields: int = Field(1000, gt=0, description="most fields of one object in a JSON body")
    max_json_items: int = Field(20_000, gt=0, description="most items of one array in a JSON body")
    max_json_containers: int = Field(200_000, gt=0, description="most objects and arrays in a JSON body")
    header_timeout: float = Field(10.0, gt=0, description="seconds in which a new connection's first request must come")
    idle_timeout: float = Field(75.0, gt=0, description="seconds a connection may wait for its next request")
    read_timeout: float = Field(30.0, gt=0, description="seconds in which a client must take some of its answer")
    max_connections: int = Field(10_000, gt=0, description="connections of clients at once, per gateway")
    max_connections_per_ip: int = Field(1000, gt=0, description="of one address that is no trusted proxy")

    @field_validator("trusted_proxies")
    @classmethod
    def proxies_are_networks(cls, value: list[str]) -> list[str]:
        """Refuse what is no address or network."""
        for network in value:
            ipaddress.ip_network(network, strict=False)
        return value

    @field_validator("cors_origins")
    @classmethod
    def origins_are_origins(cls, value: list[str]) -> list[str]:
        """Refuse what a browser would never send as an Origin."""
        if wrong := [origin for origin in value if not is_origin(origin)]:
            raise ValueError(f"{wrong[0]} is no origin such as https://app.example.com")
        return value

    @property
    def shape(self) -> BodyShape:
        """How deep and wide a JSON body may be."""
        return BodyShape(self.max_json_depth, self.max_json_fields, self.max_json_items, self.max_json_containers)

    @property
    def rates(self) -> Rates | None:
        """The allowed rate of a client; None where rates are not limited."""
        if self.rate_limits == "off" or (self.rate_limits == "auto" and self.env != "production"):
            return None
        return Rates(
            user=Rate(self.rate_limit_user_per_second, self.rate_limit_user_burst),
            key=Rate(self.rate_limit_key_per_second, self.rate_limit_key_burst),
            ip=Rate(self.rate_limit_ip_per_second, self.rate_limit_ip_burst),
            app=Rate(self.rate_limit_app_per_second, self.rate_limit_app_burst),
        )
