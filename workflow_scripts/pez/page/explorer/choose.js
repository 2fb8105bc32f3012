// Which curves the pickers choose. Nothing here touches the page.

const ANY_MODEL = "any";
const OWN = "none"; // the control of the model itself

/** Whether `row` has the picked value of every facet but those in `free`. */
function matches(data, picks, row, free = []) {
  return data.facets.every((facet) => {
    if (free.includes(facet) || picks[facet] === undefined) return true;
    const value = data.table.text(facet, row);
    return value === picks[facet] || (facet === "model" && value === ANY_MODEL);
  });
}

function rowsWhere(data, test) {
  const found = [];
  for (let row = 0; row < data.table.rows; row++) if (test(row)) found.push(row);
  return found;
}

/** Curves of the model itself, in the picked cell. */
function ownRows(data, picks) {
  return rowsWhere(
    data,
    (row) => data.table.text("control", row) === OWN && matches(data, picks, row),
  );
}

/** Curves of the controls of these names, in the picked cell. */
function controlRows(data, picks, names) {
  const shown = new Set(names);
  return rowsWhere(data, (row) => {
    const control = data.table.text("control", row);
    return control !== OWN && shown.has(control) && matches(data, picks, row);
  });
}

/** Picks of the measured curve that is nearest to `picks`; facet `fixed` keeps its value. */
function nearestPicks(data, picks, fixed) {
  const weight = (facet) => (["model", "variable"].includes(facet) ? 3 : 1);
  let best = -1;
  let found = -1;
  for (let row = 0; row < data.table.rows; row++) {
    if (data.table.text("control", row) !== OWN) continue;
    if (fixed && data.table.text(fixed, row) !== picks[fixed]) continue;
    let score = 0;
    for (const facet of data.facets) {
      if (data.table.text(facet, row) === picks[facet]) score += weight(facet);
    }
    if (score > best) [best, found] = [score, row];
  }
  return found < 0 ? null : picksOf(data, found);
}

function picksOf(data, row) {
  return Object.fromEntries(data.facets.map((facet) => [facet, data.table.text(facet, row)]));
}

/** Values of `facet` among the models' own curves; `measured`: with all other picks as they are. */
function optionsOf(data, picks, facet) {
  const options = new Map();
  for (let row = 0; row < data.table.rows; row++) {
    if (data.table.text("control", row) !== OWN) continue;
    const value = data.table.text(facet, row);
    const measured = options.get(value) || matches(data, picks, row, [facet]);
    options.set(value, measured);
  }
  return [...options].map(([value, measured]) => ({ value, measured }));
}

/** Names of the controls that stand beside some curve of the picked model. */
function controlNames(data, model) {
  const names = new Set();
  for (let row = 0; row < data.table.rows; row++) {
    const of = data.table.text("model", row);
    const control = data.table.text("control", row);
    if (control !== OWN && (of === model || of === ANY_MODEL)) names.add(control);
  }
  return [...names];
}

/** States at which `row` was measured. */
function statesOf(data, row) {
  const states = [];
  for (let state = 0; state < data.states; state++) {
    if (!Number.isNaN(data.score(row, state))) states.push(state);
  }
  return states;
}
