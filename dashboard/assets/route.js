/** Where the person is: the part of the address behind #, "#/delays?line=27". */

/**
 * @param {string} hash
 * @returns {{view: string, params: URLSearchParams}}
 */
export function readHash(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  return { view: path.split(/[/&]/)[0], params: new URLSearchParams(query) };
}

export function createRoute() {
  /** @type {Map<string, (() => void)[]>} */
  const listeners = new Map();
  let { view, params } = readHash(location.hash);
  const written = (more = {}) => {
    const next = new URLSearchParams(params);
    for (const [name, value] of Object.entries(more))
      value === null ? next.delete(name) : next.set(name, value);
    return `#/${view}${next.size ? `?${next}` : ""}`;
  };
  return {
    get view() {
      return view;
    },
    /** @param {string} name */
    get: (name) => params.get(name),
    /**
     * Changes a word of the address without a step in the history.
     * @param {string} name
     * @param {string | null} value
     */
    set(name, value) {
      const next = written({ [name]: value });
      params = readHash(next).params;
      history.replaceState(null, "", next);
    },
    /** The address with some words changed. @param {Record<string, string | null>} more */
    with: written,
    /** @param {string} name @param {() => void} listener */
    on: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
    /** @param {string} name */
    tell: (name) => listeners.get(name)?.forEach((listener) => listener()),
    /** @param {string} usual the view when none is named */
    read(usual) {
      ({ view, params } = readHash(location.hash));
      if (!view) view = usual;
      listeners.clear();
    },
  };
}
