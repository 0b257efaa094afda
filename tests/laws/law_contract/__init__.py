"""What every law owes to its declaration, for each law of the catalogue and for some that a user might write.

A new law is tested by its line in ``CATALOGUE``: its design and its anchors follow from the quantities of its
arguments, and claims about a capability (an optimum, pooled coordinates, a textbook form) are made of the laws that
have it. Only a law with anchors and without textbook form must say, in
``moves.py``, how its parameters move with the anchors.
"""
