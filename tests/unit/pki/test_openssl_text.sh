#!/usr/bin/env bash
# The command line of OpenSSL reads every golden file and prints the fields that matter.
set -euo pipefail
golden=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
want() { grep -qF -- "$2" "$work/$1.txt" || { echo "$1: no \"$2\" in openssl's text"; cat "$work/$1.txt"; exit 1; }; }
for file in "$golden"/*.hex; do
    name=$(basename "$file" .hex)
    /usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' \
        <"$file" >"$work/$name.der"
    case $name in
    crl) openssl crl -inform DER -in "$work/$name.der" -noout -text >"$work/$name.txt" ;;
    ocsp) openssl ocsp -respin "$work/$name.der" -resp_text -noverify >"$work/$name.txt" 2>&1 ;;
    *) openssl x509 -inform DER -in "$work/$name.der" -noout -text >"$work/$name.txt" ;;
    esac
done
want server-tls 'DNS:www.example.org, IP Address:192.0.2.1'
want server-tls 'URI:http://pki.example.org/crl/iss_0123456789abcdefghjkmnpqrs/7.crl'
want server-tls 'OCSP - URI:http://pki.example.org/ocsp/iss_0123456789abcdefghjkmnpqrs'
want server-tls 'CA Issuers - URI:http://pki.example.org/issuer/iss_0123456789abcdefghjkmnpqrs.cer'
want server-tls 'TLS Web Server Authentication'
want server-tls-public 'Policy: 2.23.140.1.2.1'
want client-tls 'TLS Web Client Authentication'
want smime 'email:user@example.org'
want code-signing 'Code Signing'
want ocsp-signer 'OCSP No Check'
want sub-ca 'CA:TRUE, pathlen:0'
want root-ca 'CA:TRUE'
want crl 'X509v3 Issuing Distribution Point: critical'
want crl 'Key Compromise'
want ocsp 'Cert Status: revoked'
want ocsp 'Revocation Reason: superseded'
want ocsp 'OCSP Nonce'
