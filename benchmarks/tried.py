"""A discrepancy for every family of a backtest that never saw the family's cluster."""

from __future__ import annotations

from collections.abc import Mapping

import bayescale as bs


def learnt_without(tried: bs.Backtest, clusters: Mapping[str, str]) -> dict[str, bs.Discrepancy]:
    """The discrepancy learnt from all other clusters, by family."""
    own = {
        cluster: bs.learn_discrepancy(tried, clusters=clusters, without=cluster) for cluster in set(clusters.values())
    }
    return {split.family: own[clusters[split.family]] for split in tried.splits}
