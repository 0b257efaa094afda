"""The likelihood of long training curves through the law's values at a few nodes of each, see :mod:`compress`."""
