import java.io.*;
import java.math.BigInteger;
import java.nio.file.*;
import java.security.Security;
import java.security.cert.CRL;
import java.security.cert.CertPathValidator;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.*;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.*;

/**
 * Bouncy Castle as a judge. Each line of the input is one question, each line of the output one answer:
 *   path SECONDS LEAF ISSUING ROOT CRL…           "accepted" or "refused: why"; each certificate's status is checked by the
 *                                                 CRLs, at that time (seconds since 1970)
 *   ocsp SECONDS REQUEST RESPONSE LEAF ISSUING    "good", "revoked REASON", "unknown" or "refused: why"; the response must be of the
 *                                                 delegated responder of ISSUING, about what was asked, with the request's nonce
 */
public class Bouncy {
    static final JcaContentVerifierProviderBuilder VERIFIER = new JcaContentVerifierProviderBuilder().setProvider("BC");
    static CertificateFactory factory;

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        factory = CertificateFactory.getInstance("X.509", "BC");
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = questions.readLine()) != null;) {
            String[] words = line.split(" ");
            Date at = new Date(Long.parseLong(words[1]) * 1000);
            List<String> files = Arrays.asList(words).subList(2, words.length);
            String answer;
            try {
                answer = words[0].equals("path") ? path(at, files) : ocsp(at, files);
            } catch (Exception e) {
                answer = "refused: " + e.toString().replaceAll("\\s+", " ");
            }
            System.out.println(answer);
        }
    }

    static X509Certificate certificate(String file) throws Exception {
        try (InputStream in = new FileInputStream(file)) {
            return (X509Certificate) factory.generateCertificate(in);
        }
    }

    static String path(Date at, List<String> files) throws Exception {
        List<X509Certificate> path = List.of(certificate(files.get(0)), certificate(files.get(1)));
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(certificate(files.get(2)), null)));
        List<CRL> crls = new ArrayList<>();
        for (String file : files.subList(3, files.size())) {
            try (InputStream in = new FileInputStream(file)) {
                crls.add(factory.generateCRL(in));
            }
        }
        parameters.setDate(at);
        parameters.setRevocationEnabled(true);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(crls), "BC"));
        CertPathValidator.getInstance("PKIX", "BC").validate(factory.generateCertPath(path), parameters);
        return "accepted";
    }

    static void must(boolean condition, String what) throws Exception {
        if (!condition) {
            throw new Exception(what);
        }
    }

    static String ocsp(Date at, List<String> files) throws Exception {
        OCSPReq request = new OCSPReq(Files.readAllBytes(Path.of(files.get(0))));
        OCSPResp answer = new OCSPResp(Files.readAllBytes(Path.of(files.get(1))));
        must(answer.getStatus() == OCSPResp.SUCCESSFUL, "status " + answer.getStatus());
        BasicOCSPResp response = (BasicOCSPResp) answer.getResponseObject();
        X509CertificateHolder issuer = new X509CertificateHolder(certificate(files.get(3)).getEncoded());
        checkResponder(response, issuer, at);
        checkNonce(request, response);
        CertificateID asked = request.getRequestList()[0].getCertID();
        must(asked.matchesIssuer(issuer, new JcaDigestCalculatorProviderBuilder().setProvider("BC").build()), "another issuer");
        BigInteger serial = files.get(2).startsWith("serial:") ? new BigInteger(files.get(2).substring(7))
            : certificate(files.get(2)).getSerialNumber();
        must(asked.getSerialNumber().equals(serial), "the request asks about another certificate");
        must(response.getResponses().length == 1, "more than one answer");
        SingleResp single = response.getResponses()[0];
        must(single.getCertID().equals(asked), "an answer about another certificate");
        must(!single.getThisUpdate().after(at) && single.getNextUpdate() != null && single.getNextUpdate().after(at),
            "not of this time");
        return word(single.getCertStatus());
    }

    /** RFC 6960 §4.2.2.2: issued by the issuer itself, for signing OCSP, valid, and the response is signed by its key. */
    static void checkResponder(BasicOCSPResp response, X509CertificateHolder issuer, Date at) throws Exception {
        must(response.getCerts().length == 1, "no responder certificate");
        X509CertificateHolder responder = response.getCerts()[0];
        must(response.isSignatureValid(VERIFIER.build(responder)), "the signature is not the responder's");
        must(responder.getIssuer().equals(issuer.getSubject()) && responder.isSignatureValid(VERIFIER.build(issuer)),
            "the responder is not of this issuer");
        must(responder.isValidOn(at), "the responder's certificate is not valid");
        ExtendedKeyUsage usage = ExtendedKeyUsage.fromExtensions(responder.getExtensions());
        must(usage != null && usage.hasKeyPurposeId(KeyPurposeId.id_kp_OCSPSigning), "not a responder");
        must(new RespID(responder.getSubjectPublicKeyInfo(), new JcaDigestCalculatorProviderBuilder().build()
            .get(RespID.HASH_SHA1)).equals(response.getResponderId()), "the responder ID is another's");
    }

    static void checkNonce(OCSPReq request, BasicOCSPResp response) throws Exception {
        Extension asked = request.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
        Extension got = response.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
        must(asked == null ? got == null : asked.equals(got), "another nonce");
    }

    static String word(CertificateStatus status) {
        if (status == CertificateStatus.GOOD) {
            return "good";
        }
        if (status instanceof RevokedStatus) {
            RevokedStatus revoked = (RevokedStatus) status;
            return "revoked " + (revoked.hasRevocationReason() ? revoked.getRevocationReason() : "-");
        }
        return "unknown";
    }
}
