// The public API, used as any front end uses it.

/** Why something was not done: a code of the API, and what else is known of it. */
export class Problem extends Error {
  constructor({ code, field = null, mutation = null, retryAfter = null, request = null }) {
    super(code);
    Object.assign(this, { code, field, mutation, retryAfter, request });
  }
}

/** Asks a question: as nobody, or in the session whose headers these are. */
export async function ask(query, variables = {}, session = {}) {
  return (await answer(query, variables, session)).data;
}

/** Makes a change; what comes is the mutation's payload. A refusal is thrown as the problem that it is. */
export async function change(query, input, session = {}) {
  const [[mutation, payload]] = Object.entries((await answer(query, input ? { input } : {}, session)).data);
  const refused = payload.userErrors?.[0];
  if (refused) {
    const { code, field, retryAfter } = refused;
    throw new Problem({ code, field: field?.at(-1), mutation, retryAfter });
  }
  return payload;
}

async function answer(query, variables, session) {
  let response;
  let body;
  try {
    response = await fetch("/graphql", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json",
        ...session,
      },
      body: JSON.stringify({ query, variables }),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(40_000),
    });
    body = await response.json();
  } catch {
    throw new Problem({ code: response?.status === 503 ? "UNAVAILABLE" : "NO_ANSWER" });
  }
  const failed = body.errors?.[0];
  if (failed) {
    const request = response.headers.get("x-request-id");
    throw new Problem({ code: failed.extensions?.code ?? "INTERNAL", mutation: failed.path?.[0], request });
  }
  return body;
}
