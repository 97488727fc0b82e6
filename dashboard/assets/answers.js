/** Several answers as one. Pure. */

/**
 * Joins answers, and what was chosen among them, to one object; it is the same object for as long
 * as its parts are the same, so that nobody draws it anew. It is as old as its first old part.
 */
export function joined() {
  let last = null;
  /** @param {Record<string, any>} parts by name, the same names each time */
  return (parts) => {
    const isSame = last && Object.entries(parts).every(([name, part]) => last[name] === part);
    if (!isSame)
      last = {
        ...parts,
        get stale() {
          return Object.values(parts).find((part) => part?.stale)?.stale ?? null;
        },
      };
    return last;
  };
}
