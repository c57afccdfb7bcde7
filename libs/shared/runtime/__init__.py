"""How services run: `run(SERVICE)` is all a main needs."""

from libs.shared.runtime.run import run
from libs.shared.runtime.service import Core, Handler, Service
from libs.shared.runtime.settings import KeyedSettings, Settings

__all__ = ["Core", "Handler", "KeyedSettings", "Service", "Settings", "run"]
