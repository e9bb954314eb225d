# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
# ---

# %% [markdown]
# # 1 · Which way to the Black Sea?
#
# Suppose a brigade lands in the Adriatic and is needed on the Black Sea. Seven notebooks follow it: which ways there
# are (this one), how many and what holds them back (2), when the brigade has closed (3), what a flood or a withheld
# permission does (4), what to build first (5), the questions that ministries ask (6), and how to ask all of this of a
# network of your own (7).
#
# Everything here comes from public data. **No figure is a bridge rating, a route clearance or a train path.** Most
# bridge classes, capacities and waits are estimates, and every answer says how much of it rests on them.

# %%
import mobility as mb

net = mb.load()  # the shipped corridors; nothing is fetched
net

# %% [markdown]
# ## The corridors
#
# Corridor Vc comes up from Ploče, VIII crosses from Durrës to Burgas, X runs from Thessaloniki to the Danube, and
# Rail Route 10 joins X to Kosovo\*. Hollow lines are not open: planned, under construction or closed.
#
# \* This designation is without prejudice to positions on status, and is in line with UNSCR 1244 and the ICJ opinion
# on the Kosovo declaration of independence.

# %%
net.plot(dpi=85)

# %% [markdown]
# ## Three ways that differ
#
# The exact three fastest routes would differ by a junction. `distinct=0.7` asks for routes that share at most 70 % of
# their length with every better one. The vehicle is a wheeled infantry fighting vehicle of about 38 t.

# %%
ask = dict(origin=["Durrës", "Bar", "Ploče"], destination=["Constanța", "Burgas"])
ways = mb.routes(net, **ask, vehicle="wheeled-ifv", k=3, distinct=0.7)
ways

# %%
ways.plot(dpi=85)

# %% [markdown]
# The fastest takes the road over Debar, open since 2021, then Skopje and the motorway from Sofia. All three need a
# permit: at 3 m the vehicle is wider than the 2.55 m of Directive 96/53/EC. A permit is paperwork, so it is flagged
# and does not block.
#
# ## A tank is another question
#
# A tank moves on a transporter by road or on a wagon by rail, and each form meets other limits.

# %%
tank = mb.routes(net, **ask, vehicle="het-with-main-battle-tank", modes="road", k=1)
tank

# %% [markdown]
# By road, no route is certain: the transporter with its tank is heavier than the *estimated* class of bridges on
# every way. The answer does not say "impossible". It names the best candidate and the bridges whose class has to be
# looked at first.
#
# By rail the corridor that was meant for it is not there yet:

# %%
mb.explain(net, "Durrës", "Burgas", vehicle="tank-on-6-axle-wagon", modes="rail")

# %% [markdown]
# ## What a number rests on
#
# Every value of every link can be asked for its source, its confidence and its range.

# %%
basis = net.attributes("RD058")
basis[basis["value"].notna()].head(12)

# %% [markdown]
# ## For you to try
#
# How much longer is the way if the column may pass only Albania, North Macedonia and Bulgaria
# (`countries="AL,MK,BG"`)? And if the Debar road is shut (`avoid="Debar"`)? Does the best candidate of the
# transporter change with `estimates="favourable"`?
