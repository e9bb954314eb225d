# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # 2 · How many ways are there, and what holds them back?
#
# Notebook 1 found the fastest way. A planner also wants to know how many ways there are that do not fail together,
# how much they carry in a day, and which links decide both.
#
# All capacities are estimates; of each, 30 % is taken for the military.

# %%
import mobility as mb

net = mb.load()
ask = dict(origin=["Durrës", "Bar", "Ploče"], destination=["Constanța", "Burgas"], vehicle="wheeled-ifv", share=0.3)

# %% [markdown]
# ## Ways that share nothing
#
# The most routes of which no two share a link, chosen for the least total time. If they share no link, then as many
# links must fail before the ports are cut off.

# %%
mb.redundancy(net, **ask)

# %% [markdown]
# They are not equally good: the first is at the other end in under a day, the last ones go by sea or change twice.
# Counting alone would flatter the network, so the hours stand beside the count.
#
# ## What all of them carry together
#
# A maximum flow from all origins to all destinations, and the minimum cut that proves it: the links that are full and
# that no way can avoid.

# %%
flow = mb.throughput(net, **ask)
flow.plot(dpi=85)

# %% [markdown]
# The waist lies in Bulgaria and the Banat, not at the Adriatic. Six roads make nine tenths of the cut.

# %%
cut = flow.to_frame().sort_values("vehicles_per_day", ascending=False)
cut[["vehicles_per_day", "used_share", "estimated"]].head(6).round(2)

# %% [markdown]
# ## Every link out in turn
#
# Delay and lost throughput are told apart: a link can cost hours and no capacity, or capacity and no hour.

# %%
loss = mb.contingency(net, **ask)
loss

# %%
loss.plot(dpi=85)

# %% [markdown]
# ## The worst three
#
# An opponent, or a bad week, does not take links at random. Which three together take most? The answer is proven: no
# other three take more.

# %%
worst = mb.worst_case(net, **ask, k=3)
worst

# %% [markdown]
# ## For you to try
#
# Take out groups of links with a common cause instead (`mb.contingency(net, **ask, of="groups")`): is a flood of one
# valley worse than the worst single link? And which one link would you protect (`mb.protection(net, **ask, protect=1,
# k=3)`)?
