"""Five foreign implementations as judges of certificates, and those of them that read CRLs and OCSP responses. Each judge is a
function (folder, leaf, chain, use) → (accepted, what it said); chain: intermediates first, root last; all PEM."""
import os
import re
import shutil
import subprocess

from harness import pki

HERE = os.path.dirname(os.path.abspath(__file__))
OPENSSL_PURPOSE = {'server': 'sslserver', 'client': 'sslclient', 'email': 'smimesign', 'code': 'any'}
NSS_USAGE = {'server': '1', 'client': '0', 'email': '4', 'code': '6'}
GNUTLS_PURPOSE = {'server': '1.3.6.1.5.5.7.3.1', 'client': '1.3.6.1.5.5.7.3.2', 'email': '1.3.6.1.5.5.7.3.4',
                  'code': '1.3.6.1.5.5.7.3.3'}


def run(*argv, stdin=b'', environment=None):
    done = subprocess.run([str(a) for a in argv], input=stdin, capture_output=True, timeout=60,
                          env={**os.environ, **(environment or {})})
    return done.returncode, (done.stdout + done.stderr).decode(errors='replace')


def openssl(folder, leaf, chain, use):
    done = pki.verify(folder, leaf, chain, '-purpose', OPENSSL_PURPOSE[use], check=False)
    return done.returncode == 0, (done.stdout + done.stderr).decode()


def gnutls(folder, leaf, chain, use):
    bundle, root = pki.files(folder, g_bundle=leaf + ''.join(chain[:-1]), g_root=chain[-1])
    code, out = run('certtool', '--verify', '--load-ca-certificate', root, '--infile', bundle, '--verify-purpose',
                    GNUTLS_PURPOSE[use])
    return code == 0 and 'Verified. The certificate is trusted.' in out, out


def nss_database(folder, chain):
    database = os.path.join(str(folder), 'nss')
    shutil.rmtree(database, ignore_errors=True)
    os.makedirs(database)
    run('certutil', '-N', '-d', 'sql:' + database, '--empty-password')
    for i, pem in enumerate(chain):
        trust = 'CT,C,C' if i == len(chain) - 1 else ',,'
        code, out = run('certutil', '-A', '-d', 'sql:' + database, '-n', f'ca{i}', '-t', trust, '-a', stdin=pem.encode())
        assert code == 0, out
    return database


def nss(folder, leaf, chain, use, options=()):
    database = nss_database(folder, chain)
    paths = pki.files(folder, **{f'n{i}': pki.der(pem) for i, pem in enumerate([leaf, *chain[:-1]])})
    code, out = run('vfychain', '-d', 'sql:' + database, '-pp', '-u', NSS_USAGE[use], *options, '-r', *paths)
    return code == 0 and 'Chain is good!' in out, out


def botan(folder, leaf, chain, use):
    paths = pki.files(folder, b_leaf=leaf, **{f'b{i}': pem for i, pem in enumerate(chain)})
    code, out = run('botan', 'cert_verify', *paths)
    return code == 0 and 'passes validation checks' in out, out


def java(folder, leaf, chain, use, revocation=()):
    """revocation: pairs (kind, DER) with kind crl or ocsp; given, each certificate below the root but CAs is checked."""
    paths = pki.files(folder, **{f'j{i}': pem for i, pem in enumerate([leaf, *chain])})
    extra = []
    for i, (kind, data) in enumerate(revocation):
        [path] = pki.files(folder, **{f'jr{i}': data})
        extra.append(f'{kind}:{path}')
    code, out = run('java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', os.path.join(HERE, 'Validate.java'), use, *extra,
                    *paths)
    return code == 0 and out.strip().endswith('valid'), out


JUDGES = {'openssl': openssl, 'gnutls': gnutls, 'nss': nss, 'botan': botan, 'java': java}
TOOLS = {'openssl': 'openssl', 'gnutls': 'certtool', 'nss': 'vfychain', 'botan': 'botan', 'java': 'java'}
# What Debian 12's builds cannot judge, by their own limits and not by fault of a certificate.
UNABLE = {('nss', 'ed25519'): 'NSS 3.87 has no Ed25519 signatures in certificates',
          ('nss', 'code'): 'NSS 3.87 takes a CA for code signing only when the CA itself carries that extKeyUsage'}


def missing(name):
    if not shutil.which(TOOLS[name]):
        return f'{TOOLS[name]} is not installed (tools/setup check)'
    if name == 'java' and not shutil.which('javac'):
        return 'Java has no compiler here (openjdk-17-jdk-headless)'
    return None


def gnutls_crl(folder, crl_der, issuer):
    pem = pki.openssl('crl', '-inform', 'DER', stdin=crl_der).stdout
    paths = pki.files(folder, gc_crl=pem, gc_issuer=issuer)
    code, out = run('certtool', '--verify-crl', '--infile', paths[0], '--load-ca-certificate', paths[1])
    return code == 0 and re.search(r'Verification output: Verified', out) is not None, out


def nss_crl(folder, crl_der, chain):
    """Imports the CRL into a database with its issuer; NSS checks the signature when it does."""
    database = nss_database(folder, chain)
    [path] = pki.files(folder, nc_crl=crl_der)
    return run('crlutil', '-I', '-i', path, '-t', '1', '-d', 'sql:' + database)


def gnutls_ocsp(folder, leaf, chain, response):
    paths = pki.files(folder, go_leaf=leaf, go_issuer=chain[0], go_response=response, go_root=''.join(chain))
    code, out = run('ocsptool', '--verify-response', '--load-response', paths[2], '--load-cert', paths[0], '--load-issuer',
                    paths[1], '--load-trust', paths[3])
    status = re.search(r'Certificate Status: (\w+)', run('ocsptool', '--response-info', '--load-response', paths[2])[1])
    return code == 0 and 'Success' in out, status.group(1) if status else None, out
