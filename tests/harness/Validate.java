import java.io.FileInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.*;
import java.util.*;

/** Java's CertPathValidator over one chain: Validate USE [at:SECONDS] [crl:FILE | ocsp:FILE]… LEAF [INTERMEDIATE…] ROOT. */
public class Validate {
    static final Map<String, String> USES = Map.of("server", "1.3.6.1.5.5.7.3.1", "client", "1.3.6.1.5.5.7.3.2",
        "code", "1.3.6.1.5.5.7.3.3", "email", "1.3.6.1.5.5.7.3.4");

    public static void main(String[] args) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<X509Certificate> path = new ArrayList<>();
        List<CRL> crls = new ArrayList<>();
        byte[] ocsp = null;
        Date at = new Date();
        for (String arg : Arrays.asList(args).subList(1, args.length)) {
            if (arg.startsWith("crl:")) {
                crls.add(factory.generateCRL(new FileInputStream(arg.substring(4))));
            } else if (arg.startsWith("ocsp:")) {
                ocsp = Files.readAllBytes(Path.of(arg.substring(5)));
            } else if (arg.startsWith("at:")) {
                at = new Date(Long.parseLong(arg.substring(3)) * 1000);
            } else {
                path.add((X509Certificate) factory.generateCertificate(new FileInputStream(arg)));
            }
        }
        X509Certificate root = path.remove(path.size() - 1);
        X509Certificate leaf = path.get(0);
        List<String> uses = leaf.getExtendedKeyUsage();
        if (uses == null || !uses.contains(USES.get(args[0]))) {
            throw new CertificateException("extended key usage lacks " + args[0]);
        }
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(root, null)));
        parameters.setRevocationEnabled(false);
        parameters.setDate(at);
        if (ocsp != null || !crls.isEmpty()) {
            CertPathValidator validator = CertPathValidator.getInstance("PKIX");
            PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
            Set<PKIXRevocationChecker.Option> options = EnumSet.of(PKIXRevocationChecker.Option.ONLY_END_ENTITY,
                PKIXRevocationChecker.Option.NO_FALLBACK);
            if (ocsp != null) {
                checker.setOcspResponses(Map.of(leaf, ocsp));
            } else {
                options.add(PKIXRevocationChecker.Option.PREFER_CRLS);
                parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(crls)));
            }
            checker.setOptions(options);
            parameters.addCertPathChecker(checker);
        }
        CertPathValidator.getInstance("PKIX").validate(factory.generateCertPath(path), parameters);
        System.out.println("valid");
    }
}
