"""Print the JSON schema of the configuration (resources/config.schema.json)."""

import sys

from pez.config.model import json_schema

if __name__ == "__main__":
    sys.stdout.write(json_schema())
