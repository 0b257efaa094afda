"""What draws are held against, by the engines and by the checks of a fit alike."""

# R-hat and the smallest effective sample sizes of vehtari2021rank.
R_HAT, ESS = 1.01, 400.0
# Pareto shape of importance weights (vehtari2024pareto), and their efficiency.
PARETO_K, EFFICIENCY = 0.7, 0.1
