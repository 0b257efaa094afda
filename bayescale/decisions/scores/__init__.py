"""Plans and comparisons of what a model can do: budgets and recipes asked for accuracy through a chain."""
