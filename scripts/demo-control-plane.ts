// What an administrator does: talks to the governance API over HTTP.
interface Named {
  readonly id: string;
  readonly name: string;
}

/** The governance API as an administrator of one organisation uses it. */
export interface Administrator {
  createPolicy(name: string, teams?: readonly string[]): Promise<string>;
  addRule(policy: string, rule: object): Promise<Named>;
}

/** Exchanges the secret for a token, as `POST /v2/auth/token` asks for. */
export async function signIn(base: string, org: string, identifier: string, secret: string): Promise<Administrator> {
  const { access_token: token } = (await post(`${base}/auth/token`, { identifier, secret })) as {
    access_token: string;
  };
  const policies = `${base}/orgs/${org}/governance/policies`;
  return {
    async createPolicy(name, teams) {
      const body = teams === undefined ? { name } : { name, scope: { teams } };
      return ((await post(policies, body, token)) as Named).id;
    },
    addRule: async (policy, rule) => (await post(`${policies}/${policy}/rules`, rule, token)) as Named,
  };
}

async function post(url: string, body: object, token?: string): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`POST ${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
