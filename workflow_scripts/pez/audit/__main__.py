"""Print the JSON schema of the ledger (resources/ledger.schema.json)."""

import sys

from pez.audit.ledger import json_schema

if __name__ == "__main__":
    sys.stdout.write(json_schema())
