# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # 7 · Bring your own network
#
# Everything in these notebooks works on any network. Two tables make one: places, and the links between them. Three
# columns tell a place, five a link. What is left empty is unknown, and unknown is neither zero nor unlimited.
#
# The network here is made up: eight places in the Baltic states, with round figures.

# %%
import pandas as pd

import mobility as mb

nodes = pd.DataFrame(
    [
        ("KLA", 55.71, 21.13, "Klaipėda", "LT", "seaport"),
        ("KAU", 54.90, 23.89, "Kaunas", "LT", "city"),
        ("VIL", 54.69, 25.28, "Vilnius", "LT", "city"),
        ("PAN", 55.73, 24.36, "Panevėžys", "LT", "city"),
        ("RIX", 56.95, 24.11, "Riga", "LV", "seaport"),
        ("DAU", 55.87, 26.53, "Daugavpils", "LV", "city"),
        ("VAL", 57.78, 26.03, "Valga", "EE", "city"),
        ("TLL", 59.44, 24.75, "Tallinn", "EE", "seaport"),
    ],
    columns=["node_id", "lat", "lon", "name", "country", "kind"],
)
links = pd.DataFrame(
    [
        ("r1", "KLA", "KAU", "road", 212, 80, 1200, 80),
        ("r2", "KAU", "VIL", "road", 104, 80, 1500, 80),
        ("r3", "KAU", "PAN", "road", 110, 75, 900, 80),
        ("r4", "VIL", "PAN", "road", 136, 80, 1200, 80),
        ("r5", "PAN", "RIX", "road", 154, 70, 700, 60),
        ("r6", "VIL", "DAU", "road", 180, 65, 500, 50),
        ("r7", "DAU", "RIX", "road", 225, 65, 500, None),
        ("r8", "RIX", "VAL", "road", 160, 70, 600, 60),
        ("r9", "RIX", "TLL", "road", 310, 75, 800, 80),
        ("r10", "VAL", "TLL", "road", 250, 70, 600, 60),
    ],
    columns=["link_id", "from_node", "to_node", "mode", "length_km", "speed_kmh", "capacity_veh_h", "mlc_wheeled"],
)
baltic = mb.Network.from_frames(nodes=nodes, links=links)
baltic

# %% [markdown]
# ## The same questions

# %%
mb.routes(baltic, "Klaipėda", "Tallinn", vehicle="wheeled-ifv", k=2, distinct=0.8)

# %%
flow = mb.throughput(baltic, "Klaipėda", "Tallinn", vehicle="wheeled-ifv", share=0.5)
flow.plot(dpi=85)

# %% [markdown]
# ## Faults are told all at once
#
# A road to nowhere, a negative length and a mode that does not exist: one message names table, row, column and value,
# and what would do.

# %%
broken = links.copy()
broken.loc[2, "to_node"] = "PNV"
broken.loc[4, "length_km"] = -154
broken.loc[7, "mode"] = "raod"
try:
    mb.Network.from_frames(nodes=nodes, links=broken)
except mb.InputError as error:
    for finding in error.findings:
        print(finding)

# %% [markdown]
# `mb.check` looks further, at what can be read but is not plausible:

# %%
mb.check(baltic).to_frame()[["level", "row", "column", "message"]]

# %% [markdown]
# ## A change is a new network
#
# Nothing is changed in place. Strengthen the bridges between Panevėžys and Riga and ask again, with a heavier
# vehicle:

# %%
better = baltic.with_changes({"r5": {"mlc_wheeled": 120}})
for name, network in {"as it is": baltic, "stronger": better}.items():
    answer = mb.explain(network, "Vilnius", "Riga", vehicle="truck-20t")
    print(f"{name}: {answer.reason}; heaviest class {answer.heaviest['mlc_wheeled']['value']:g}")

# %% [markdown]
# `baltic.save("my-network")` writes the folder of CSV tables that every command takes: `mobility routes --network
# my-network --from Klaipėda --to Tallinn`. `baltic.to_geopackage("my.gpkg")` is for a GIS, and `mobility import-osm`
# makes such a folder from OpenStreetMap.
#
# ## For you to try
#
# Add the railway from Klaipėda to Riga as a link with `mode="rail"` and a table `terminals` that says where one can
# change. When does the column take the train?
