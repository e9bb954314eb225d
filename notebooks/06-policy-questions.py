# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # 6 · Questions that ministries ask
#
# Each question of the policy debate comes down to a calculation. Each is one function here, and one page on the
# command line: `mobility policy all-nato --out page.html`. The figures are good for comparing cases, not for quoting
# alone: most capacities, waits and lead times are estimates.

# %%
import mobility as mb

net = mb.load()
ask = dict(vehicle="wheeled-ifv", share={"road": 0.5, "rail": 0.3, "sea": 0.5, "terminal": 0.5})

# %% [markdown]
# ## Does Corridor VIII replace Corridor X, or add to it?

# %%
viii = mb.policy(net, "corridor-viii", **ask)
viii

# %%
viii.plot(dpi=80)

# %% [markdown]
# ## What do Vc, X, VIII and Rail Route 10 contribute?
#
# What a corridor adds depends on what is there already. The Shapley value is the mean over all orders in which they
# could have come.

# %%
mb.policy(net, "corridors", **ask)

# %% [markdown]
# ## What does an all-NATO route cost?

# %%
nato = mb.policy(net, "all-nato", **ask)
nato

# %%
nato.plot(dpi=80)

# %% [markdown]
# ## What is joining PESCO Military Mobility worth, state by state?
#
# A convoy from Durrës to Burgas under the arrangement of the European Defence Agency, which no state of the Western
# Balkans has joined. States are asked in parallel, so the slowest on the way counts.

# %%
mb.policy(net, "joining", "Durrës", "Burgas", force="fuel-convoy", modes="road")

# %% [markdown]
# ## What do permission regimes bring?

# %%
mb.policy(net, "permissions", "Durrës", "Burgas", force="fuel-convoy", modes="road")

# %% [markdown]
# ## What would Porto Romano add?

# %%
mb.policy(net, "porto-romano", share=ask["share"])

# %% [markdown]
# ## What is a shared pool of wagons worth?
#
# How many heavy wagons there are is not public, so both figures are assumed: 10 of one's own, and 10 or 40 more from
# a pool.

# %%
tanks = mb.Force("tank battalion", (mb.force("armoured-battalion").elements[0],))
mb.policy(net, "solidarity-pool", "Bar", "Burgas", force=tanks, own=10, steps=[10, 40])

# %% [markdown]
# ## How predictable is movement?

# %%
mb.policy(net, "predictability", runs=500, **ask)

# %% [markdown]
# ## For you to try
#
# Ask the first question again for 2035 (`year=2035`) and for a tank on its wagon (`vehicle="tank-on-6-axle-wagon",
# modes="rail"`). Is Corridor VIII then a complement, a substitute, or still not there?
