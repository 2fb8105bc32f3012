"""README's table of the claims about the embedded model, from the ledger of an audit.

snakemake audit --cores 2
python benchmarks/readme_claims.py [--artifacts artifacts] [--write README.md]
"""

import argparse
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "workflow_scripts"), str(CHECKOUT / "benchmarks")]

from protocol_tables import write_between_markers  # noqa: E402

from pez.audit.ledger import ClaimEntry, Interval, Ledger, Rates  # noqa: E402

MODEL = "vjepa2_nano"
MARKERS = ("<!-- claims: begin -->", "<!-- claims: end -->")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--write", type=Path, help="page to put the table into")
    options = parser.parse_args()
    text = (options.artifacts / "audit/ledger.json").read_text(encoding="utf-8")
    lines = claims_table(Ledger.model_validate_json(text))
    print("\n".join(lines))
    if options.write:
        write_between_markers(options.write, ["", *lines, ""], MARKERS)


def claims_table(ledger: Ledger) -> list[str]:
    """Rows of claims about the embedded model."""
    return [
        "| claim | value | 90 % interval | verdict | `yes` on planted networks where false, true |",
        "|---|---|---|---|---|",
        *map(_row, ledger.models[MODEL].claims),
    ]


def _row(claim: ClaimEntry) -> str:
    verdict = f"**{claim.verdict}**" if claim.verdict == "yes" else claim.verdict
    about = f"{claim.id} {claim.statement.rstrip('.')} ({claim.estimand})".replace("|", "\\|")
    cells = (
        about, _number(claim.value), _interval(claim.interval), verdict, _rates(claim.calibration),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _interval(interval: Interval | None) -> str:
    return (
        "-"
        if interval is None
        else " to ".join("open" if end is None else f"{end:.2f}" for end in interval)
    )


def _rates(rates: Rates | None) -> str:
    if rates is None:
        return "not run"
    shares = (rates.false_positive_rate, rates.detection_rate)
    return ", ".join("-" if share is None else f"{100 * share:.0f} %" for share in shares)


if __name__ == "__main__":
    main()
