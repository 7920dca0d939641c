"""Five foreign implementations as judges of certificates, and those of them and Bouncy Castle that read CRLs and OCSP responses.
Each judge is a function (folder, leaf, chain, use) → (accepted, what it said); chain: intermediates first, root last; all PEM."""
import atexit
import functools
import os
import re
import shutil
import subprocess
import tempfile
import time

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


@functools.lru_cache(maxsize=None)
def java_classes(source, *jars):
    """A folder with the compiled class, made once a run: compiling takes longer than judging."""
    folder = tempfile.mkdtemp(prefix='cx-java-')
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    code, out = run('javac', '-encoding', 'UTF-8', '-d', folder, '-cp', ':'.join(jars) or folder, os.path.join(HERE, source))
    assert code == 0, out
    return folder


def java_run(name, *arguments, jars=(), stdin=b''):
    """No proxy exists at port 9: the judge has what it is given and fetches nothing better over the network."""
    return run('java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dhttp.proxyHost=127.0.0.1', '-Dhttp.proxyPort=9',
               '-Dhttp.nonProxyHosts=', '-cp', ':'.join([java_classes(name + '.java', *jars), *jars]), name, *arguments,
               stdin=stdin)


def java(folder, leaf, chain, use, revocation=(), at=None):
    """revocation: pairs (kind, DER) with kind crl or ocsp; given, the leaf is checked. at: seconds since 1970, by default now."""
    paths = pki.files(folder, **{f'j{i}': pem for i, pem in enumerate([leaf, *chain])})
    extra = [f'at:{int(at)}'] if at else []
    for i, (kind, data) in enumerate(revocation):
        [path] = pki.files(folder, **{f'jr{i}': data})
        extra.append(f'{kind}:{path}')
    code, out = java_run('Validate', use, *extra, *paths)
    return code == 0 and out.strip().endswith('valid'), out


JUDGES = {'openssl': openssl, 'gnutls': gnutls, 'nss': nss, 'botan': botan, 'java': java}
TOOLS = {'openssl': 'openssl', 'gnutls': 'certtool', 'nss': 'vfychain', 'botan': 'botan', 'java': 'java'}
# What Debian 12's builds cannot judge, by their own limits and not by fault of a certificate.
UNABLE = {('nss', 'ed25519'): 'NSS 3.87 has no Ed25519 signatures in certificates',
          ('nss', 'code'): 'NSS 3.87 takes a CA for code signing only when the CA itself carries that extKeyUsage',
          ('nss', 'server-tls-public rsa'): 'NSS 3.87 wants keyEncipherment of an RSA server; BR 7.1.2.7.11 does without',
          ('gnutls', 'wrong shard'): 'GnuTLS 3.7 does not compare the issuing distribution point with the certificate',
          ('bouncy', 'expired'): 'Bouncy Castle 1.72 refuses to judge at a time after now, CRL or not'}


def missing(name):
    if not shutil.which(TOOLS[name]):
        return f'{TOOLS[name]} is not installed (tools/setup check)'
    if name == 'java' and not shutil.which('javac'):
        return 'Java has no compiler here (openjdk-17-jdk-headless)'
    return None


BOUNCY = tuple(f'/usr/share/java/bc{part}.jar' for part in ('prov', 'pkix', 'util'))


def bouncy_missing():
    if not all(os.path.exists(jar) for jar in BOUNCY):
        return 'Bouncy Castle is not installed (libbcprov-java, libbcpkix-java; tools/setup check)'
    return missing('java')


def bouncy(folder, *questions):
    """The answers to questions as Bouncy.java explains them; a word of a question that is bytes or PEM becomes a file."""
    lines = []
    for kind, *words in questions:
        for i, word in enumerate(words):
            if isinstance(word, bytes) or '\n' in word:
                [words[i]] = pki.files(folder, **{f'bc{len(lines)}x{i}': word})
        lines.append(' '.join([kind, str(int(time.time())), *words]))
    code, out = java_run('Bouncy', jars=BOUNCY, stdin='\n'.join(lines).encode())
    answers = out.splitlines()
    assert code == 0 and len(answers) == len(lines), out
    return answers


# Judges of a certificate with CRLs: (folder, leaf, chain, crl of the leaf, crl of the issuing CA, at) → (accepted, what it said).
# at: seconds since 1970 or None for now.

def crl_pem(data):
    return pki.openssl('crl', '-inform', 'DER', stdin=data).stdout.decode()


def openssl_with_crl(folder, leaf, chain, crl, ca_crl, at):
    [path] = pki.files(folder, oc_pem=crl_pem(crl) + crl_pem(ca_crl))
    options = ['-crl_check', '-CRLfile', path, *(['-attime', int(at)] if at else [])]
    # Not -crl_check_all: it wants a CRL in whose scope the trust anchor is, which RFC 5280 6.1 does not know.
    done = [pki.verify(folder, one, chain, *options, check=False) for one in (leaf, chain[0])]
    return all(d.returncode == 0 for d in done), ''.join((d.stdout + d.stderr).decode() for d in done)


def gnutls_with_crl(folder, leaf, chain, crl, ca_crl, at):
    bundle, root, path = pki.files(folder, g_bundle=leaf + ''.join(chain[:-1]), g_root=chain[-1], g_crls=crl_pem(crl) + crl_pem(ca_crl))
    clock = ['faketime', '-f', f'{int(at - time.time()):+d}s'] if at else []
    accepted, said = gnutls_crl(folder, crl, chain[0], clock)  # with a certificate it does not look at the CRL's dates
    code, out = run(*clock, 'certtool', '--verify', '--load-ca-certificate', root, '--infile', bundle, '--load-crl', path)
    return accepted and code == 0 and 'Verified. The certificate is trusted.' in out, said + out


def java_with_crl(folder, leaf, chain, crl, ca_crl, at):
    return java(folder, leaf, chain, 'server', [('crl', crl), ('crl', ca_crl)], at)


def bouncy_with_crl(folder, leaf, chain, crl, ca_crl, at):
    assert at is None
    [answer] = bouncy(folder, ('path', leaf, *chain, crl, ca_crl))
    return answer == 'accepted', answer


CRL_JUDGES = {'openssl': openssl_with_crl, 'gnutls': gnutls_with_crl, 'java': java_with_crl, 'bouncy': bouncy_with_crl}


def gnutls_crl(folder, crl_der, issuer, clock=()):
    pem = pki.openssl('crl', '-inform', 'DER', stdin=crl_der).stdout
    paths = pki.files(folder, gc_crl=pem, gc_issuer=issuer)
    code, out = run(*clock, 'certtool', '--verify-crl', '--infile', paths[0], '--load-ca-certificate', paths[1])
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
