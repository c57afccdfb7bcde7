"""Every setting can be given in compose and Kubernetes, or is deliberately left to app.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from libs.shared.contracts.operations import SERVICES
from libs.shared.runtime.settings import ROOT, KeyedSettings, Settings
from services.data.settings import DataSettings
from services.events.settings import EventsSettings
from services.gateway.settings import GatewaySettings
from services.notify.settings import NotifySettings
from services.webhook.settings import WebhookSettings
from tests.deploy.schemas.compose import compose_file

SETTINGS: Mapping[str, type[Settings]] = {
    **dict.fromkeys(SERVICES, Settings),
    "metadata": KeyedSettings,
    "gateway": GatewaySettings,
    "data": DataSettings,
    "webhook": WebhookSettings,
    "notify": NotifySettings,
    "events": EventsSettings,
}
BY_THE_IMAGE = {"admin_folder", "http_host", "http_port", "data_dir", "log_format", "replica", "env"}
"""What follows from where a service runs: the image or its container's name says it."""
ONE_MACHINE = {"stream_replicas"}
"""Compose starts one NATS."""
TUNING = {
    "database_connections", "replay_duty_cycle", "drain_seconds", "request_timeout", "body_timeout", "max_body_bytes",
    "upload_timeout", "bcrypt_rounds", "live_per_user", "live_per_app", "live_streams", "header_timeout",
    "idle_timeout", "read_timeout", "max_connections", "max_connections_per_ip", "max_url_bytes",
    "max_header_bytes", "max_headers", "max_query_parameters", "max_json_depth", "max_json_fields",
    "max_json_items", "max_json_containers", "rate_limit_user_per_second", "rate_limit_user_burst",
    "rate_limit_key_per_second", "rate_limit_key_burst", "rate_limit_ip_per_second", "rate_limit_ip_burst",
    "rate_limit_app_per_second", "rate_limit_app_burst",
    "webhook_timeout", "webhook_sync_timeout", "webhook_retry_seconds", "webhook_retry_after_max",
    "webhook_concurrency", "webhook_concurrency_per_hook", "webhook_circuit_failures", "webhook_circuit_seconds",
    "webhook_disable_days", "smtp_timeout", "notify_retry_seconds", "export_timeout",
    "included_records", "page_bytes", "aggregate_groups",
    "import_max_bytes", "import_max_rows", "import_jobs", "import_days",
    "instrumentation_enabled", "sampling_rate",
}  # fmt: skip
"""What fits most as it is; with compose it is changed in an app.yaml of one's own, mounted over the image's."""
SECRET = {
    "database_url", "nats_url", "secret_key", "previous_secret_keys", "platform_admin_password", "smtp_password",
    "subscribers_secret",
}  # fmt: skip
"""What must not stand in a ConfigMap, which every pod is given."""


@pytest.mark.parametrize("service", SERVICES)
def test_compose_passes_every_setting_on(service: str) -> None:
    passed = _names(compose_file()["services"][service]["environment"])
    missing = set(SETTINGS[service].model_fields) - passed - BY_THE_IMAGE - ONE_MACHINE - TUNING
    assert not missing, "neither passed on nor left to app.yaml on purpose"


@pytest.mark.parametrize("service", SERVICES)
def test_kubernetes_gives_each_secret_to_its_readers(service: str) -> None:
    """Everything else can stand in an overlay's settings.env, which all pods are given."""
    path = ROOT / "deploy/k8s/base/services"
    files = [yaml.safe_load_all((path / f"{name}.yaml").read_text(encoding="utf-8")) for name in (service, "common")]
    given = {
        entry["name"]
        for each in files
        for item in each
        if item["kind"] == "Deployment"
        for container in item["spec"]["template"]["spec"]["containers"]
        for entry in container.get("env", ())
    }
    assert SECRET & set(SETTINGS[service].model_fields) <= _names(dict.fromkeys(given))


def test_settings_left_to_app_yaml_are_in_it() -> None:
    known = yaml.safe_load((ROOT / "app.yaml").read_text(encoding="utf-8"))
    assert known.keys() >= TUNING
    assert not SECRET & known.keys()


def test_exceptions_name_existing_settings() -> None:
    fields = set().union(*(settings.model_fields for settings in SETTINGS.values()))
    assert fields >= BY_THE_IMAGE | ONE_MACHINE | TUNING | SECRET


def _names(environment: Mapping[str, Any]) -> set[str]:
    """The settings that these variables are."""
    return {name.removeprefix("ROCKET_").lower() for name in environment if name.startswith("ROCKET_")}
