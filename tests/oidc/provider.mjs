// An OpenID Connect provider for tests: `node provider.mjs ACCOUNTS REDIRECTS` prints its issuer and serves until its
// standard input ends. REDIRECTS is a file with the one address that is registered to send browsers back to; ACCOUNTS is a file of JSON, read anew at each sign-in: { "login": { "email": "...", "amr": [...] } }.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [accounts, redirects] = process.argv.slice(2);
const account = (login) => JSON.parse(readFileSync(accounts, 'utf8'))[login];

const configuration = {
  clients: [{
    client_id: 'portaria',
    client_secret: 'a secret of the tests',
    redirect_uris: ['http://not.registered.test/yet'],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  acrValues: ['urn:test:mfa'],
  claims: {
    acr: null, amr: null, auth_time: null, iss: null, sid: null,
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'groups'],
  },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ['of the tests'] },
  ttl: { Session: 3600, Interaction: 600, Grant: 3600, IdToken: 300, AccessToken: 300, AuthorizationCode: 60 },
  async findAccount(_, login) {
    const known = account(login);
    if (!known) return undefined;
    const { amr, acr, ...claims } = known;
    return { accountId: login, async claims() { return { ...claims, sub: login }; } };
  },
};

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  provider.Client.prototype.redirectUriAllowed = (uri) => uri === readFileSync(redirects, 'utf8');
  // How the person proved who they are is the account's to say.
  const finished = provider.interactionFinished.bind(provider);
  provider.interactionFinished = (request, response, result, options) => {
    if (result.login) {
      const { amr, acr } = account(result.login.accountId) ?? {};
      Object.assign(result.login, { amr, acr });
    }
    return finished(request, response, result, options);
  };
  server.on('request', provider.callback());
  console.log(issuer);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit());
