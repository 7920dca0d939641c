// npm oidc-provider over TLS on loopback, with a login page that lets in whom LOGIN names. Prints its port.
import https from 'node:https';
import fs from 'node:fs';
import Provider from 'oidc-provider';

const task = JSON.parse(process.env.TASK);
const pem = fs.readFileSync(task.pem);
let handler = (req, res) => res.end();
const server = https.createServer({ key: pem, cert: pem }, (req, res) => handler(req, res));

server.listen(0, '127.0.0.1', () => {
  const issuer = `https://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: task.client_id, client_secret: task.client_secret, redirect_uris: [task.redirect_uri],
      token_endpoint_auth_method: task.auth_method,
    }],
    claims: { openid: ['sub'], profile: ['name'], groups: ['groups'] },
    conformIdTokenClaims: task.userinfo,
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (ctx, interaction) => `/login/${interaction.uid}` },
    cookies: { keys: ['one'] },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `The ${id}`, groups: id.split('.').slice(1) }),
    }),
  });
  const callback = provider.callback();
  handler = async (req, res) => {
    if (!req.url.startsWith('/login/')) return callback(req, res);
    const login = new URL(req.url, issuer).searchParams.get('as') || req.headers['x-login-as'];
    const details = await provider.interactionDetails(req, res);
    const grant = new provider.Grant({ accountId: login, clientId: details.params.client_id });
    grant.addOIDCScope(details.params.scope);
    return provider.interactionFinished(req, res, {
      login: { accountId: login, amr: ['otp'] },
      consent: { grantId: await grant.save() },
    });
  };
  console.log(server.address().port);
});
