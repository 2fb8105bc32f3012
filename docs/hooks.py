"""What `make docs` adds to the pages of this folder: every configuration key, every artefact,
its columns, and the notebook.

MkDocs calls `on_files`. The pages are made of what the project itself goes by: the schema that
configurations are checked against, the declarations of tables, which tests compare with files that
were written, the description beside the artefacts, and the notebook as it was executed.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

CHECKOUT = Path(__file__).resolve().parents[1]
SCHEMA = CHECKOUT / "resources/config.schema.json"
TABLES = CHECKOUT / "resources/tables.yaml"
ARTIFACTS = CHECKOUT / "artifacts/README.md"
NOTEBOOK = CHECKOUT / "docs/notebook.ipynb"
_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "multipleOf": "a multiple of {}",
    "minItems": "at least {} of them",
}
Schema = Mapping[str, Any]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    notebook, pictures = notebook_page(NOTEBOOK)
    pages: dict[str, str | bytes] = {
        "reference/keys.md": keys_page(schema),
        "reference/artifacts.md": artifacts_page(ARTIFACTS.read_text(encoding="utf-8")),
        "reference/columns.md": columns_page(yaml.safe_load(TABLES.read_text(encoding="utf-8"))),
        "notebook.md": notebook,
        **pictures,
    }
    for path, content in pages.items():
        files.append(File.generated(config, path, content=content))
    return files


def keys_page(schema: Schema) -> str:
    """Every key that a configuration may have: type, default, what it says."""
    lines = [
        "# Configuration keys",
        "",
        "Every key that is taken, from `resources/config.schema.json`. `NAME` stands for a name of "
        "your own; a key without a default has to be given. `config.yaml` holds a value for each.",
    ]
    sections = {"": {"properties": _top(schema)}} | _blocks(schema)
    for path, block in sections.items():
        rows = list(_rows(block, schema["$defs"]))
        if not rows:
            continue
        lines += ["", f"## `{path}`" if path else "## Keys without a section", ""]
        if words := _sentence(block.get("description", "")):
            lines += [words, ""]
        lines += ["| key | values | default | says |", "|---|---|---|---|", *rows]
    return "\n".join([*lines, ""])


def artifacts_page(text: str) -> str:
    """The description of the artefacts, its links relative to the page."""
    return text.replace("](../docs/", "](../")


def columns_page(declared: Schema) -> str:
    """Columns of every table and tensors of every file, with their units."""
    lines = [
        "# Tables and their columns",
        "",
        "Paths are below `artifacts/`. Tables are Parquet or CSV; a column with a question mark is "
        "in some files only. A CSV file beside a picture holds what is drawn. Where tables at one "
        "path differ, a Parquet file names its `kind` or `picture` in its metadata; for a CSV "
        "file, the description in the PNG beside it does. All are declared in "
        "`resources/tables.yaml`, except cells that are kept for larger grids (`audit/cells`, "
        "`sweeps/cells`).",
    ]
    for path, tables in groupby(declared["tables"], key=lambda table: table["path"]):
        paths = [path] if isinstance(path, str) else path
        lines += ["", "## " + ", ".join(f"`{one}`" for one in paths)]
        for table in tables:
            which = [f"`{key}: {table[key]}`. " for key in ("kind", "picture") if key in table]
            lines += ["", f"{''.join(which)}One row per {table['row']}.", ""]
            if not table.get("header", True):
                lines += ["The file has no line of names.", ""]
            lines += ["| column | type | holds |", "|---|---|---|"]
            for name, own in table["columns"].items():
                type_, words = own or declared["columns"][name.rstrip("?")]
                lines.append(f"| `{name}` | {type_} | {_cell(words)} |")
    lines += [
        "",
        "## Tensors",
        "",
        "| file | tensor | type | shape | holds |",
        "|---|---|---|---|---|",
    ]
    for path, tensors in declared["tensors"].items():
        for name, (dtype, shape, words) in tensors.items():
            lines.append(f"| `{path}` | `{name}` | {dtype} | [{shape}] | {words} |")
    return "\n".join([*lines, ""])


def notebook_page(path: Path) -> tuple[str, dict[str, bytes]]:
    """The notebook with its outputs as Markdown, and its pictures by their name."""
    text, made = MarkdownExporter().from_filename(
        str(path), resources={"output_files_dir": "images", "unique_key": "notebook"}
    )
    return text, made["outputs"]


def _top(schema: Schema) -> dict[str, Schema]:
    """Keys of the configuration that hold a value and no section."""
    found = schema["properties"].items()
    return {key: one for key, one in found if not _inside(one, schema["$defs"])}


def _blocks(schema: Schema) -> dict[str, Schema]:
    """Sections in the order of the configuration, by path; those of a kind say which."""
    found: dict[str, Schema] = {}

    def visit(path: str, one: Schema) -> None:
        for suffix, block in _inside(one, schema["$defs"]).items():
            whole = f"{path}{suffix}"
            if whole in found:
                continue
            found[whole] = block
            for key, value in block.get("properties", {}).items():
                visit(f"{whole.split(' (')[0]}.{key}", value)

    for key, one in schema["properties"].items():
        visit(key, one)
    return found


def _inside(one: Schema, known: Mapping[str, Schema]) -> dict[str, Schema]:
    """Sections that a value may be, by what their path ends in: nothing, a name, or a kind."""
    if "$ref" in one:
        block = known[one["$ref"].rsplit("/", 1)[1]]
        return {"": block} if "properties" in block else _inside(block, known)
    if one.get("type") == "array":
        return _inside(one.get("items", {}), known)
    named = {**one.get("patternProperties", {})}
    if isinstance(one.get("additionalProperties"), Mapping):
        named["NAME"] = one["additionalProperties"]
    found: dict[str, Schema] = {}
    for value in named.values():
        found |= {f".NAME{suffix}": block for suffix, block in _inside(value, known).items()}
    for value in (*one.get("oneOf", ()), *one.get("anyOf", ()), *one.get("allOf", ())):
        for suffix, block in _inside(value, known).items():
            kinds = [
                f"{key}: {field['const']}"
                for key, field in block["properties"].items()
                if "const" in field
            ]
            found[f"{suffix} ({kinds[0]})" if kinds and " (" not in suffix else suffix] = block
    return found


def _rows(block: Schema, known: Mapping[str, Schema]) -> Iterator[str]:
    required = block.get("required", ())
    for key, one in block.get("properties", {}).items():
        default = "" if key in required else _value(one.get("default"), "default" in one)
        cells = (f"`{key}`", _values(one, known), default, _sentence(one.get("description", "")))
        yield "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _values(one: Schema, known: Mapping[str, Schema]) -> str:
    """What a key takes, in words."""
    if "$ref" in one:
        block = known[one["$ref"].rsplit("/", 1)[1]]
        return "section" if "properties" in block else _values(block, known)
    if "const" in one:
        return f"`{one['const']}`"
    if "enum" in one:
        return ", ".join(f"`{value}`" for value in one["enum"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in one:
            return " or ".join(dict.fromkeys(_values(part, known) for part in one[several]))
    bounds = [words.format(one[name]) for name, words in _BOUNDS.items() if name in one]
    word = one.get("type", "any value")
    if word == "array":
        items = one.get("items") or next(iter(one.get("prefixItems", ())), {})
        word = f"list of {_values(items, known)}" if items else "list"
    elif word == "object":
        word = "names with what belongs to each"
    return ", ".join([{"null": "`null`"}.get(word, word), *bounds])


def _value(value: Any, given: bool) -> str:
    if not given:
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= 60 else "see `config.yaml`"


def _sentence(text: str) -> str:
    """First paragraph of a description, as Markdown."""
    words = " ".join(text.split("\n\n")[0].split())
    return re.sub(r"``([^`]+)``", r"`\1`", words)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
