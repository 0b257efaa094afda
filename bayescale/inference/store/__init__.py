"""Fits on disk."""

from bayescale.inference.store.fits import load, save

__all__ = ["load", "save"]
