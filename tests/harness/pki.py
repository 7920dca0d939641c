"""Keys, CSRs and judgements by openssl, outside the product."""
import os
import re
import subprocess
import tempfile

KEY_OPTIONS = {
    'p256': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    'p384': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    'p521': ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-521'],
    'rsa1024': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
    'rsa2048': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    'rsa3072': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'],
    'rsa4096': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:4096'],
    'ed25519': ['-algorithm', 'ED25519'],
}
_keys = {}


def openssl(*arguments, stdin=None, check=True):
    done = subprocess.run(['openssl', *map(str, arguments)], input=stdin, capture_output=True)
    if check:
        assert done.returncode == 0, f'openssl {arguments[0]}: {done.stderr.decode()[:800]}'
    return done


def key(kind='p256', fresh=False):
    """A private key in PEM. RSA keys are made once a run, since they are slow."""
    if fresh or kind not in _keys:
        made = openssl('genpkey', *KEY_OPTIONS[kind]).stdout.decode()
        if fresh:
            return made
        _keys[kind] = made
    return _keys[kind]


def csr(names=(), kind='p256', subject='/', extensions=(), private_key=None, form='PEM'):
    """A CSR as text (PEM) or bytes (DER). names: "DNS:a", "IP:1.2.3.4", "email:a@b", "URI:…" in openssl's notation."""
    private_key = private_key or key(kind, fresh=not kind.startswith('rsa'))
    with tempfile.TemporaryDirectory() as folder:
        key_path = os.path.join(folder, 'key.pem')
        with open(key_path, 'w') as f:
            f.write(private_key)
        lines = ['[req]', 'distinguished_name=dn', 'prompt=no', 'string_mask=utf8only', 'utf8=yes', '[dn]', '[ext]']
        if names:
            lines.append('subjectAltName=' + ','.join(names))
        lines += list(extensions)
        config = os.path.join(folder, 'req.cnf')
        with open(config, 'w') as f:
            f.write('\n'.join(lines) + '\n')
        arguments = ['req', '-new', '-key', key_path, '-config', config, '-subj', subject, '-outform', form, '-utf8']
        if names or extensions:
            arguments += ['-reqexts', 'ext']
        out = openssl(*arguments).stdout
    return out.decode() if form == 'PEM' else out


def files(folder, **contents):
    """Writes each content to folder/name and returns the paths in order."""
    paths = []
    for name, content in contents.items():
        path = os.path.join(str(folder), name.replace('_', '.'))
        with open(path, 'wb') as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        paths.append(path)
    return paths


def text(pem, form='PEM'):
    return openssl('x509', '-noout', '-text', '-inform', form, stdin=pem if isinstance(pem, bytes) else pem.encode()
                   ).stdout.decode()


def field(pem, option):
    """One field as openssl prints it: field(pem, '-serial') → '0A…'."""
    out = openssl('x509', '-noout', option, stdin=pem.encode()).stdout.decode().strip()
    return out.split('=', 1)[1].strip() if '=' in out else out


def split_pem(bundle):
    return re.findall(r'-----BEGIN [A-Z0-9 ]+-----.*?-----END [A-Z0-9 ]+-----\n?', bundle, re.S)


def der(pem):
    return openssl('x509', '-outform', 'DER', stdin=pem.encode()).stdout


def urls(pem):
    """(CRL distribution points, OCSP responders, CA issuers) of a certificate."""
    out = text(pem)
    crl = re.search(r'CRL Distribution Points:(.*?)\n\s+(?:X509v3|Authority|Signature)', out, re.S)
    return (re.findall(r'URI:(\S+)', crl.group(1)) if crl else [], re.findall(r'OCSP - URI:(\S+)', out),
            re.findall(r'CA Issuers - URI:(\S+)', out))


def verify(folder, leaf, chain, *arguments, check=True):
    """openssl verify of leaf against chain (intermediates and, last, the root)."""
    paths = files(folder, leaf_pem=leaf, root_pem=chain[-1], middle_pem=''.join(chain[:-1]))
    command = ['verify', '-x509_strict', '-CAfile', paths[1]]
    if len(chain) > 1:
        command += ['-untrusted', paths[2]]
    return openssl(*command, *arguments, paths[0], check=check)


def cross_sign(issuer_pem, name='Other Root', days=365, own_key_id=True):
    """(cross-certificate for the name and key of a CA, the other root that signed it): PEM."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    crossed = x509.load_pem_x509_certificate(issuer_pem.encode())
    private = ec.generate_private_key(ec.SECP256R1())
    root_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = datetime.datetime.utcnow() - datetime.timedelta(hours=1)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)

    def sign(subject, public, path_length, key_id=None):
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(root_name).public_key(public)
                .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start + datetime.timedelta(days))
                .add_extension(x509.BasicConstraints(True, path_length), True).add_extension(usage, True)
                .add_extension(key_id or x509.SubjectKeyIdentifier.from_public_key(public), False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(private.public_key()), False)
                .sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode())
    key_id = crossed.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value if own_key_id else None
    return sign(crossed.subject, crossed.public_key(), 0, key_id), sign(root_name, private.public_key(), None)
