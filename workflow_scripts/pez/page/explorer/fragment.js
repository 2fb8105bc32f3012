// The state of the pickers in the fragment of the address, so that a link shows the same view.

const EVERYTHING = ["capture", "controls", "range", "curve", "state", "output", "estimand"];

/** State that the address asks for; null if it asks for none (a link to a part of the page). */
function readFragment(facets) {
  const text = window.location.hash.slice(1);
  if (!text.includes("=")) return null;
  const asked = new URLSearchParams(text);
  const picks = {};
  for (const facet of facets) if (asked.has(facet)) picks[facet] = asked.get(facet);
  const state = { picks };
  for (const name of EVERYTHING) if (asked.has(name)) state[name] = asked.get(name);
  if (state.controls !== undefined) state.controls = state.controls.split(",").filter(Boolean);
  if (state.state !== undefined) state.state = Number(state.state);
  return state;
}

function fragmentOf(state) {
  const asked = new URLSearchParams(state.picks);
  for (const name of EVERYTHING) {
    const value = state[name];
    if (value !== undefined && value !== null && value !== "") asked.set(name, String(value));
  }
  if (!state.controls.length) asked.set("controls", "");
  return `#${asked}`;
}

/** Writes the state into the address, without an entry in the history for every pick. */
function writeFragment(state) {
  const fragment = fragmentOf(state);
  if (fragment !== window.location.hash) window.history.replaceState(null, "", fragment);
}
