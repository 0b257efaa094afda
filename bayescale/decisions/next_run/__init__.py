"""Which run to train next: candidates, goals, and what each candidate is worth."""
