// Steps from $TASK, each answered by one element of a JSON array on the last line of stdout.
'use strict';
const http = require('http');
const acme = require('acme-client');

const task = JSON.parse(process.env.TASK);
const answers = new Map();

async function tell(action, body) {
    await fetch(`${task.management}/${action}`, { method: 'POST', body: JSON.stringify(body) });
}

async function issue(client, step) {
    // An RSA key: this library asks for keyEncipherment whatever the key, and profiles give that to RSA keys only.
    const [, csr] = await acme.crypto.createCsr({ altNames: [step.name] });
    return client.auto({
        csr,
        email: 'npm@example.org',
        termsOfServiceAgreed: true,
        skipChallengeVerification: true,
        challengePriority: [step.challenge],
        challengeCreateFn: async (authz, challenge, content) => {
            if (challenge.type === 'dns-01')
                await tell('set-txt', { host: `_acme-challenge.${authz.identifier.value}.`, value: content });
            else
                answers.set(challenge.token, step.spoil ? `${content}x` : content);
        },
        challengeRemoveFn: async () => {},
    });
}

async function main() {
    const server = http.createServer((request, response) => response.end(answers.get(request.url.split('/').pop()) || ''));
    await new Promise((resolve) => { server.listen(task.http_port, '127.0.0.1', resolve); });
    const client = new acme.Client({
        directoryUrl: task.directory,
        accountKey: await acme.crypto.createPrivateEcdsaKey(),
        externalAccountBinding: { kid: task.kid, hmacKey: task.hmac },
        backoffAttempts: 30, backoffMin: 100, backoffMax: 500,
    });
    const out = [];
    let last = null;
    for (const step of task.steps) {
        try {
            if (step.do === 'issue') {
                last = await issue(client, step);
                out.push({ certificate: last.toString() });
            } else {
                if (step.do === 'revoke')
                    await client.revokeCertificate(acme.crypto.splitPemChain(last)[0]);
                else
                    await client.updateAccountKey(await acme.crypto.createPrivateEcdsaKey());
                out.push({ ok: true });
            }
        } catch (error) {
            out.push({ error: error.message });
        }
    }
    server.close();
    console.log(JSON.stringify(out));
    process.exit(0);
}

main();
