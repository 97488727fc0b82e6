/** The key of the person who looks: for this tab only, and never left in the address. */

const SLOT = "albufera.key";

/** @returns {string | null} */
export const storedKey = () => sessionStorage.getItem(SLOT);
/** @param {string} key */
export const storeKey = (key) => sessionStorage.setItem(SLOT, key);
export const forgetKey = () => sessionStorage.removeItem(SLOT);

/**
 * Splits a key off the part of an address behind #: "#key=lake_x", "#/lake?key=lake_x" or
 * "#/lake&key=lake_x".
 * @param {string} hash
 * @returns {{key: string | null, rest: string}}
 */
export function splitKey(hash) {
  const found = /([#?&])key=([^&]*)(&|$)/.exec(hash);
  if (!found) return { key: null, rest: hash };
  const before = hash.slice(0, found.index);
  const after = hash.slice(found.index + found[0].length);
  const joined = after ? `${before}${found[1]}${after}` : before;
  return { key: decoded(found[2]) || null, rest: joined === "" || joined === "#" ? "#" : joined };
}

/** Takes a key out of the address bar into the session. Whether there was one. */
export function takeKeyFromAddress() {
  const { key, rest } = splitKey(location.hash);
  if (rest === location.hash) return false;
  // Replaced, not pushed: "back" must not bring the key to light again.
  history.replaceState(null, "", `${location.pathname}${location.search}${rest}`);
  if (key) storeKey(key);
  return key !== null;
}

function decoded(text) {
  try {
    return decodeURIComponent(text).trim();
  } catch {
    return text;
  }
}
