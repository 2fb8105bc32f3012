// Which curves the pickers choose. Nothing here touches the page. Grids have a hundred thousand
// curves: what is compared for all of them are the codes of names, not the names.

const ANY_MODEL = "any";
const OWN = "none"; // the control of the model itself

/** Test of a row: whether it has the picked value of every facet but those in `free`. */
function matcher(data, picks, free = []) {
  const { names, codes } = data.table;
  const wanted = data.facets
    .filter((facet) => !free.includes(facet) && picks[facet] !== undefined)
    .map((facet) => ({
      column: codes[facet],
      code: names[facet].indexOf(picks[facet]),
      other: facet === "model" ? names[facet].indexOf(ANY_MODEL) : -1,
    }));
  return (row) =>
    wanted.every(({ column, code, other }) => column[row] === code || column[row] === other);
}

/** Rows of the models themselves, and rows of controls; found once. */
function rowsByControl(table) {
  const own = [];
  const others = [];
  for (let row = 0; row < table.rows; row++) {
    (table.text("control", row) === OWN ? own : others).push(row);
  }
  return { own, others };
}

/** Curves of the model itself, in the picked cell. */
function ownRows(data, picks) {
  return data.own.filter(matcher(data, picks));
}

/** Curves of the controls of these names, in the picked cell. */
function controlRows(data, picks, names) {
  const test = matcher(data, picks);
  return data.others.filter((row) => test(row) && names.includes(data.table.text("control", row)));
}

/** Picks of the measured curve that is nearest to `picks`: the facets `asked` for come first. */
function nearestPicks(data, picks, asked = []) {
  const { names, codes } = data.table;
  const parts = data.facets.map((facet) => ({
    column: codes[facet],
    code: names[facet].indexOf(picks[facet]),
    weight: (asked.includes(facet) ? 100 : 0) + (["model", "variable"].includes(facet) ? 3 : 1),
  }));
  let best = -1;
  let found = -1;
  for (const row of data.own) {
    let score = 0;
    for (const { column, code, weight } of parts) if (column[row] === code) score += weight;
    if (score > best) [best, found] = [score, row];
  }
  return picksOf(data, found);
}

function picksOf(data, row) {
  return Object.fromEntries(data.facets.map((facet) => [facet, data.table.text(facet, row)]));
}

/** Values of `facet` among the models' own curves; `measured`: with all other picks as they are. */
function optionsOf(data, picks, facet) {
  const test = matcher(data, picks, [facet]);
  const { names, codes } = data.table;
  const measured = new Map();
  for (const row of data.own) {
    const code = codes[facet][row];
    if (!measured.get(code)) measured.set(code, test(row));
  }
  return [...measured].map(([code, there]) => ({ value: names[facet][code], measured: there }));
}

/** Names of the controls that stand beside some curve of the picked model. */
function controlNames(data, model) {
  const test = matcher(data, { model });
  return [...new Set(data.others.filter(test).map((row) => data.table.text("control", row)))];
}

/** States at which `row` was measured. */
function statesOf(data, row) {
  const states = [];
  for (let state = 0; state < data.states; state++) {
    if (!Number.isNaN(data.score(row, state))) states.push(state);
  }
  return states;
}
