# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # 5 · What to build first?
#
# The tables hold the projects that really exist: cost, year, funding, and what each changes on which link.
# Completed ones are done, packages are not paid twice, and a project without a public cost is never taken for free.

# %%
import mobility as mb

net = mb.load()
projects = net.table("upgrades").drop_duplicates("upgrade_id").set_index("upgrade_id")
projects[["name", "cost_meur", "year", "state"]].astype({"year": "Int64"}).head(8)

# %% [markdown]
# ## How far Corridor VIII is from the standard
#
# The share of kilometres that meet the TEN-T and dual-use values, what falls short, and what is not known.

# %%
standard = mb.compliance(net, corridor="VIII")
standard

# %% [markdown]
# ## The railway of Corridor VIII
#
# Today no train gets from Durrës to Burgas (notebook 1). How much money opens a way, and what does more of it buy?
# The budget is in million euro; each step of the frontier is proven to be the best for its money.

# %%
rail = mb.upgrade(net, "Durrës", "Burgas", budget=2000, objective="time", vehicle="tank-on-6-axle-wagon", modes="rail")
rail

# %%
rail.plot(dpi=85)

# %% [markdown]
# The first step leads north, by Shkodër and Belgrade; only the next ones close Corridor VIII itself. Two halves of
# one line are worth nothing alone, which is why no ranking of single projects finds this.

# %%
rail.plot("map", dpi=85)

# %% [markdown]
# ## All modes together
#
# For the throughput of wheeled vehicles the same money does little: the waist lies on roads in Bulgaria and the Banat
# (notebook 2), and few projects with a public cost touch them.

# %%
ask = dict(origin=["Durrës", "Bar", "Ploče"], destination=["Constanța", "Burgas"], vehicle="wheeled-ifv", share=0.3)
flow = mb.upgrade(net, **ask, budget=2000, objective="throughput")
flow.to_frame()

# %% [markdown]
# ## How sure is that?
#
# Every estimate has a range. Sampled within them, the throughput is an interval and not a number, and the unknowns
# that move it most are what to survey first.

# %%
sure = mb.uncertainty(net, **ask, measure="throughput", runs=300, items=False)
sure

# %% [markdown]
# ## For you to try
#
# Spread 300 million a year over 2027 to 2030 (`mobility upgrade --sequence 2027:300,2028:300,...`). Does a set that
# is robust against the flood of the Sava (`mb.robust`) differ from the best one for a dry year?
