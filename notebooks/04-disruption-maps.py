# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # 4 · What if it breaks?
#
# A disruption is a set of links that are gone: a valley under water, a port that is lost, a state that says no. The
# maps put before and after side by side, with one scale.

# %%
import mobility as mb

net = mb.load()

# %% [markdown]
# ## A valley: the Vardar
#
# Below Veles, Corridor X has its motorway and its railway on one valley floor. The railway was out for weeks in 2010
# and in 2016. Here the whole group of links with that common cause is lost.

# %%
vardar = mb.disruption(net, "Thessaloniki", "Belgrade", groups="vardar-valley", vehicle="wheeled-ifv", share=0.3)
vardar

# %%
mb.plot_disruption(net, vardar, dpi=75)

# %% [markdown]
# The fastest route loses half an hour, and of the throughput only a part of what the valley carried is gone: roads
# over Sofia and Bitola take the rest. What is cut is not always what is missed, and the map shows which it is.
#
# ## Events that happened, or could
#
# Scenarios are short text files; these are shipped. Each says what closes, for how long, and where that is known
# from.
#
# Kosovo\*: this designation is without prejudice to positions on status, and is in line with UNSCR 1244 and the ICJ
# opinion on the Kosovo declaration of independence.

# %%
from mobility.scenario import listing

listing()[["title", "from", "to"]]

# %%
withheld = mb.scenario("serbia-transit-withheld")
print(withheld.note)
mb.disruption(net, scenario=withheld)

# %% [markdown]
# ## Four of them on one page
#
# Each map shows the way before and the way after. Each scenario asks about the relation that it hurts, so the four
# are not alternatives to each other; the scale is the same.

# %%
names = ["vardar-valley-cut", "sava-flood-2014", "serbia-transit-withheld", "straits-closed"]
made = [mb.disruption(net, scenario=mb.scenario(name)) for name in names]
mb.plot_disruption(net, made, dpi=60)

# %%
import pandas as pd

pd.DataFrame(
    {
        "event": [d.name for d in made],
        "fastest before, h": [round(d.before.time_h, 1) for d in made],
        "after, h": [round(d.after.time_h, 1) for d in made],
        "lost throughput": [f"{d.lost_share:.0%}" for d in made],
    }
)

# %% [markdown]
# ## For you to try
#
# What does it cost to lose a place instead of links: `mb.disruption(net, "Durrës", "Sofia", nodes="Skopje",
# modes="road")`? Or write a scenario of your own, six lines of TOML, and run it with `mobility run FILE --out DIR`.
# `.explore("map.html")` on any answer writes a map to zoom into; it opens with no network.
