"""Military mobility in south-east Europe on open data: routes, redundancy, throughput, bottlenecks.

Policy analysis on public figures: no value is a bridge rating, a route clearance or a train path.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mobility.arcs import Options
    from mobility.bottlenecks import Bottlenecks, bottlenecks
    from mobility.check import check
    from mobility.closure import Closure, Window, closure
    from mobility.compliance import Compliance, compliance
    from mobility.contingency import Contingency, contingency
    from mobility.coverage import Capability, Status, capability, status
    from mobility.disruption import Disruption, disruption
    from mobility.dossier import Dossier, run
    from mobility.errors import Finding, InputError, MobilityError
    from mobility.explore import Page, explore
    from mobility.flows import Throughput, throughput
    from mobility.force import Force, force, forces
    from mobility.hazard import Area, Earthquake, Flood, HazardLoss, hazard
    from mobility.maps import plot, plot_disruption
    from mobility.montecarlo import MonteCarlo, monte_carlo
    from mobility.movement import MovementTable, movement_table
    from mobility.network import Network, load
    from mobility.osm import Import, import_osm
    from mobility.paths import Explanation, Redundancy, Routes, explain, redundancy, routes
    from mobility.policy import PolicyAnswer, policy
    from mobility.refine import Refinement, refine
    from mobility.reliability import Reliability, reliability
    from mobility.replay import Replay, replay
    from mobility.scale import Compact, Matrix, compact, index, matrix
    from mobility.scenario import Comparison, Scenario, compare, scenario, scenarios
    from mobility.selection import Project, projects
    from mobility.setback import Entries, Sensitivity, Setback, entries, sensitivity, setback
    from mobility.sweep import Study, Sweep, sweep
    from mobility.uncertainty import Uncertainty, uncertainty
    from mobility.upgrades import (
        BuildPlan,
        Coordination,
        Robust,
        Upgrade,
        coordination,
        robust,
        sequence,
        upgrade,
    )
    from mobility.value import CorridorValue, corridor_value
    from mobility.vehicle import Vehicle, vehicle, vehicles
    from mobility.worstcase import Protection, WorstCase, protection, worst_case

__version__ = "0.1.0"

_HOME = {
    "Options": "arcs", "check": "check",
    "Bottlenecks": "bottlenecks", "bottlenecks": "bottlenecks",
    "Contingency": "contingency", "contingency": "contingency", "Finding": "errors",
    "InputError": "errors", "MobilityError": "errors", "Throughput": "flows", "throughput": "flows",
    "Closure": "closure", "closure": "closure", "Window": "closure", "setback": "setback", "Setback": "setback",
    "sensitivity": "setback", "Sensitivity": "setback", "entries": "setback", "Entries": "setback",
    "Force": "force", "force": "force", "forces": "force",
    "Capability": "coverage", "Status": "coverage", "capability": "coverage", "status": "coverage",
    "Compliance": "compliance", "compliance": "compliance", "Uncertainty": "uncertainty",
    "uncertainty": "uncertainty",
    "MonteCarlo": "montecarlo", "monte_carlo": "montecarlo",
    "Project": "selection", "projects": "selection", "Upgrade": "upgrades", "upgrade": "upgrades",
    "BuildPlan": "upgrades", "Coordination": "upgrades", "Robust": "upgrades", "coordination": "upgrades",
    "robust": "upgrades", "sequence": "upgrades",
    "CorridorValue": "value", "corridor_value": "value",
    "MovementTable": "movement", "movement_table": "movement", "Replay": "replay", "replay": "replay",
    "Page": "explore", "explore": "explore",
    "Disruption": "disruption", "disruption": "disruption", "plot_disruption": "maps",
    "Import": "osm", "import_osm": "osm", "Refinement": "refine", "refine": "refine",
    "plot": "maps", "Network": "network", "load": "network", "Explanation": "paths", "Redundancy": "paths",
    "Routes": "paths", "explain": "paths", "redundancy": "paths", "routes": "paths", "Vehicle": "vehicle",
    "vehicle": "vehicle", "vehicles": "vehicle",
    "PolicyAnswer": "policy", "policy": "policy",
    "Reliability": "reliability", "reliability": "reliability",
    "Compact": "scale", "Matrix": "scale", "compact": "scale", "index": "scale", "matrix": "scale",
    "Comparison": "scenario", "Scenario": "scenario", "compare": "scenario", "scenario": "scenario",
    "scenarios": "scenario", "Dossier": "dossier", "run": "dossier",
    "Study": "sweep", "Sweep": "sweep", "sweep": "sweep",
    "Protection": "worstcase", "WorstCase": "worstcase", "protection": "worstcase", "worst_case": "worstcase",
    "Area": "hazard", "Earthquake": "hazard", "Flood": "hazard", "HazardLoss": "hazard", "hazard": "hazard",
}  # fmt: skip
"""Where each public name lives; it is imported when it is first asked for, so that ``mobility --help`` is quick."""

__all__ = [
    "Area",
    "Bottlenecks",
    "BuildPlan",
    "Capability",
    "Closure",
    "Compact",
    "Comparison",
    "Compliance",
    "Contingency",
    "Coordination",
    "CorridorValue",
    "Disruption",
    "Dossier",
    "Earthquake",
    "Entries",
    "Explanation",
    "Finding",
    "Flood",
    "Force",
    "HazardLoss",
    "Import",
    "InputError",
    "Matrix",
    "MobilityError",
    "MonteCarlo",
    "MovementTable",
    "Network",
    "Options",
    "Page",
    "PolicyAnswer",
    "Project",
    "Protection",
    "Redundancy",
    "Refinement",
    "Reliability",
    "Replay",
    "Robust",
    "Routes",
    "Scenario",
    "Sensitivity",
    "Setback",
    "Status",
    "Study",
    "Sweep",
    "Throughput",
    "Uncertainty",
    "Upgrade",
    "Vehicle",
    "Window",
    "WorstCase",
    "__version__",
    "bottlenecks",
    "capability",
    "check",
    "closure",
    "compact",
    "compare",
    "compliance",
    "contingency",
    "coordination",
    "corridor_value",
    "disruption",
    "entries",
    "explain",
    "explore",
    "force",
    "forces",
    "hazard",
    "import_osm",
    "index",
    "load",
    "matrix",
    "monte_carlo",
    "movement_table",
    "plot",
    "plot_disruption",
    "policy",
    "projects",
    "protection",
    "redundancy",
    "refine",
    "reliability",
    "replay",
    "robust",
    "routes",
    "run",
    "scenario",
    "scenarios",
    "sensitivity",
    "sequence",
    "setback",
    "status",
    "sweep",
    "throughput",
    "uncertainty",
    "upgrade",
    "vehicle",
    "vehicles",
    "worst_case",
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
