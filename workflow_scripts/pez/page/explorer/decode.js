// Data of the page: gzip in base64, and in it packed arrays and tables (see pack.py).

const MISSING = -32768;
const KEY = ["network", "control", "seed", "fit", "selection"]; // of predictions
const ARRAYS = { int16: Int16Array, uint32: Uint32Array, uint16: Uint16Array, uint8: Uint8Array };

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  return bytes;
}

/** Content of the script element `id`, decompressed. */
function inflate(id) {
  const bytes = bytesOf(document.getElementById(id).textContent.trim());
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream);
}

function unpackArray(packed) {
  return new ARRAYS[packed.type](bytesOf(packed.data).buffer);
}

/** Numbers with their shape; `at(index)` is NaN where there is none. */
function unpackNumbers(packed) {
  const integers = unpackArray(packed);
  const at = (index) =>
    integers[index] === MISSING ? NaN : packed.middle + packed.step * integers[index];
  return { shape: packed.shape, at };
}

/** Table of texts: `names[column]`, `codes[column][row]`, and `text(column, row)`. */
function unpackTable(packed) {
  const table = { rows: packed.rows, names: {}, codes: {} };
  for (const [column, { names, codes }] of Object.entries(packed.columns)) {
    table.names[column] = names;
    table.codes[column] = unpackArray(codes);
  }
  table.text = (column, row) => table.names[column][table.codes[column][row]];
  return table;
}

function unpackPredictions(packed) {
  return {
    ...packed,
    clips: unpackArray(packed.clips),
    truth: packed.truth.map(unpackNumbers),
    values: packed.values.map(unpackNumbers),
  };
}

/** All data of the explorer. */
async function openData() {
  const packed = await inflate("data").json();
  const scores = unpackNumbers(packed.scores);
  const spread = unpackNumbers(packed.spread);
  const states = scores.shape[1] || 0;
  const predictions = new Map();
  for (const one of packed.predictions) {
    predictions.set(KEY.map((name) => one[name]).join("\n"), one);
  }
  const estimands = {};
  for (const [name, columns] of Object.entries(packed.estimands)) {
    estimands[name] = {};
    for (const [column, values] of Object.entries(columns)) {
      estimands[name][column] = unpackNumbers(values).at;
    }
  }
  const table = unpackTable(packed.curves);
  return {
    facets: packed.facets,
    table,
    ...rowsByControl(table),
    states,
    score: (row, state) => scores.at(row * states + state),
    spread: (row, state) => spread.at(row * states + state),
    predictionsOf(row) {
      const key = KEY.map((name) => table.text(name, row)).join("\n");
      const found = predictions.get(key);
      return found && unpackPredictions(found);
    },
    estimands,
    clips: packed.clips,
    recipes: packed.recipes,
    metrics: packed.metrics,
  };
}
