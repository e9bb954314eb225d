"""Military mobility in south-east Europe on open data: routes, redundancy, throughput, bottlenecks.

Policy analysis on public figures: no value is a bridge rating, a route clearance or a train path.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mobility.arcs import Options
    from mobility.check import check
    from mobility.contingency import Contingency, contingency
    from mobility.errors import Finding, InputError, MobilityError
    from mobility.flows import Throughput, throughput
    from mobility.force import Force, force, forces
    from mobility.maps import plot
    from mobility.network import Network, load
    from mobility.paths import Explanation, Redundancy, Routes, explain, redundancy, routes
    from mobility.vehicle import Vehicle, vehicle, vehicles

__version__ = "0.1.0"

_HOME = {
    "Options": "arcs", "check": "check",
    "Contingency": "contingency", "contingency": "contingency", "Finding": "errors",
    "InputError": "errors", "MobilityError": "errors", "Throughput": "flows", "throughput": "flows",
    "Force": "force", "force": "force", "forces": "force",
    "plot": "maps", "Network": "network", "load": "network", "Explanation": "paths", "Redundancy": "paths",
    "Routes": "paths", "explain": "paths", "redundancy": "paths", "routes": "paths", "Vehicle": "vehicle",
    "vehicle": "vehicle", "vehicles": "vehicle",
}  # fmt: skip
"""Where each public name lives; it is imported when it is first asked for, so that ``mobility --help`` is quick."""

__all__ = [
    "Contingency",
    "Explanation",
    "Finding",
    "Force",
    "InputError",
    "MobilityError",
    "Network",
    "Options",
    "Redundancy",
    "Routes",
    "Throughput",
    "Vehicle",
    "__version__",
    "check",
    "contingency",
    "explain",
    "force",
    "forces",
    "load",
    "plot",
    "redundancy",
    "routes",
    "throughput",
    "vehicle",
    "vehicles",
]


class _Package(ModuleType):
    """Keeps ``mobility.check`` the function: importing a submodule would put the module in its place."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mobility' has no attribute {name!r}")
    value = getattr(import_module(f"mobility.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
