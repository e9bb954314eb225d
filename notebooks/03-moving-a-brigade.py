# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # 3 · When has the brigade closed?
#
# A route says when the first vehicle arrives. A commander asks for the last one. *Closure* is the hour at which the
# last vehicle of a force has arrived, when all ways are used together and share their capacity.

# %%
import mobility as mb

net = mb.load()
force = mb.force("heavy-brigade")
force.to_frame(net)[["unit", "vehicle", "count", "wagons", "trains", "march_units"]]

# %% [markdown]
# The counts come from public force profiles and are no order of battle of any army.
#
# ## The heavy core
#
# Tanks go by rail or not at all: on its transporter a tank is heavier than the estimated class of the bridges. So the
# core of the brigade, its tanks and tracked vehicles, decides. Half of the roads, 30 % of the railways and half of
# the terminals are for the military.

# %%
share = {"road": 0.5, "rail": 0.3, "sea": 0.5, "terminal": 0.5}
core = mb.force("armoured-battalion")
ask = dict(origin=["Durrës", "Bar", "Ploče"], destination=["Constanța", "Burgas"], force=core, share=share)
close = mb.closure(net, **ask)
close

# %%
close.plot(dpi=85)

# %% [markdown]
# "The quickest there is" is meant: a bound below it says that no plan in this model is earlier.
#
# ## In whole trains and march units
#
# The plan is a fluid one; trains and columns are not. The movement table cuts it into whole units, with loading,
# halts and the times at each place.

# %%
table = mb.movement_table(close)
table

# %%
table.plot("arrivals", dpi=85)

# %% [markdown]
# ## Paper before wheels
#
# Nothing moves before the states on the way have agreed. Lead times of single states are not published; those of the
# status quo are judged, with the 45 days that the European Court of Auditors reports as the longest.

# %%
convoy = dict(origin="Durrës", destination="Burgas", force="fuel-convoy", modes="road")
for regime in ("status-quo", "eda", "package-2025", "emergency", "none"):
    answer = mb.closure(net, **convoy, permission=regime)
    print(f"{regime:13} {answer.closure_h:6.1f} h, of which {answer.lead_h:.0f} h wait for permission")

# %% [markdown]
# ## What sets it back most
#
# Every link out in turn, and closure asked again.

# %%
mb.setback(net, **convoy)

# %% [markdown]
# ## For you to try
#
# Ask for the medium brigade by road (`force="medium-brigade", modes="road"`). Which bottleneck binds then, and what
# is one more vehicle an hour there worth? What do halts cost (`rest="march"`, `rest="crew"`)?
