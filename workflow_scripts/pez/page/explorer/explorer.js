// Wires pickers, charts and address together.

/** One view of the data: the state of the pickers, and what follows from it. */
class Explorer {
  constructor(data) {
    this.data = data;
    this.moved = "";
    const first = nearestPicks(data, { ...START, evidence: data.table.names.evidence[0] }, ["evidence"]);
    this.state = {
      picks: first,
      capture: "states",
      controls: ["untrained"],
      range: "",
      curve: undefined,
      state: undefined,
      output: undefined,
      estimand: Object.keys(data.estimands)[0],
    };
  }

  adopt(asked) {
    if (!asked) return;
    const { picks, ...others } = asked;
    this.state = { ...this.state, ...others };
    this.state.picks = nearestPicks(this.data, { ...this.state.picks, ...picks }, Object.keys(picks));
  }

  pick(facet, value) {
    const asked = { ...this.state.picks, [facet]: value };
    const found = nearestPicks(this.data, asked, [facet]);
    const others = this.data.facets.filter((one) => one !== facet && found[one] !== asked[one]);
    this.moved = others.length
      ? `Nothing was measured with all other choices as they were: ${others
          .map((one) => `${FACET_WORDS[one]} is now ${found[one]}`)
          .join(", ")}.`
      : "";
    this.state.picks = found;
    this.show();
  }

  /** Curves in view, and the point whose predictions are shown. */
  view() {
    const { picks, capture, controls, curve, state } = this.state;
    const own = ownRows(this.data, picks);
    const names = controlNames(this.data, picks.model);
    const beside = controlRows(this.data, picks, controls);
    const rows = [...own, ...beside];
    // the point stays at its state when the pickers choose another curve
    const row = curve && (rows.find((one) => this.curveKey(one) === curve) ?? own[0]);
    const there = row !== undefined && statesOf(this.data, row).includes(state);
    return { picks, capture, own, controls: beside, names, point: there ? { row, state } : null };
  }

  curveKey(row) {
    const names = ["network", "fit", "control", "seed"].map((name) => this.data.table.text(name, row));
    return names.filter((name) => name !== OWN).join("/");
  }

  choosePoint(row, state) {
    this.state.curve = this.curveKey(row);
    this.state.state = state;
    this.show();
  }

  show() {
    const view = this.view();
    if (view.point) this.state.curve = this.curveKey(view.point.row);
    this.showPickers(view);
    this.showChart(view);
    this.showSpecification(view);
    this.showPoint(view);
    writeFragment(this.state);
  }

  showPickers(view) {
    for (const facet of this.data.facets) {
      const select = byId(`pick-${facet}`);
      const options = optionsOf(this.data, view.picks, facet);
      select.closest("label").hidden = options.length < 2 && !ALWAYS.includes(facet);
      fill(
        select,
        options.map(({ value, measured }) => [value, measured ? value : `${value} (with other choices)`]),
        view.picks[facet],
      );
    }
    for (const input of byId("captures").querySelectorAll("input")) {
      input.checked = input.value === this.state.capture;
    }
    this.showControls(view);
    byId("whole-range").checked = this.state.range === "whole";
    byId("moved").textContent = this.moved;
  }

  showControls(view) {
    const holder = byId("controls");
    const wanted = view.names.join(",");
    if (holder.dataset.names !== wanted) {
      holder.dataset.names = wanted;
      holder.replaceChildren(
        ...view.names.map((name) => {
          const label = document.createElement("label");
          const input = document.createElement("input");
          input.type = "checkbox";
          input.value = name;
          label.append(input, ` ${name.replaceAll("_", " ")}`);
          return label;
        }),
      );
      byId("controls-field").hidden = !view.names.length;
    }
    for (const input of holder.querySelectorAll("input")) {
      input.checked = this.state.controls.includes(input.value);
    }
  }

  showChart(view) {
    const { picks } = view;
    byId("chart-title").textContent = `${picks.variable.replaceAll("_", " ")} of ${picks.model}, ${picks.dataset}`;
    drawCurves(byId("chart"), this.data, view, this.state.range === "whole");
    drawLegend(byId("legend"), this.data, view);
    const first = view.own[0];
    const states = statesOf(this.data, first);
    const best = states.reduce((one, two) =>
      this.data.score(first, two) > this.data.score(first, one) ? two : one,
    );
    byId("chart-words").textContent =
      `From ${shown(this.data.score(first, states[0]))} at state ${states[0]} to its peak of ` +
      `${shown(this.data.score(first, best))} at state ${best}, ${shown(this.data.score(first, states.at(-1)))} ` +
      `at the last, ${states.at(-1)}. Dotted: no information. Untrained networks are grey.` +
      missingWords(this.data, view, { whole: this.state.range === "whole", controls: this.state.controls });
    drawNumbers(byId("numbers-table"), this.data, view);
    this.showRecipe(first);
  }

  showRecipe(row) {
    const fields = this.data.recipes[this.data.table.text("recipe", row)] || this.state.picks;
    byId("recipe").replaceChildren(
      ...Object.entries(fields).flatMap(([name, value]) => {
        const [term, text] = [document.createElement("dt"), document.createElement("dd")];
        [term.textContent, text.textContent] = [name, value];
        return [term, text];
      }),
    );
  }

  showSpecification(view) {
    const names = Object.keys(this.data.estimands);
    const has = names.length > 0 && view.picks.evidence === AUDIT;
    byId("specification-card").hidden = !has;
    if (!has) return;
    if (!names.includes(this.state.estimand)) this.state.estimand = names[0];
    fill(byId("estimand"), names.map((name) => [name, name.replaceAll("_", " ")]), this.state.estimand);
    drawSpecification(byId("specification"), this.data, view.picks, this.state.estimand);
    byId("specification-words").textContent = specificationWords(this.data, view.picks, this.state.estimand);
    if (this.hearsCells) return;
    this.hearsCells = true; // a chart can be listened to once it is drawn
    byId("specification").on("plotly_click", ({ points: [point] }) => {
      const { rows } = point.data.meta || {};
      if (rows) this.set("picks", picksOf(this.data, rows[point.pointNumber]));
    });
  }

  showPoint(view) {
    const rows = [...view.own, ...view.controls];
    const key = view.point ? this.curveKey(view.point.row) : "";
    fill(byId("point-curve"), [["", "none"], ...rows.map((row) => [this.curveKey(row), curveName(this.data, row)])], key);
    const states = statesOf(this.data, view.point ? view.point.row : rows[0]);
    const chosen = view.point ? String(view.point.state) : "";
    fill(byId("point-state"), [["", "none"], ...states.map((state) => [String(state), String(state)])], chosen);
    const found = view.point && this.data.predictionsOf(view.point.row);
    const has = Boolean(found && found.states.includes(view.point.state));
    byId("point-body").hidden = !has;
    const names = has ? outputNames(found) : [];
    if (!names.includes(this.state.output)) this.state.output = names[0];
    byId("point-output").disabled = !has;
    fill(byId("point-output"), names.map((name) => [name, name]), this.state.output);
    byId("point-words").textContent = "";
    if (has) this.showPredictions(found, view.point);
    else if (view.point) {
      byId("point-words").textContent =
        "The predictions of this curve are not in the page, which is kept small.";
    }
  }

  showPredictions(found, point) {
    const facts = this.data.clips[found.dataset];
    const points = pointsOf(found, point.state, this.state.output);
    drawScatter(byId("scatter"), facts, points, this.state.output);
    drawColours(byId("colours"), facts);
    drawWorst(byId("worst"), facts, points, found.angle ? "°" : "");
    byId("point-words").textContent =
      `${curveName(this.data, point.row)}, state ${point.state}: ${scatterWords(found, points, this.state.output)}`;
  }

  listen() {
    byId("facets").addEventListener("change", (event) => this.pick(event.target.dataset.facet, event.target.value));
    byId("captures").addEventListener("change", (event) => this.set("capture", event.target.value));
    byId("controls").addEventListener("change", () => {
      const ticked = [...byId("controls").querySelectorAll("input:checked")];
      this.set("controls", ticked.map((input) => input.value));
    });
    byId("whole-range").addEventListener("change", (event) => this.set("range", event.target.checked ? "whole" : ""));
    byId("estimand").addEventListener("change", (event) => this.set("estimand", event.target.value));
    byId("point-output").addEventListener("change", (event) => this.set("output", event.target.value));
    for (const id of ["point-curve", "point-state"]) {
      byId(id).addEventListener("change", (event) => this.pointPicked(id, event.target.value));
    }
    for (const form of document.querySelectorAll("form")) {
      form.addEventListener("submit", (event) => event.preventDefault());
    }
    byId("chart").on("plotly_click", ({ points: [point] }) => {
      const { row } = point.data.meta;
      if (row !== undefined) this.choosePoint(row, point.customdata[2]);
    });
    byId("share").addEventListener("click", () => this.share());
    window.addEventListener("hashchange", () => {
      this.adopt(readFragment(this.data.facets));
      this.show();
    });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
  }

  set(name, value) {
    this.state[name] = value;
    this.moved = "";
    this.show();
  }

  pointPicked(id, value) {
    const view = this.view();
    const rows = [...view.own, ...view.controls];
    if (value === "") {
      [this.state.curve, this.state.state] = [undefined, undefined];
      return this.show();
    }
    const row = id === "point-curve" ? rows.find((one) => this.curveKey(one) === value) : view.point?.row ?? rows[0];
    const states = statesOf(this.data, row);
    const asked = id === "point-state" ? Number(value) : view.point?.state;
    return this.choosePoint(row, states.includes(asked) ? asked : states.at(-1));
  }

  async share() {
    try {
      await navigator.clipboard.writeText(window.location.href);
      byId("shared").textContent = "Copied.";
    } catch {
      byId("shared").textContent = "The address of this page is the link: it holds every choice.";
    }
  }
}

/** Loads the charting library and the data, and shows what the address asks for. */
async function start() {
  try {
    const [library, data] = await Promise.all([inflate("library").text(), openData()]);
    const script = document.createElement("script");
    script.textContent = library;
    document.head.append(script);
    if (!data.own.length) throw new Error("this page holds no curves");
    makePickers(data.facets);
    byId("explorer-body").hidden = false;
    byId("loading").hidden = true;
    const explorer = new Explorer(data);
    explorer.adopt(readFragment(data.facets));
    explorer.show();
    explorer.listen();
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    byId("loading").textContent = `The explorer could not start: ${error.message}.`;
  }
}
