"""The workflow's package: clips -> encoders -> features -> probes -> emergence -> figures.

Each room imports only from rooms before it; `runtime` lies beneath them all. From outside, a
finished run is opened with `open_results`, and a recipe taken from a configuration with
`load_recipe` (`pez.results`).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pez.results import Results, load_recipe, open_results

__all__ = ["Results", "load_recipe", "open_results"]


def __getattr__(name: str) -> Any:
    """Import what is public only when it is asked for: every job imports this package."""
    if name in __all__:
        from pez import results

        return getattr(results, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
