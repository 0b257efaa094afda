"""What draws are held against, by the engines and by the checks of a fit alike."""

# R-hat and the smallest effective sample sizes of vehtari2021rank.
R_HAT, ESS = 1.01, 400.0
# Pareto shape of importance weights (vehtari2024pareto), and their efficiency.
PARETO_K, EFFICIENCY = 0.7, 0.1
# Efficiency of importance weights below which chains are not tried while a more careful proposal is left. Chains of
# poorer proposals pass when they happen to miss the tails, where they would have stuck, so that to keep those that pass
# makes posteriors too narrow.
HOPEFUL = 0.3
# A parameter whose posterior is nearly as wide as its prior has learnt nothing; one this many prior sds away is a
# conflict (3.5 sds has a false-alarm rate of 5e-4 per parameter if the prior is right).
CONTRACTION, CONFLICT = 0.95, 3.5
# How far runs must leave the line along which inputs rise together, as an sd of logs: below it, other ways of sharing
# the loss between the inputs fit as well as rounding and noise allow.
OFF_LINE = 0.05
# The mass, by Laplace's method, of modes that no draw is in: intervals of 90 % are off by as much if it is real.
MISSED = 0.05
