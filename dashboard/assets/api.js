/** The lake's API as this page uses it: whole results over all their pages, remembered by ETag. */

/** What went wrong, in a form that the page can show and act on. */
export class Problem extends Error {
  /**
   * @param {"key" | "refused" | "limited" | "unavailable" | "missing" | "network" | "broken"} kind
   * @param {string} detail
   * @param {number | null} [retryAfter] seconds
   */
  constructor(kind, detail, retryAfter = null) {
    super(detail);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

/** @typedef {{age: number} | null} Stale the answer is an old one: its age in seconds */
/**
 * @typedef {{rows: Record<string, any>[], snapshot: string, published: string, stale: Stale}}
 * Result
 */

const PATIENCE = 30_000;
const KINDS = {
  401: "key",
  403: "refused",
  404: "missing",
  429: "limited",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

/**
 * @param {{key: () => string | null, fetch?: typeof fetch, base?: string}} settings
 */
export function createApi({
  key,
  fetch: ask = (...words) => fetch(...words),
  base = document.baseURI,
}) {
  let memory = blank();

  /** One answer; a 304 gives the very object of before, so that nobody draws it anew. */
  async function get(path, etag = null) {
    const headers = { accept: "application/json" };
    const secret = key();
    if (secret) headers["x-api-key"] = secret;
    if (etag) headers["if-none-match"] = etag;
    let answer;
    try {
      answer = await ask(new URL(path, base), {
        headers,
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE),
      });
    } catch (error) {
      const slow = error?.name === "TimeoutError";
      throw new Problem(
        "network",
        slow ? "No answer came within 30 seconds." : "The lake does not answer.",
      );
    }
    if (answer.status === 304) return { same: true, headers: answer.headers, body: null };
    if (!answer.ok) throw await problemOf(answer);
    try {
      return { same: false, headers: answer.headers, body: await answer.json() };
    } catch {
      throw new Problem("broken", "The answer is cut off or not what this page expects.");
    }
  }

  /** Panels that ask for the same at the same time share one answer. */
  function remembered(path, whole) {
    const { known, underWay } = memory;
    const asked =
      underWay.get(path) ?? renewed(known, path, whole).finally(() => underWay.delete(path));
    underWay.set(path, asked);
    return asked;
  }

  async function renewed(known, path, whole) {
    const before = known.get(path);
    const first = await get(path, before?.etag);
    if (first.same && before) return withAge(before.body, first.headers);
    const body = await whole(first.body);
    body.stale = staleness(first.headers);
    const etag = first.headers.get("etag");
    if (etag) known.set(path, { etag, body });
    else known.delete(path);
    return body;
  }

  return {
    /** The state of the lake. */
    status: () => remembered("v1/status", async (body) => body),

    /**
     * All rows of a result, page by page, of one snapshot.
     * @param {string} name
     * @param {Record<string, string>} [query]
     * @returns {Promise<Result>}
     */
    rows(name, query = {}) {
      const path = (more) => {
        const words = new URLSearchParams({ ...query, ...more });
        return `v1/results/${encodeURIComponent(name)}/rows${words.size ? `?${words}` : ""}`;
      };
      return remembered(path({}), async (first) => {
        const rows = [...first.rows];
        for (let next = first.next; next;) {
          const page = (await get(path({ cursor: next }))).body;
          rows.push(...page.rows);
          next = page.next;
        }
        return { rows, snapshot: first.snapshot, published: first.published_at };
      });
    },

    /** Another key is another person: nothing that was or is being asked is for them. */
    forget() {
      memory = blank();
    },
  };
}

/** What one key was told, and what it is asking. */
const blank = () => ({
  /** @type {Map<string, {etag: string, body: any}>} */
  known: new Map(),
  /** @type {Map<string, Promise<any>>} */
  underWay: new Map(),
});

function withAge(body, headers) {
  body.stale = staleness(headers);
  return body;
}

/** An answer from before a dependency went down carries a warning and its age. */
function staleness(headers) {
  return headers.get("warning") ? { age: Number(headers.get("age")) || 0 } : null;
}

async function problemOf(answer) {
  const body = await answer.json().catch(() => ({}));
  const wait = Number(answer.headers.get("retry-after"));
  const detail =
    typeof body.detail === "string" && body.detail
      ? body.detail
      : `The lake answered ${answer.status}.`;
  return new Problem(KINDS[answer.status] ?? "broken", detail, wait > 0 ? wait : null);
}
