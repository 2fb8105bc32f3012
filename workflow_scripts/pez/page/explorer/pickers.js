// The pickers and lists as elements of the page.

const FACET_WORDS = {
  evidence: "Evidence",
  model: "Model",
  dataset: "Data set",
  variable: "Variable",
  target: "Target",
  metric: "Score",
  part: "Part of the clips",
  pooling: "Pooling",
  grouping: "Folds hold together",
  normalisation: "Normalisation",
  solver: "Solver",
  selection: "Selection",
  clips: "Clips",
  fold_seed: "Draw of the folds",
};
// Shown even where there is but one value.
const ALWAYS = ["model", "variable", "target", "pooling", "grouping", "normalisation", "solver", "selection"];
const START = { variable: "direction", metric: "r2", part: "all" };

const byId = (id) => document.getElementById(id);

function option(value, text, chosen) {
  const found = document.createElement("option");
  found.value = value;
  found.textContent = text;
  found.selected = value === chosen;
  return found;
}

function fill(select, entries, chosen) {
  select.replaceChildren(...entries.map(([value, text]) => option(value, text, chosen)));
}

function makePickers(facets) {
  byId("facets").replaceChildren(
    ...facets.map((facet) => {
      const label = document.createElement("label");
      label.className = "picker";
      label.htmlFor = `pick-${facet}`;
      label.append(FACET_WORDS[facet] || facet);
      const select = document.createElement("select");
      select.id = `pick-${facet}`;
      select.dataset.facet = facet;
      label.append(select);
      return label;
    }),
  );
}
