"""A small network made by hand, one answer of every kind on it, and the stored pictures that maps are held against.

``python tests/pictures.py`` draws the stored pictures anew; look at them before you commit them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

import mobility as mb
from mobility import maps
from mobility.force import Element, Force
from mobility.value import corridor_value
from mobility.worstcase import worst_case

STORED = Path(__file__).parent / "images"
DPI = 51
"""A4 at 596 by 421 dots."""

NODES = """
node_id,name,country,country2,kind,lat,lon
DU,Durrës,AL,,seaport,41.31,19.45
TI,Tirana,AL,,city,41.33,19.82
EL,Elbasan,AL,,city,41.11,20.08
QT,Qafë Thanë,AL,MK,border_crossing,41.08,20.62
SK,Skopje,MK,,intermodal_terminal,42.00,21.43
KU,Kumanovo,MK,,city,42.13,21.71
PR,Prishtina,XK,,city,42.66,21.16
NI,Niš,RS,,intermodal_terminal,43.32,21.90
BE,Belgrade,RS,,intermodal_terminal,44.80,20.47
GY,Gyueshevo,BG,MK,border_crossing,42.23,22.50
SO,Sofia,BG,,intermodal_terminal,42.70,23.32
PL,Plovdiv,BG,,city,42.14,24.75
BU,Burgas,BG,,seaport,42.50,27.47
VI,Vidin,BG,,intermodal_terminal,43.99,22.88
TH,Thessaloniki,GR,,seaport,40.64,22.94
PA,Patras,GR,,seaport,38.25,21.73
"""

LINKS = """
link_id,from_node,to_node,mode,corridors,length_km,speed_kmh,capacity,status,open_year,mlc_wheeled,max_axle_t,how
R1,DU,TI,road,VIII,38,60,356,operational,,80,11.5,wave
R2,TI,EL,road,VIII,54,50,154,operational,,50,11.5,wave
R3,EL,QT,road,VIII,70,45,131,operational,,50,11.5,town
R4,QT,SK,road,VIII,130,60,327,operational,,100,11.5,
R5,SK,KU,road,VIII;X,35,80,356,operational,,100,11.5,wave
R6,KU,GY,road,VIII,68,50,154,operational,,70,,wave
R7,GY,SO,road,VIII,105,60,309,operational,,70,11.5,wave
R8,SO,PL,road,X,146,80,356,operational,,100,11.5,wave
R9,PL,BU,road,VIII,258,80,356,operational,,100,11.5,wave
R10,KU,NI,road,X,158,80,356,operational,,100,11.5,wave
R11,NI,BE,road,X,240,80,356,operational,,80,11.5,wave
R12,SK,TH,road,X,233,80,356,operational,,120,11.5,wave
R13,NI,SO,road,X,160,70,330,operational,,70,11.5,wave
R14,SK,PR,road,,92,60,154,operational,,,,
R15,PR,NI,road,,128,50,131,planned,2033,,,
R16,TH,SO,road,,302,70,327,operational,,70,11.5,wave
R17,DU,PR,road,,260,60,154,operational,,50,11.5,town
L1,SK,KU,rail,VIII;X,38,45,45,operational,,,22.5,beside
L2,KU,NI,rail,X,160,45,24,operational,,,22.5,beside
L3,NI,BE,rail,X,244,50,60,operational,,,22.5,beside
L4,SK,TH,rail,X,241,45,45,operational,,,20,beside
L5,KU,GY,rail,VIII,57,50,24,under_construction,2028,,22.5,
L6,GY,SO,rail,VIII,134,40,24,missing,2031,,22.5,
L7,SO,PL,rail,X,156,60,120,operational,,,22.5,beside
L8,PL,BU,rail,VIII,294,50,72,operational,,,22.5,beside
L9,NI,SO,rail,X,167,35,24,operational,,,20,beside
L10,DU,TI,rail,VIII,38,30,10,closed,,,18,beside
L11,SO,VI,rail,,266,35,24,operational,,,,wave
S1,DU,PA,sea,,430,30,2,operational,,,,lane
S2,PA,TH,sea,,770,30,1,operational,,,,lane
W1,VI,BE,waterway,,380,9,1,operational,,,,wave
"""

ASK: dict[str, Any] = {"origin": ["DU", "TH"], "destination": "BU"}


def _frame(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text.strip()), keep_default_na=False)


def _line(a: Any, b: Any, how: str) -> np.ndarray[Any, Any]:
    """Return a course between two points: a wave with small bends, the same a little aside, or by way of a town."""
    t = np.linspace(0, 1, 80)[:, None]
    across = np.array([a[1] - b[1], b[0] - a[0]])
    if how == "town":
        return np.array([a, (a + b) / 2 + 0.12 * across, b])
    if how == "lane":
        return np.array([a, a - np.array((0.6, 0.9)), (19.6, 35.9), (23.3, 35.9), b + np.array((1.3, -1.5)), b])
    wave = 0.09 * np.sin(2 * np.pi * t) + 0.012 * np.sin(40 * np.pi * t) * np.sin(np.pi * t)
    return np.asarray(a + t * (b - a) + (wave + 0.01 * (how == "beside") * np.sin(np.pi * t)) * across)


def network(folder: Path) -> mb.Network:
    """Write the network into a new folder and load it, so that it has drawn lines."""
    nodes, links = _frame(NODES), _frame(LINKS)
    spot = {n: np.array(xy) for n, *xy in zip(nodes["node_id"], nodes["lon"], nodes["lat"], strict=True)}
    method = {"wave": "traced", "beside": "traced", "town": "schematic", "lane": "lane"}
    features = [
        {
            "type": "Feature",
            "properties": {"link_id": r.link_id, "method": "river" if r.mode == "waterway" else method[r.how]},
            "geometry": {
                "type": "LineString",
                "coordinates": _line(spot[r.from_node], spot[r.to_node], r.how).tolist(),
            },
        }
        for r in links.itertuples()
        if r.how
    ]
    column = {"road": "capacity_veh_h", "rail": "capacity_trains_day"}
    for mode, name in [*column.items(), ("sea", "capacity_sailings_day")]:
        links[name] = [
            c if (m if m in column else "sea") == mode else ""
            for m, c in zip(links["mode"], links.capacity, strict=True)
        ]
    links["ship_lane_m"] = [1000 if m in ("sea", "waterway") else "" for m in links["mode"]]
    links["max_metre_load_t"] = [
        8 if m == "rail" and a else "" for m, a in zip(links["mode"], links.max_axle_t, strict=True)
    ]
    links["estimated"] = [
        "mlc_wheeled" if m == "road" and v else "" for m, v in zip(links["mode"], links.mlc_wheeled, strict=True)
    ]
    links["confidence"] = ["low" if i in ("R17", "L9") else "medium" if i[0] == "R" else "high" for i in links.link_id]
    terminals = pd.DataFrame(
        [(n, "road", m, 4, 200) for n, m in (("SK", "rail"), ("SO", "rail"), ("BE", "rail"), ("TH", "sea"))]
        + [("DU", "road", "sea", 6, 300), ("VI", "rail", "waterway", 6, 90)],
        columns=["node_id", "from_mode", "to_mode", "transfer_h", "capacity_veh_day"],
    )
    corridors = pd.DataFrame({"corridor_id": ["VIII", "X"], "name": ["VIII", "X"], "mode": "road", "alignment": "R1"})
    folder.mkdir(parents=True)
    tables = {"nodes": nodes, "links": links.drop(columns=["capacity", "how"]), "terminals": terminals}
    for name, table in {**tables, "corridors": corridors}.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    (folder / "alignments.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return mb.load(folder)


KINDS: dict[str, Callable[[mb.Network], Any]] = {
    "corridors": lambda net: net,
    "capability": lambda net: mb.capability(net, "tank-on-4-axle-wagon"),
    "status": lambda net: mb.status(net, (2029, 2032, 2035)),
    "routes": lambda net: mb.routes(net, **ASK, k=3),
    "redundancy": lambda net: mb.redundancy(net, **ASK),
    "explanation": lambda net: mb.explain(net, "DU", "BU", vehicle="main-battle-tank", modes="road"),
    "throughput": lambda net: mb.throughput(net, **ASK, share=0.3),
    "contingency": lambda net: mb.contingency(net, **ASK, share=0.3),
    "pairs": lambda net: mb.contingency(net, **ASK, share=0.3, n=2),
    "closure": lambda net: mb.closure(net, **ASK, share=0.3, force=Force("column", (Element("any", 900),))),
    "bottlenecks": lambda net: mb.bottlenecks(net, **ASK, share=0.3),
    "worst-case": lambda net: worst_case(net, **ASK, share=0.3, k=2),
    "corridor-value": lambda net: corridor_value(net, **ASK, share=0.3, players=["VIII", "X"]),
    "reliability": lambda net: mb.reliability(net, **ASK, fail=0.1),
    "monte-carlo": lambda net: mb.monte_carlo(net, **ASK, share=0.3, fail=0.1, runs=400),
    "earthquake": lambda net: mb.hazard(net, **ASK, share=0.3, event=mb.Earthquake(42.0, 21.43, 6.3), runs=300),
    "flood": lambda net: mb.hazard(net, **ASK, share=0.3, event=mb.Flood((41.4, 19.8, 60.0), 2.0), runs=300),
}
"""What draws each kind of picture."""


def far(one: Path, two: Path) -> float:
    """Return how far two pictures are apart: root mean square of 0 to 255, each dot averaged with its neighbours."""
    a, b = (np.asarray(Image.open(p).convert("RGB"), float) for p in (one, two))
    if a.shape != b.shape:
        return 255.0
    gap = a - b
    for axis in (0, 1):
        gap = (np.roll(gap, 1, axis) + gap + np.roll(gap, -1, axis)) / 3
    return float(np.sqrt((gap**2).mean()))


def store(drawn: Path, stored: Path) -> None:
    """Keep a picture with 160 colours, which is half of the bytes."""
    Image.open(drawn).convert("RGB").quantize(160, dither=Image.Dither.NONE).save(stored, optimize=True)


def main() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        net = network(Path(folder, "net"))
        for kind, ask in KINDS.items():
            path = Path(folder, f"{kind}.png")
            maps.plot(ask(net), path=path, dpi=DPI)
            store(path, STORED / path.name)
            print(
                f"{kind}: {(STORED / path.name).stat().st_size / 1000:.0f} KB, {far(path, STORED / path.name):.2f} off"
            )


if __name__ == "__main__":
    main()
